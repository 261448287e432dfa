"""A stand-in for `quiver serve` that keeps every request and answers by a script; judges nothing."""

import gzip
import http.server
import json
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple


@dataclass
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Dict[str, str]
    raw: bytes
    thread: Optional[int] = None

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    @property
    def lines(self) -> List[bytes]:
        assert self.body.endswith(b"\n")
        return self.body[:-1].split(b"\n")

    @property
    def events(self) -> List[Dict[str, Any]]:
        return [json.loads(line, parse_constant=refuse) for line in self.lines]

    @property
    def ids(self) -> List[str]:
        return [event["id"] for event in self.events]


def refuse(word: str) -> None:
    """JSON has no NaN; Python's reader takes it all the same."""
    raise ValueError(f"{word} is not JSON")


Reply = Tuple[int, Dict[str, str], bytes]


def accepted(request: Request) -> Reply:
    """What the server says when it takes everything."""
    answer = {"accepted": len(request.lines), "duplicates": 0, "rejected": 0, "errors": [], "errors_omitted": 0}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


@dataclass
class FakeServer:
    """Answers requests by the script's entries in turn, then accepts; `release` can hold it."""

    script: List[Callable[[Request], Reply]] = field(default_factory=list)
    requests: List[Request] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    url: str = ""

    def events(self) -> List[Dict[str, Any]]:
        return [event for request in self.requests for event in request.events]

    def start(self) -> Callable[[], None]:
        outer, lock = self, threading.Lock()
        self.release.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, raw)
                with lock:
                    outer.requests.append(request)
                    reply = outer.script.pop(0) if outer.script else accepted
                outer.arrived.release()
                outer.release.wait(30)
                status, answer_headers, body = reply(request)
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in answer_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()

        def stop() -> None:
            self.release.set()
            server.shutdown()
            server.server_close()

        return stop


def status(code: int, body: Any = None, **headers: str) -> Callable[[Request], Reply]:
    """A scripted answer; a status of 0 closes the connection without one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (code, named, b"" if body is None else json.dumps(body).encode())
