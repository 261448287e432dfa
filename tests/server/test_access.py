"""Who may do what: keys and scopes on every route, hosts, the heads of answers, TLS, and secrets that stay secret."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import time
from datetime import datetime

import grpc
import httpx
import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from harness import SPEC, Server, binary, events, post, until

SCOPES = ["ingest", "read", "operate", "admin"]

# What each route of the API needs. A route that is not here fails the test: whoever adds one says who may use it.
NEEDED: dict[tuple[str, str], str | None] = {
    ("get", "/healthz"): None,
    ("get", "/readyz"): None,
    ("get", "/metrics"): "read",
    ("get", "/v1/models"): "read",
    ("get", "/v1/models/{model}"): "read",
    ("get", "/v1/models/{model}/evaluation"): "read",
    ("get", "/v1/models/{model}/spec"): "read",
    ("put", "/v1/models/{model}/spec"): "operate",
    ("get", "/v1/session"): None,
    ("get", "/v1/keys"): "admin",
    ("get", "/v1/overview"): "read",
    ("get", "/v1/models/{model}/windows"): "read",
    ("get", "/v1/models/{model}/diagnosis"): "read",
    ("get", "/v1/models/{model}/findings"): "read",
    ("get", "/v1/models/{model}/series"): "read",
    ("get", "/v1/models/{model}/features"): "read",
    ("get", "/v1/models/{model}/features/{feature}"): "read",
    ("get", "/v1/models/{model}/features/{feature}/slices"): "read",
    ("get", "/v1/models/{model}/slices"): "read",
    ("get", "/v1/models/{model}/inference"): "read",
    ("get", "/v1/models/{model}/decision"): "read",
    ("get", "/v1/models/{model}/performance"): "read",
    ("get", "/v1/models/{model}/compare"): "read",
    ("get", "/v1/models/{model}/events"): "read",
    ("get", "/v1/models/{model}/events/{id}"): "read",
    ("get", "/v1/models/{model}/specs"): "read",
    ("get", "/v1/models/{model}/specs/{number}"): "read",
    ("get", "/v1/status"): "read",
    ("post", "/v1/events"): "ingest",
    ("post", "/v1/cloudevents"): "ingest",
    ("post", "/v1/flow/run"): "operate",
}

# Pages and paths that the document does not list.
BESIDE: dict[tuple[str, str], str | None] = {
    ("get", "/openapi.json"): None,
    ("get", "/docs"): None,
    ("get", "/docs/style.css"): None,
    # The pages ask for the key themselves: they hold nothing but what the API gives them.
    ("get", "/"): None,
    ("get", "/models/flight-delay/events"): None,
    ("get", "/status"): None,
    ("get", "/settings"): "read",
    ("get", "/v1/nothing-here"): "read",
    ("post", "/v1/nothing-here"): "operate",
    ("delete", "/v1/models/{model}"): "operate",
    ("head", "/v1/status"): "read",
    # Other spellings of a path must not get around its key.
    ("get", "//v1/status"): "read",
    ("get", "/v1/status/"): "read",
    ("get", "/v1/%73tatus"): "read",
    ("get", "/healthz/../v1/status"): "read",
}

GRANTS = {"ingest": {"ingest"}, "read": {"read"}, "operate": {"operate", "read"}, "admin": set(SCOPES)}

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}


def quiver(*args, **options) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), *map(str, args)], capture_output=True, text=True, timeout=60, **options)


def create(data_folder, *scopes: str, expires: str | None = None) -> str:
    more = [part for scope in scopes for part in ("--scope", scope)] + (["--expires", expires] if expires else [])
    ended = quiver("key", "create", "--name", "test", *more, "--data-folder", data_folder)
    assert ended.returncode == 0, ended.stderr
    key = ended.stdout.strip()
    assert re.fullmatch(r"qvr_[0-9a-f]{8}_[0-9a-f]{64}_[0-9a-f]{8}", key), ended
    return key


def bearer(key: str) -> dict:
    return {"Authorization": f"Bearer {key}"}


class Guarded:
    """A server that always wants a key, with a key of each scope made while it runs."""

    def __init__(self, folder):
        self.server = Server(folder, config={"auth": {"keys": "required"}, "log": {"level": "trace"}})
        self.data = self.server.data_folder
        self.keys = {scope: create(self.data, scope) for scope in SCOPES}
        self.made = list(self.keys.values())

    def create(self, *scopes, **more) -> str:
        self.made.append(create(self.data, *scopes, **more))
        return self.made[-1]

    def status(self, key: str | None, path: str = "/v1/status") -> int:
        return requests.get(self.server.url + path, headers=bearer(key) if key else {}, timeout=30).status_code


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    guarded = Guarded(tmp_path_factory.mktemp("access"))
    yield guarded
    guarded.server.kill()


def ask(url: str, method: str, path: str, headers: dict) -> requests.Response:
    """Sends a path as it is written: libraries would tidy it."""
    request = requests.Request(method.upper(), url + "/", headers=headers).prepare()
    request.url = url + path.replace("{model}", "flight-delay")
    bodies = {"/v1/events": ("application/x-ndjson", events(1, seed=time.time_ns())), "/v1/models/{model}/spec": ("application/yaml", SPEC)}
    if method in ("post", "put"):
        content_type, body = bodies.get(path, ("application/json", "{}"))
        body = "".join(json.dumps(event) + "\n" for event in body) if isinstance(body, list) else body
        request.headers["Content-Type"] = content_type
        request.body = body.encode()
        request.headers["Content-Length"] = str(len(request.body))
    with requests.Session() as session:
        return session.send(request, timeout=60, allow_redirects=False)


def test_a_key_shows_when_it_was_used_last(guarded):
    admin = bearer(guarded.keys["admin"])

    def last_used() -> dict:
        keys = requests.get(f"{guarded.server.url}/v1/keys", headers=admin, timeout=30).json()["keys"]
        return {key["id"]: key["last_used_at"] for key in keys}

    key = guarded.create("read")
    name = key.split("_")[1]
    assert last_used()[name] is None
    before = time.time()
    assert guarded.status(key) == 200
    noted = until(lambda: last_used()[name], 10)
    assert before - 1 <= datetime.fromisoformat(noted).timestamp() <= time.time() + 1
    # The next minute's uses are not written each.
    assert guarded.status(key) == 200 and last_used()[name] == noted


def test_every_route_wants_the_scope_of_its_kind(guarded):
    document = requests.get(guarded.server.url + "/openapi.json", timeout=30).json()
    listed = {(method, path) for path, methods in document["paths"].items() for method in methods if method in ("get", "put", "post", "delete", "patch", "head", "options")}
    assert listed == set(NEEDED), f"not in this table: {listed - set(NEEDED)}; not in the document: {set(NEEDED) - listed}"
    wrong, asked = [], 0
    for (method, path), needed in (NEEDED | BESIDE).items():
        for scope in (None, *SCOPES):
            answer = ask(guarded.server.url, method, path, bearer(guarded.keys[scope]) if scope else {})
            granted = needed is None or (scope is not None and needed in GRANTS[scope])
            refused = answer.status_code in (401, 403)
            asked += 1
            if granted == refused or (refused and answer.status_code != (403 if scope else 401)):
                wrong.append(f"{method} {path} with {scope}: {answer.status_code}, wants {needed}")
            if answer.status_code == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            if refused and method != "head":
                assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["status"] == answer.status_code
            if granted and (method, path) in NEEDED:
                assert answer.status_code < 500, (method, path, answer.text)
    assert not wrong, "\n".join(wrong)
    assert asked >= 5 * len(NEEDED)


def test_otlp_wants_a_key_for_ingestion(guarded):
    for scope in (None, *SCOPES):
        headers = bearer(guarded.keys[scope]) if scope else {}
        expected = 200 if scope in ("ingest", "admin") else 403 if scope else 401
        for path in ("/v1/traces", "/v1/logs"):
            assert requests.post(guarded.server.otlp_http + path, json={}, headers=headers, timeout=30).status_code == expected, (scope, path)
        with grpc.insecure_channel(guarded.server.otlp_grpc) as channel:
            metadata = (("authorization", f"Bearer {guarded.keys[scope]}"),) if scope else ()
            try:
                TraceServiceStub(channel).Export(ExportTraceServiceRequest(), metadata=metadata, timeout=30)
                code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                code = error.code()
        assert code.name == {200: "OK", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}[expected], scope
    assert requests.get(guarded.server.otlp_http + "/healthz", timeout=30).status_code == 200


def test_a_key_that_is_not_whole_or_not_known_is_none(guarded):
    key = guarded.keys["read"]
    _, name, secret, _ = key.split("_")
    typo = key[:20] + ("0" if key[20] != "0" else "1") + key[21:]
    # Somebody who knows the id and the form still needs the secret.
    forged = f"qvr_{name}_{'0' * 64}"
    forged += "_" + hashlib.sha256(forged.encode()).hexdigest()[:8]
    unknown = f"qvr_00000000_{secret}"
    unknown += "_" + hashlib.sha256(unknown.encode()).hexdigest()[:8]
    for wrong in (typo, forged, unknown, key[:-1], key + "0", key.upper(), name, secret, "qvr_", "", key + "\t" + key):
        assert guarded.status(wrong or None) == 401, wrong
    assert guarded.status(key) == 200
    url = guarded.server.url + "/v1/status"
    assert requests.get(url, params={"key": key, "access_token": key}, timeout=30).status_code == 401
    assert requests.get(url, auth=("x", key), timeout=30).status_code == 401
    assert requests.get(url, cookies={"Authorization": key}, timeout=30).status_code == 401
    # Two keys in one request: it must not matter which one a proxy looked at.
    answer = requests.get(guarded.server.url + "/v1/status", headers={"Authorization": f"Bearer {typo}, Bearer {key}"}, timeout=30)
    assert answer.status_code == 401


def test_a_revoked_key_ends_within_three_seconds_and_others_go_on(guarded):
    key, other = guarded.create("read"), guarded.create("read", "ingest")
    assert guarded.status(key) == guarded.status(other) == 200
    listed = {entry["id"]: entry for entry in json.loads(quiver("key", "list", "--json", "--data-folder", guarded.data).stdout)}
    name = key.split("_")[1]
    assert listed[name]["revoked_at"] is None and listed[other.split("_")[1]]["scopes"] == "read ingest"
    assert quiver("key", "revoke", name, "--data-folder", guarded.data).returncode == 0
    began = time.monotonic()
    while guarded.status(key) == 200 and time.monotonic() - began < 5:
        time.sleep(0.1)
    assert time.monotonic() - began < 3
    assert guarded.status(key) == 401 and guarded.status(other) == 200
    assert post(guarded.server, events(1, seed=7), **bearer(other)).status_code == 200
    table = quiver("key", "list", "--data-folder", guarded.data).stdout
    assert re.search(rf"{name}.*revoked", table), table
    assert quiver("key", "revoke", name, "--data-folder", guarded.data).returncode == 2
    for key in guarded.made:
        assert key.split("_")[2] not in table and key.split("_")[2] not in json.dumps(listed)


def test_an_expired_key_is_refused(guarded):
    key = guarded.create("read", expires="2s")
    assert guarded.status(key) == 200
    time.sleep(2.2)
    assert guarded.status(key) == 401
    assert "expired" in quiver("key", "list", "--data-folder", guarded.data).stdout
    assert quiver("key", "create", "--name", "x", "--scope", "read", "--expires", "soon", "--data-folder", guarded.data).returncode == 2
    assert quiver("key", "create", "--name", "x", "--scope", "everything", "--data-folder", guarded.data).returncode == 2


def test_every_answer_carries_the_headers(guarded):
    url, admin = guarded.server.url, bearer(guarded.keys["admin"])
    ndjson = {"Content-Type": "application/x-ndjson"}
    answers = {f"{method} {path}": ask(url, method, path, admin) for method, path in NEEDED | BESIDE}
    answers["no key"] = requests.get(url + "/v1/status", timeout=30)
    answers["forbidden"] = requests.get(url + "/v1/status", headers=bearer(guarded.keys["ingest"]), timeout=30)
    answers["wrong host"] = requests.get(url + "/v1/status", headers={"Host": "elsewhere.example"}, timeout=30)
    answers["wrong method"] = requests.delete(url + "/v1/events", headers=admin, timeout=30)
    answers["media type"] = requests.post(url + "/v1/events", data=b"x", headers=admin, timeout=30)
    answers["nothing usable"] = requests.post(url + "/v1/events", data=b"x", headers=admin | ndjson, timeout=30)
    answers["encoding"] = requests.post(url + "/v1/events", data=b"x", headers=admin | ndjson | {"Content-Encoding": "br"}, timeout=30)
    answers["OTLP"] = requests.post(guarded.server.otlp_http + "/v1/traces", json={}, headers=admin, timeout=30)
    answers["OTLP, no key"] = requests.post(guarded.server.otlp_http + "/v1/traces", json={}, timeout=30)
    statuses = {answer.status_code for answer in answers.values()}
    assert {200, 400, 401, 403, 404, 405, 415, 421} <= statuses, statuses
    for name, answer in answers.items():
        for header, value in HEADERS.items():
            # What has a tag is kept to be asked for again, by this person's browser alone; it names no event.
            tagged = header == "cache-control" and "etag" in answer.headers
            allowed = ("private, no-cache", "no-cache") if tagged else (value,)
            assert answer.headers.get(header) in allowed, (name, header, answer.headers.get(header))
            assert not (tagged and "/events" in name and "/v1/" in name), name
        policy = answer.headers.get("content-security-policy", "")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, name
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"]), name
        # No page elsewhere may read an answer, and nobody learns more of the server than it must.
        assert not [header for header in answer.headers if header.lower().startswith("access-control-") or header.lower() in ("server", "x-powered-by")], name


def test_the_request_s_id_comes_back_when_it_is_harmless(guarded):
    def echoed(given):
        return requests.get(guarded.server.url + "/healthz", headers={"X-Request-Id": given}, timeout=30).headers["x-request-id"]

    for given in ("a", "0190-ab_c.d", "x" * 64):
        assert echoed(given) == given
    made = set()
    for given in ("x" * 65, "a b", "<script>", "a;b=c", "zq@example.org", "ä".encode("latin1"), "%0d%0aSet-Cookie: a=b", "a/b", ""):
        back = echoed(given)
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", back), (given, back)
        made.add(back)
    assert len(made) == 9, "an id that is made is never made again"


def test_secrets_are_in_no_log_and_no_file(guarded):
    log = guarded.server.log()
    assert len(log) > 1_000 and "DEBUG" in log or "TRACE" in log, "the log is at its most talkative"
    stored = json.loads((guarded.data / "subject-keys.json").read_text())["keys"]
    wanted = [key["secret"] for key in stored]
    for key in guarded.made:
        secret = key.split("_")[2]
        wanted += [secret, hashlib.sha256(secret.encode()).hexdigest()]
    for secret in wanted:
        assert secret not in log and secret[:24] not in log
    for key in guarded.made:
        for path in guarded.data.rglob("*"):
            if path.is_file():
                assert key.split("_")[2].encode() not in path.read_bytes(), path
    assert stat.S_IMODE((guarded.data / "subject-keys.json").stat().st_mode) == 0o600


def test_only_its_own_hosts_are_served(tmp_path):
    with Server(tmp_path, otlp=True) as server:
        port = server.url.rsplit(":", 1)[1]

        def status(host, url=server.url, path="/healthz"):
            return requests.get(url + path, headers={"Host": host}, timeout=30).status_code

        for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", "LOCALHOST:1", "[::1]", f"[::1]:{port}"):
            assert status(host) == 200, host
        for host in ("elsewhere.example", "localhost.elsewhere.example", "127.0.0.1.elsewhere.example", "elsewhere.example:80", "localhost@elsewhere.example", "127.0.0.2", "", "quiver.example", "localhost."):
            assert status(host) == 421, host
        assert status("elsewhere.example", path="/v1/status") == status("elsewhere.example", path="/metrics") == 421
        assert requests.post(server.url + "/v1/events", data=b"{}", headers={"Host": "elsewhere.example"}, timeout=30).status_code == 421
        answer = requests.post(server.otlp_http + "/v1/traces", json={}, headers={"Host": "elsewhere.example"}, timeout=30)
        assert answer.status_code == 421
        server.stop()
    with Server(tmp_path, otlp=False, config={"http": {"hosts": ["quiver.example"]}}) as server:
        assert requests.get(server.url + "/healthz", headers={"Host": "quiver.example:443"}, timeout=30).status_code == 200
        assert requests.get(server.url + "/healthz", headers={"Host": "elsewhere.example"}, timeout=30).status_code == 421
        server.stop()


def refused_start(folder, config: dict) -> str:
    """What a server says that does not start; it must end by itself, and with the exit code of wrong usage."""
    folder.mkdir()
    path = folder / "quiver.yaml"
    path.write_text(json.dumps({"http": {"listen": "127.0.0.1:0"}} | config))
    command = [binary(), "serve", "--config", str(path), "--data-folder", str(folder / "quiver-data")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said, _ = process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail("the server started:\n" + process.communicate()[0], pytrace=False)
    assert process.returncode == 2, (process.returncode, said)
    return said


PUBLIC = {"http": {"listen": "0.0.0.0:0"}}


def test_keys_cannot_be_off_where_other_machines_reach(tmp_path):
    said = refused_start(tmp_path / "off", PUBLIC | {"auth": {"keys": "off"}})
    assert "http.listen" in said and "quiver key create" in said, said
    said = refused_start(tmp_path / "otlp", {"otlp": {"http": "0.0.0.0:0", "grpc": None}, "auth": {"keys": "off"}})
    assert "otlp.http" in said and "quiver key create" in said, said


def test_no_server_without_keys_opens_to_other_machines(tmp_path):
    """Everybody would be refused; the owner learns it now, with the command that helps."""
    said = refused_start(tmp_path / "none", PUBLIC)
    assert "quiver key create" in said, said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.fail("openssl is needed; run scripts/setup-server-tests.sh")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([*command, "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


def test_tls_speaks_both_versions_of_http_and_no_plain_text(tmp_path, certificate):
    tls = {"certificate": str(certificate[0]), "key": str(certificate[1])}
    with Server(tmp_path, config={"http": {"tls": tls}}) as server:
        assert server.url.startswith("https://")
        answer = requests.post(server.url + "/v1/events", json=events(3), verify=str(certificate[0]), timeout=30)
        assert answer.json()["accepted"] == 3 and answer.headers["x-frame-options"] == "DENY"
        context = ssl.create_default_context(cafile=str(certificate[0]))
        for http2, version in ((False, "HTTP/1.1"), (True, "HTTP/2")):
            with httpx.Client(http2=http2, verify=context) as client:
                answer = client.get(server.url + "/healthz")
                assert (answer.http_version, answer.status_code) == (version, 200)
                assert answer.headers["x-content-type-options"] == "nosniff"
        with httpx.Client(http2=True, http1=False, verify=context) as client:
            assert client.get(server.url + "/v1/status", headers={"Host": "elsewhere.example"}).status_code == 421
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(server.url + "/healthz", timeout=30)
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(server.url.replace("https://", "http://") + "/healthz", timeout=30)
        port = server.otlp_http.rsplit(":", 1)[1]
        assert requests.post(f"https://127.0.0.1:{port}/v1/traces", json={}, verify=str(certificate[0]), timeout=30).status_code == 200
        with pytest.raises(requests.exceptions.RequestException):
            requests.post(f"http://127.0.0.1:{port}/v1/traces", json={}, timeout=30)
        credentials = grpc.ssl_channel_credentials(certificate[0].read_bytes())
        with grpc.secure_channel(server.otlp_grpc, credentials) as channel:
            TraceServiceStub(channel).Export(ExportTraceServiceRequest(), timeout=30)
        assert server.stop() == 0
        middle = certificate[1].read_text().splitlines()[5]
        assert middle not in server.log()


def test_a_certificate_that_cannot_be_used_is_named(tmp_path, certificate):
    other = tmp_path / "other.pem"
    other.write_text("not a key at all")
    for tls in ({"certificate": str(certificate[0]), "key": str(other)}, {"certificate": str(tmp_path / "none.pem"), "key": str(certificate[1])}):
        said = refused_start(tmp_path / f"with-{os.path.basename(tls['key'])}", {"http": {"listen": "127.0.0.1:0", "tls": tls}})
        assert ".pem" in said and "not a key at all" not in said, said
