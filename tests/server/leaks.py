"""Canaries, and the search for them: every store is unpacked as far as its format goes, and searched in every encoding."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import sqlite3
import struct
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow
import pyarrow.parquet
import zstandard

KINDS = ("email", "card", "card_spaced", "iban", "token", "phone")

# What every canary of a kind has in common, and nothing else in a store has.
STEMS = {
    "email": ["zqcanary"],
    "card": ["453978612"],
    "card_spaced": ["4539 7861 2", "4539-7861-2"],
    "iban": ["370400440", "3704 0044 0"],
    "token": ["ZqTokenCanary"],
    "phone": ["49151739", "49 151 739"],
    "subject": ["zqsubject"],
}

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b\x08"
FRAME_PREFIX_BYTES = 12
FRAME_FIXED_BYTES = 1 + 8 + 4 + 8 + 8
UNPACKED_LIMIT_BYTES = 64 << 20


def luhn_digit(digits: str) -> str:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if index % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def make(kind: str, number: int) -> str:
    """The canary of that kind and number, with the check digits that such a value has."""
    if kind == "email":
        return f"zqcanary{number:05}@mail-{number:05}.example.org"
    if kind in ("card", "card_spaced"):
        digits = f"453978612{number:06}"
        digits += luhn_digit(digits)
        return digits if kind == "card" else " ".join(digits[at : at + 4] for at in range(0, 16, 4))
    if kind == "iban":
        account = f"370400440{number:09}"
        check = 98 - int(account + "131400") % 97  # D = 13, E = 14
        return f"DE{check:02}{account}"
    if kind == "token":
        # In pieces: a scanner of sources must not take this for a key that leaked.
        return "gh" + "p_" + f"ZqTokenCanary{number:05}" + "aB3dE5gH7jK9mN1pQ3"
    if kind == "phone":
        return f"+49 151 739{number:05}"
    if kind == "subject":
        return f"zqsubject-{number:05}"
    raise ValueError(kind)


@dataclass
class Canaries:
    """Makes canaries and remembers what each was put where."""

    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    def new(self, kind: str, place: str) -> str:
        value = make(kind, len(self.places) + 1)
        self.places[value] = (kind, place)
        return value

    def place_of(self, number: int) -> str:
        places = list(self.places.values())
        return " ".join(places[number - 1]) if 0 < number <= len(places) else "?"


def encodings(stem: str) -> Iterator[tuple[str, bytes]]:
    """The stem as a store might hold it."""
    raw = stem.encode()
    yield "plain", raw
    yield "UTF-16", stem.encode("utf-16-le")
    yield "UTF-16 big-endian", stem.encode("utf-16-be")
    yield "hexadecimal", raw.hex().encode()
    yield "URL", urllib.parse.quote(stem).encode()
    yield "form", urllib.parse.quote_plus(stem).encode()
    yield "URL, all escaped", "".join(f"%{byte:02x}" for byte in raw).encode()
    yield "JSON, all escaped", "".join(f"\\u{byte:04x}" for byte in raw).encode()
    for shift in range(3):
        # Only the characters that do not depend on what stands around the stem.
        whole = base64.b64encode(b"\0" * shift + raw)
        yield f"base64, shifted by {shift}", whole[[0, 2, 3][shift] : (len(raw) + shift) * 8 // 6]
    yield "reversed", raw[::-1]


def _pattern() -> tuple[re.Pattern[bytes], dict[bytes, str]]:
    wanted: dict[bytes, str] = {}
    for kind, stems in STEMS.items():
        for stem in stems:
            for name, encoded in encodings(stem):
                wanted.setdefault(encoded.lower(), f"{kind} ({name})")
    longest_first = sorted(wanted, key=len, reverse=True)
    return re.compile(b"|".join(re.escape(text) for text in longest_first)), wanted


PATTERN, WANTED = _pattern()
# What stands in the place of a canary's number, where it stands as it was sent.
NUMBERS = [
    re.compile(text)
    for text in (rb"zqcanary(\d{5})", rb"zqsubject-(\d{5})", rb"zqtokencanary(\d{5})", rb"453978612(\d{6})", rb"4539 7861 2(\d{3} \d{3})", rb"370400440(\d{9})", rb"49 151 739(\d{5})")
]


@dataclass
class Leak:
    store: str
    what: str
    context: str
    place: str = "?"

    def __str__(self) -> str:
        return f"{self.store}: {self.what} put into {self.place}: …{self.context}…"


def search(store: str, data: bytes | str, canaries: Canaries | None = None) -> list[Leak]:
    """All canaries in the bytes, and in what is compressed inside them."""
    data = data.encode(errors="surrogateescape") if isinstance(data, str) else bytes(data)
    leaks = []
    for name, part in unpacked(store, data):
        lowered = part.lower()
        for found in PATTERN.finditer(lowered):
            context = part[max(0, found.start() - 60) : found.end() + 60]
            leak = Leak(name, WANTED[found.group()], repr(context))
            if canaries:
                numbers = [number for pattern in NUMBERS if (number := pattern.match(lowered, found.start()))]
                leak.place = canaries.place_of(int(numbers[0].group(1).replace(b" ", b""))) if numbers else "?"
            leaks.append(leak)
    return leaks


def unpacked(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what each zstd or gzip stream inside them holds, wherever it begins."""
    yield name, data
    if depth == 3:
        return
    for magic, kind in ((ZSTD_MAGIC, "zstd"), (GZIP_MAGIC, "gzip")):
        at = data.find(magic)
        while at >= 0:
            inside = _inflate(kind, data[at:])
            if inside:
                yield from unpacked(f"{name} [{kind} at {at}]", inside, depth + 1)
            at = data.find(magic, at + 1)


def told(leaks: list[Leak], most: int = 40) -> str:
    """The leaks for people: each place and store once, with how often and one example."""
    groups: dict[tuple[str, str, str], list[Leak]] = {}
    for leak in leaks:
        store = re.sub(r"[0-9a-f-]{36}|\d+", "N", leak.store)
        groups.setdefault((store, leak.what.split(" ")[0], re.sub(r" by .*", "", leak.place)), []).append(leak)
    ranked = sorted(groups.items(), key=lambda group: -len(group[1]))
    lines = [f"{len(group)} times {' | '.join(key)}, such as {group[0].context}" for key, group in ranked[:most]]
    return f"{len(leaks)} leaks, {len(groups)} kinds:\n" + "\n".join(lines)


def _inflate(kind: str, data: bytes) -> bytes:
    try:
        if kind == "gzip":
            return zlib.decompressobj(31).decompress(data, UNPACKED_LIMIT_BYTES)
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=False).read(UNPACKED_LIMIT_BYTES)
    except (zlib.error, zstandard.ZstdError):
        return b""


def frames(data: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Stream, producer and payload of every frame in a journal file; the format is that of frame.rs."""
    at = data.find(b"QFRM")
    while at >= 0:
        length = struct.unpack_from("<I", data, at + 4)[0]
        body = data[at + FRAME_PREFIX_BYTES : at + FRAME_PREFIX_BYTES + length]
        if len(body) < length or length < FRAME_FIXED_BYTES + 3:
            at = data.find(b"QFRM", at + 4)
            continue
        stream_length, producer_length = struct.unpack_from("<BH", body, FRAME_FIXED_BYTES)
        start = FRAME_FIXED_BYTES + 3
        stream = body[start : start + stream_length].decode()
        producer = body[start + stream_length : start + stream_length + producer_length].decode()
        yield stream, producer, body[start + stream_length + producer_length :]
        at = data.find(b"QFRM", at + FRAME_PREFIX_BYTES + length)


def _plain(value) -> str:
    """A value as text; bytes inside it are searched by themselves."""
    return json.dumps(value, ensure_ascii=False, default=lambda other: other.hex() if isinstance(other, bytes) else str(other))


def search_table(store: str, table: pyarrow.Table, canaries: Canaries | None = None) -> list[Leak]:
    leaks = search(f"{store} schema", str(table.schema), canaries)
    for name, column in zip(table.column_names, table.columns):
        values = column.to_pylist()
        leaks += search(f"{store} column {name}", _plain(values), canaries)
        for value in values:
            if isinstance(value, bytes):
                leaks += search(f"{store} column {name} (bytes)", value, canaries)
    return leaks


def search_parquet(path: Path, store: str, canaries: Canaries | None = None) -> list[Leak]:
    file = pyarrow.parquet.ParquetFile(path)
    leaks = search_table(store, file.read(), canaries)
    said = [str(file.schema), _plain({str(key): str(value) for key, value in (file.metadata.metadata or {}).items()})]
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(column)
            statistics = chunk.statistics
            if statistics is not None and statistics.has_min_max:
                said.append(_plain([chunk.path_in_schema, statistics.min, statistics.max]))
    return leaks + search(f"{store} footer", "\n".join(said), canaries)


def search_journal(path: Path, store: str, canaries: Canaries | None = None) -> tuple[list[Leak], int]:
    leaks, rows = [], 0
    for stream, producer, payload in frames(path.read_bytes()):
        leaks += search(f"{store} frame names", f"{stream} {producer}", canaries)
        if payload[:4] == b"\x28\xb5\x2f\xfd":
            table = pyarrow.ipc.open_stream(zstandard.decompress(payload)).read_all()
            rows += table.num_rows
            leaks += search_table(f"{store} frame of {stream}", table, canaries)
        else:
            leaks += search(f"{store} frame of {stream}", payload, canaries)
    return leaks, rows


def search_sqlite(path: Path, store: str, canaries: Canaries | None = None) -> list[Leak]:
    leaks = []
    database = sqlite3.connect(path)
    try:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                leaks += search(f"{store} table {table}", _plain(list(row)), canaries)
                for value in row:
                    if isinstance(value, bytes):
                        leaks += search(f"{store} table {table} (bytes)", value, canaries)
    finally:
        database.close()
    return leaks


@dataclass
class Searched:
    """What was looked at, so that a search of nothing is not taken for a clean one."""

    leaks: list[Leak] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    journal_rows: int = 0


def search_folder(folder: Path, canaries: Canaries | None = None) -> Searched:
    """Every file of a folder, as bytes and by its format."""
    searched = Searched()
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        store = str(path.relative_to(folder))
        kind = path.suffix or path.name
        searched.files[kind] = searched.files.get(kind, 0) + 1
        searched.leaks += search(f"{store} path", store, canaries)
        data = path.read_bytes()
        if kind == ".parquet":
            # Its pages are decoded below; here is what is not compressed, such as statistics.
            lowered = data.lower()
            searched.leaks += [Leak(store, WANTED[found.group()], repr(found.group())) for found in PATTERN.finditer(lowered)]
            searched.leaks += search_parquet(path, store, canaries)
        elif kind == ".journal":
            leaks, rows = search_journal(path, store, canaries)
            searched.leaks += search(store, data, canaries) + leaks
            searched.journal_rows += rows
        else:
            searched.leaks += search(store, data, canaries)
    for path in (path for path in paths if path.suffix == ".sqlite"):
        # On a copy with its log: opening a database changes it.
        with tempfile.TemporaryDirectory() as copy:
            for file in paths:
                if file.parent == path.parent and file.name.startswith(path.name):
                    shutil.copy(file, copy)
            searched.leaks += search_sqlite(Path(copy) / path.name, str(path.relative_to(folder)), canaries)
    return searched
