"""Schemathesis sends what the API's own document allows and forbids; every answer is one that the document names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from harness import Server, events, post

# Reproduced by the same number; another one searches elsewhere.
SEED = os.environ.get("QUIVER_SEED", "20130701")


def schemathesis(server: Server, examples: int) -> subprocess.CompletedProcess:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.fail("schemathesis is missing: install tests/server/requirements.txt")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [str(program), "run", f"{server.url}/openapi.json", "--checks", checks, "--seed", SEED]
    command += ["--max-examples", str(examples), "--phases", "examples,coverage,fuzzing", "--workers", "2"]
    command += ["--no-color", "--continue-on-failure", "--request-timeout", "20", "--suppress-health-check", "all"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    # It keeps its examples where it runs.
    return subprocess.run(command, cwd=server.folder, env=environment, capture_output=True, text=True, timeout=1_800)


def test_every_answer_is_documented(tmp_path, long):
    with Server(tmp_path) as server:
        post(server, events(20))
        done = schemathesis(server, 400 if long else 12)
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        assert "❌" not in done.stdout, done.stdout[-8_000:]
        # It still works, and nothing inside has failed.
        assert post(server, events(5, prefix="after")).json()["accepted"] == 5
        assert server.get("/v1/status").json()["stage_errors"] == {}
        assert "panicked" not in server.log()


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_parameter_stands_where_the_document_says(tmp_path):
    with Server(tmp_path) as server:
        document = server.get("/openapi.json").json()
    for path, method, operation in operations(document):
        inside = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert inside == set(re.findall(r"{(\w+)}", path)), f"{method} {path}"


def test_what_needs_a_key_says_so_and_nothing_else_is_open(tmp_path):
    public = {"/healthz", "/readyz", "/v1/session"}
    with Server(tmp_path, config={"auth": {"keys": "required"}}) as server:
        document = server.get("/openapi.json").json()
        for path, method, operation in operations(document):
            answer = requests.request(method, server.url + path.replace("{model}", "flight-delay"), timeout=10)
            wanted = 200 if path in public else 401
            assert answer.status_code == wanted and str(wanted) in operation["responses"], f"{method} {path}"
            if wanted == 401:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert answer.headers["Content-Type"] == "application/problem+json"
