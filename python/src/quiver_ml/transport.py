"""Delivers one batch of lines, over HTTP or into a file, and says what came of it; never retries."""

import dataclasses
import email.utils
import gzip
import http.client
import json
import math
import os
import platform
import re
import ssl
import time
import urllib.parse
from typing import Any, Dict, List, Optional, Tuple, Union

# Compressing less than this costs more than it saves.
GZIP_FROM_BYTES = 8 * 1024

# A server that sends more than this as an answer is none of Quiver's.
MAX_ANSWER_BYTES = 4 * 1024 * 1024

# A longer `Retry-After` is a mistake; events would wait in memory for nothing.
MAX_RETRY_AFTER_SECONDS = 300.0

RETRYABLE = (408, 429)
VERSION = "0.1.0"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of one delivery."""

    delivered: bool = False
    """Whether the other side took or refused each event by itself."""
    retryable: bool = False
    too_large: bool = False
    reason: str = ""
    """Why events were not delivered, as it is counted."""
    detail: str = ""
    """The same for people; holds no content of events and no key."""
    retry_after_seconds: Optional[float] = None
    accepted: int = 0
    duplicates: int = 0
    rejected: Dict[str, int] = dataclasses.field(default_factory=dict)


class HttpTransport:
    """Posts NDJSON to `POST /v1/events` over one kept connection; used by one thread."""

    def __init__(self, url: str, key: Optional[str], context: Optional[ssl.SSLContext]) -> None:
        """Raises ValueError where the URL or the key can never work; opens nothing."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must be like http://127.0.0.1:8600")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("url must have no user, query or fragment; give the key as `key`")
        if key is not None and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ValueError("key must be printable ASCII without spaces")
        self._host, self._port = parts.hostname, parts.port
        self._secure = parts.scheme == "https"
        self._context = context
        self._path = parts.path.rstrip("/") + "/v1/events"
        self._key = key
        self._connection: Optional[http.client.HTTPConnection] = None

    def send(self, lines: List[bytes], timeout_seconds: float) -> Answer:
        """Posts the lines; `timeout_seconds` bounds each wait for the other side."""
        body, headers = self._request(lines)
        reused = self._connection is not None
        try:
            try:
                status, retry_after, answer = self._post(body, headers, timeout_seconds)
            except (http.client.RemoteDisconnected, ConnectionError):
                # The server may have closed the kept connection while it was idle. Ids make a second try safe.
                if not reused:
                    raise
                self.close()
                status, retry_after, answer = self._post(body, headers, timeout_seconds)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return Answer(retryable=True, reason="undeliverable", detail=_failure(error))
        return read_answer(status, retry_after, answer, len(lines))

    def close(self) -> None:
        """Closes the connection; the next `send` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _request(self, lines: List[bytes]) -> Tuple[bytes, Dict[str, str]]:
        body = b"".join(lines)
        headers = {
            "Content-Type": "application/x-ndjson",
            "Accept": "application/json, application/problem+json",
            "User-Agent": f"quiver-ml/{VERSION} Python/{platform.python_version()}",
        }
        if len(body) >= GZIP_FROM_BYTES:
            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers["Content-Encoding"] = "gzip"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return body, headers

    def _post(self, body: bytes, headers: Dict[str, str], timeout_seconds: float) -> Tuple[int, Optional[str], bytes]:
        connection = self._connected(timeout_seconds)
        try:
            connection.request("POST", self._path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses a large body may answer before it has read it all.
            try:
                response = connection.getresponse()
            except (OSError, http.client.HTTPException):
                raise ConnectionResetError("the connection was closed while sending") from None
        else:
            response = connection.getresponse()
        answer = response.read(MAX_ANSWER_BYTES)
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, response.getheader("Retry-After"), answer

    def _connected(self, timeout_seconds: float) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._secure:
                context = self._context or ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(self._host, self._port, context=context)
            else:
                self._connection = http.client.HTTPConnection(self._host, self._port)
        self._connection.timeout = timeout_seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_seconds)
        return self._connection


class FileTransport:
    """Appends lines to a file that only its owner can read; used by one thread, and one process a file."""

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self._path = os.fspath(path)
        self._file: Optional[int] = None
        self._torn = False

    def send(self, lines: List[bytes], timeout_seconds: float) -> Answer:
        """Appends the lines; a failure is worth another try, because a full disk may get room."""
        del timeout_seconds
        try:
            self._append(b"".join(lines))
        except OSError as error:
            # Lines that were written whole are written again; their ids make them duplicates.
            return Answer(retryable=True, reason="undeliverable", detail=_failure(error))
        return Answer(delivered=True)

    def close(self) -> None:
        """Closes the file; the next `send` opens it again."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _append(self, data: bytes) -> None:
        if self._file is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
            self._file = os.open(self._path, flags, 0o600)
            size = os.lseek(self._file, 0, os.SEEK_END)
            if size > 0:
                os.lseek(self._file, size - 1, os.SEEK_SET)
                self._torn = os.read(self._file, 1) != b"\n"
        if self._torn:
            # The process before this one, or a full disk, left half a line.
            data = b"\n" + data
        while data:
            written = os.write(self._file, data)
            self._torn = data[written - 1 : written] != b"\n"
            data = data[written:]


def read_answer(status: int, retry_after: Optional[str], body: bytes, count: int) -> Answer:
    """Reads the answer to a post of `count` events."""
    fields = _json_object(body)
    if 200 <= status < 300:
        rejected = _rejections(fields, _count(fields.get("rejected")))
        return Answer(
            True,
            accepted=_count(fields.get("accepted")),
            duplicates=_count(fields.get("duplicates")),
            rejected=rejected,
        )
    detail = f"HTTP {status} {http.client.responses.get(status, '')}".rstrip()
    if status in (400, 422) and isinstance(fields.get("errors"), list) and fields["errors"]:
        # Nothing in the body could be used, each event for its own reason.
        return Answer(True, detail=detail, rejected=_rejections(fields, count))
    if status in RETRYABLE or status >= 500:
        wait = retry_after_seconds(retry_after)
        return Answer(retryable=True, reason="undeliverable", detail=detail, retry_after_seconds=wait)
    return Answer(too_large=status == 413, reason=f"http_{status}", detail=detail)


def retry_after_seconds(header: Optional[str]) -> Optional[float]:
    """Returns the wait that a `Retry-After` asks for, in seconds or as a date, at most five minutes."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _rejections(fields: Dict[str, Any], total: int) -> Dict[str, int]:
    """Refused events by reason; those whose errors were left out of the answer as `omitted`."""
    found: Dict[str, int] = {}
    errors = fields.get("errors")
    for error in errors if isinstance(errors, list) else []:
        reason = error.get("reason") if isinstance(error, dict) else None
        # The detail may repeat content; the reason is one word.
        known = isinstance(reason, str) and re.fullmatch(r"[a-z0-9_.-]{1,64}", reason)
        name = str(reason) if known else "other"
        if sum(found.values()) < total:
            found[name] = found.get(name, 0) + 1
    omitted = total - sum(found.values())
    if omitted > 0:
        found["omitted"] = omitted
    return found


def _json_object(body: bytes) -> Dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(given: object) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else 0


def _failure(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__} {said}".rstrip()
