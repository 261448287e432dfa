"""Schemathesis sends what the API's own document allows and forbids; every answer is one that the document names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Server, events, post

# Reproduced by the same number; another one searches elsewhere.
SEED = os.environ.get("QUIVER_SEED", "20130701")


def schemathesis(server: Server, *arguments: str, examples: int) -> subprocess.CompletedProcess:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.fail("schemathesis is missing: install tests/server/requirements.txt")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [str(program), "run", f"{server.url}/openapi.json", "--checks", checks, "--seed", SEED]
    command += ["--max-examples", str(examples), "--phases", "examples,coverage,fuzzing", "--workers", "2"]
    command += ["--no-color", "--continue-on-failure", "--request-timeout", "20", "--suppress-health-check", "all"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    # It keeps its examples where it runs.
    return subprocess.run(
        [*command, *arguments], cwd=server.folder, env=environment, capture_output=True, text=True, timeout=1_800
    )


def examples(long: bool) -> int:
    return 400 if long else 12


def test_every_answer_is_documented(tmp_path, long):
    with Server(tmp_path) as server:
        post(server, events(20))
        done = schemathesis(server, examples=examples(long))
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        assert "No issues found" in done.stdout, done.stdout[-8_000:]
        # It still works, and nothing inside has failed.
        assert post(server, events(5, prefix="after")).json()["accepted"] == 5
        assert server.get("/v1/status").json()["stage_errors"] == {}
        assert "panicked" not in server.log()


def test_refusals_for_want_of_a_key_are_documented(tmp_path, long):
    with Server(tmp_path, config={"auth": {"keys": "required"}}) as server:
        # The examples and the edges suffice: a request without a key is read no further.
        done = schemathesis(server, examples=2)
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        assert post(server, events(1)).status_code == 401
