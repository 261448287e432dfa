"""Faults of disks, files and neighbours: what was acknowledged survives them, and what could not be saved is said."""

import base64
import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import deltalake
import pyarrow
import pyarrow.parquet
import pytest
import requests
from harness import SPEC, Server, binary, events, ndjson, post, rows, table_path, until

SEED = int(os.environ.get("QUIVER_SEED", "20130101"))
# Nothing reaches the tables before it is asked for.
SELDOM = {"flow": {"flush_every": "1h", "judge_every": "1h"}}


def journal_files(folder) -> list[Path]:
    return sorted((Path(folder) / "quiver-data" / "journal").glob("*.journal"))


def ids(folder) -> list[str]:
    return rows(folder, columns=["id"])["id"].to_pylist()


def assert_once(found: list[str], wanted) -> None:
    assert len(found) == len(set(found)), f"{len(found) - len(set(found))} rows are there twice"
    missing = set(wanted) - set(found)
    assert not missing, f"{len(missing)} of {len(set(wanted))} are missing, such as {sorted(missing)[:3]}"


def acknowledged(answer) -> int:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["rejected"] == 0, body
    return body["accepted"] + body["duplicates"]


def send_many(server, count: int, size: int, prefix: str) -> list[list[dict]]:
    batches = [events(size, prefix=f"{prefix}{index}") for index in range(count)]
    for batch in batches:
        assert post(server, batch).json()["accepted"] == size
    return batches


# ---- The journal's files.


@pytest.mark.parametrize("flushed", [False, True], ids=["waiting", "flushed"])
def test_a_torn_tail_costs_what_was_cut_and_nothing_that_comes_after(tmp_path, flushed, long):
    randomness = random.Random(SEED)
    for round_number in range(12 if long else 2):
        folder = tmp_path / str(round_number)
        with Server(folder, config=SELDOM) as server:
            batches = send_many(server, 12, 20, "before")
            if flushed:
                server.flow_run()
            server.kill()
        last = journal_files(folder)[-1]
        size = last.stat().st_size
        cut = randomness.randrange(128, size)
        os.truncate(last, cut)
        with Server(folder, config=SELDOM) as server:
            assert cut == size or "torn tail" in server.log()
            # What comes after the start must not be taken for what the tables had before it.
            later = events(30, prefix="after")
            assert post(server, later).json()["accepted"] == 30
            server.flow_run()
            found = ids(folder)
            assert_once(found, [event["id"] for event in later])
            kept = [all(event["id"] in found for event in batch) for batch in batches]
            if flushed:
                assert all(kept), "the tables held these before the journal was cut"
            # A batch is a frame: it is there whole or not at all, and those that are there are the first ones.
            whole = sum(kept)
            assert kept == [True] * whole + [False] * (len(kept) - whole)
            assert len(found) == whole * 20 + 30
            if not flushed:
                share = cut / size
                assert whole >= int(share * len(kept)) - 2, f"{whole} of {len(kept)} after a cut to {share:.0%}"
            server.kill()
        with Server(folder, config=SELDOM) as server:
            server.flow_run()
            assert sorted(ids(folder)) == sorted(found)


def test_retries_of_what_the_tables_hold_are_repeats_after_a_torn_tail(tmp_path):
    """The journal forgot these ids, the tables did not."""
    with Server(tmp_path, config=SELDOM) as server:
        batches = send_many(server, 5, 20, "before")
        server.flow_run()
        server.kill()
    last = journal_files(tmp_path)[-1]
    os.truncate(last, last.stat().st_size // 2)
    with Server(tmp_path, config=SELDOM) as server:
        # The tables are opened before the retries come, so that these get offsets the tables do not know.
        server.flow_run()
        for batch in batches:
            acknowledged(post(server, batch))
        server.flow_run()
        assert_once(ids(tmp_path), [event["id"] for batch in batches for event in batch])


def test_a_flipped_bit_in_the_journal_is_found_counted_and_costs_one_frame(tmp_path, long):
    randomness = random.Random(SEED + 1)
    with Server(tmp_path / "original", config=SELDOM) as server:
        batches = send_many(server, 15, 20, "batch")
        server.kill()
    # A first flush comes soon after the start: on a slow machine it finds rows, and those are lost from the journal alone.
    flushed = len(ids(tmp_path / "original"))
    files = journal_files(tmp_path / "original") + [tmp_path / "original" / "quiver-data" / "journal" / "journal.identity"]
    for round_number in range(40 if long else 4):
        folder = tmp_path / str(round_number)
        shutil.copytree(tmp_path / "original" / "quiver-data", folder / "quiver-data")
        # The first rounds hit the header, the first frame's prefix and the identity; the others anywhere.
        chosen = files[-1] if round_number == 2 else files[0]
        damaged = folder / "quiver-data" / "journal" / chosen.name
        content = bytearray(damaged.read_bytes())
        place = [20, 131, 30][round_number] if round_number < 3 else randomness.randrange(len(content))
        content[place] ^= 1 << randomness.randrange(8)
        damaged.write_bytes(content)
        before = {name.name for name in (folder / "quiver-data" / "journal").iterdir()}
        with Server(folder, config=SELDOM) as server:
            lost_offsets = server.metric("quiver_journal_lost_offsets")
            log = server.log()
            later = events(10, prefix="after")
            assert post(server, later).json()["accepted"] == 10
            server.flow_run()
            found = ids(folder)
            server.kill()
        where = f"round {round_number}: bit at byte {place} of {chosen.name}, {lost_offsets} offsets lost"
        assert_once(found, [event["id"] for event in later])
        kept = [sum(event["id"] in found for event in batch) for batch in batches]
        assert set(kept) <= {0, 20}, f"{where}: frames came back in part: {kept}"
        lost = kept.count(0) * 20
        assert lost <= 20, f"{where}: {kept}"
        # A frame at the very end that does not fit its checksum is a torn tail to whoever reads it.
        assert "is damaged" in log or "torn tail" in log, f"{where}: nothing was said:\n{log}"
        if "torn tail" not in log:
            assert lost <= lost_offsets <= lost + flushed, where
            if chosen.suffix == ".journal":
                quarantined = {name.name for name in (folder / "quiver-data" / "journal").rglob("*")} - before
                assert quarantined, f"{where}: the damaged file was not set aside"
        # No crash loop, and the loss is not found twice.
        for restart in range(2):
            with Server(folder, config=SELDOM) as server:
                if restart == 1:
                    server.flow_run()
                assert sorted(ids(folder)) == sorted(found), where
                assert server.metric("quiver_journal_lost_offsets") in (0, lost_offsets), where
                assert server.stop() == 0


# ---- The tables' files.


@pytest.mark.parametrize("how", ["flipped", "truncated", "deleted"])
def test_a_broken_table_file_stops_nothing_else_and_is_reported(tmp_path, how):
    with Server(tmp_path, config=SELDOM) as server:
        for index in range(3):
            acknowledged(post(server, events(200, prefix=f"part{index}")))
            server.flow_run()
        server.stop()
    path = table_path(tmp_path, "predictions")
    files = sorted(path.rglob("*.parquet"), key=lambda file: file.stat().st_mtime)
    content = bytearray(files[0].read_bytes())
    if how == "flipped":
        # Inside the values of a feature: the file opens, and may even decode.
        group = pyarrow.parquet.ParquetFile(files[0]).metadata.row_group(0)
        chunks = [group.column(index) for index in range(group.num_columns)]
        chunk = next(chunk for chunk in chunks if chunk.path_in_schema == "feature_checksum")
        content[(chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size // 2] ^= 0x04
        files[0].write_bytes(content)
    elif how == "truncated":
        files[0].write_bytes(content[: len(content) // 2])
    else:
        files[0].unlink()
    files[0].exists() and shutil.copy(files[0], tmp_path / "damaged.parquet")
    with Server(tmp_path, config=SELDOM | {"retention": {"verify_every": "1s"}}) as server:
        later = events(50, prefix="later")
        acknowledged(post(server, later))
        requests.post(server.url + "/v1/flow/run", timeout=120)
        until(lambda: server.metric("quiver_damaged_files") == 1, 20)
        said = [line for line in server.log_lines() if "damaged" in line.get("message", "")]
        assert len(said) == 1 and files[0].name in said[0]["file"] and said[0]["lost_rows"] == 200, said
        damage = server.get("/v1/status").json()["damage"]
        assert (damage["files"], damage["lost_rows"]) == (1, 200), damage
        assert files[0].name in damage["newest"][0]["file"] and damage["newest"][0]["reason"]
        assert not files[0].exists()
        kept = [file for file in (server.data_folder / "quarantine").rglob("*") if file.is_file()]
        if how == "deleted":
            assert kept == []
        else:
            assert [file.read_bytes() for file in kept] == [(tmp_path / "damaged.parquet").read_bytes()]
        # The other rows come out as they were, and every stage works on them.
        expected = {event["id"] for part in (1, 2) for event in events(200, prefix=f"part{part}")} | {event["id"] for event in later}
        server.flow_run()
        assert_once(ids(tmp_path), expected)
        assert set(ids(tmp_path)) == expected
        assert server.get("/v1/models/flight-delay/evaluation").ok
        assert server.get("/v1/status").json()["stage_errors"] == {}
        # Events are taken in all the same, and the loss is found once.
        acknowledged(post(server, events(5, prefix="last")))
        server.flow_run()
        time.sleep(2.5)
        assert server.metric("quiver_damaged_files") == 1
        assert server.stop() == 0
    # It is still known after a restart, and not found again.
    with Server(tmp_path, config=SELDOM | {"retention": {"verify_every": "1s"}}) as server:
        acknowledged(post(server, events(5, prefix="again")))
        server.flow_run()
        time.sleep(1.5)
        assert set(ids(tmp_path)) == expected | {event["id"] for name in ("last", "again") for event in events(5, prefix=name)}
        assert server.get("/v1/status").json()["damage"]["files"] == 1
        assert server.metric("quiver_damaged_files") == 0


# ---- The tables' logs.


OTHER = "other-model"


def two_models(server) -> None:
    spec = SPEC.replace("model: flight-delay", f"model: {OTHER}")
    answer = requests.put(f"{server.url}/v1/models/{OTHER}/spec", data=spec.encode(), timeout=30)
    assert answer.ok, answer.text


def other(batch: list[dict]) -> list[dict]:
    return [event | {"model": OTHER} for event in batch]


def flip(file: Path, randomness) -> None:
    content = bytearray(file.read_bytes())
    content[randomness.randrange(len(content))] ^= 1 << randomness.randrange(8)
    file.write_bytes(content)


def cut_at_a_line(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: content.index(b"\n") + 1])


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "gone"])
def test_damage_in_a_log_of_a_table_costs_no_row_and_is_told(tmp_path, how):
    randomness = random.Random(SEED + 2)
    with Server(tmp_path, config=SELDOM) as server:
        for index in range(4):
            acknowledged(post(server, events(50, prefix=f"part{index}")))
            server.flow_run()
        server.stop()
    sound = sorted(ids(tmp_path))
    assert len(sound) == 200
    damaged = []
    for table in ("predictions", "profiles", "findings"):
        entry = sorted((table_path(tmp_path, table) / "_delta_log").glob("*.json"))[-1]
        {"flipped": lambda file: flip(file, randomness), "cut": cut_at_a_line, "empty": lambda file: file.write_bytes(b""), "gone": Path.unlink}[how](entry)
        damaged.append(entry)
    with Server(tmp_path, config=SELDOM) as server:
        acknowledged(post(server, events(50, prefix="later")))
        server.flow_run()
        assert sorted(ids(tmp_path)) == sorted(sound + [event["id"] for event in events(50, prefix="later")])
        assert server.metric("quiver_damaged_files") == 3
        status = server.get("/v1/status").json()
        assert status["stage_errors"] == {} and (status["damage"]["files"], status["damage"]["lost_rows"]) == (3, 0), status
        told = [line for line in server.log_lines() if "the log of a table is damaged" in line.get("message", "")]
        assert sorted(line["file"].split("/")[-1] for line in told) == sorted(entry.name for entry in damaged)
        kept = [file for file in (server.data_folder / "quarantine").rglob("*.json")]
        assert len(kept) == (0 if how == "gone" else 3)
        assert server.stop() == 0
    with Server(tmp_path, config=SELDOM) as server:
        server.flow_run()
        assert server.metric("quiver_damaged_files") == 0


def test_a_damaged_log_is_found_while_the_server_runs(tmp_path):
    randomness = random.Random(SEED + 3)
    with Server(tmp_path, config=SELDOM | {"retention": {"verify_every": "1s"}}) as server:
        for index in range(3):
            acknowledged(post(server, events(50, prefix=f"part{index}")))
            server.flow_run()
        log = table_path(tmp_path, "predictions") / "_delta_log"
        entry = sorted(log.glob("*.json"))[-1]
        sound = entry.read_bytes()
        flip(entry, randomness)
        until(lambda: server.metric("quiver_damaged_files") == 1, 20)
        assert entry.read_bytes() == sound
        acknowledged(post(server, events(50, prefix="later")))
        server.flow_run()
        assert len(ids(tmp_path)) == 200
        assert server.get("/v1/status").json()["stage_errors"] == {}


def test_a_log_that_cannot_be_mended_stops_one_model_and_loses_nothing_that_comes(tmp_path):
    randomness = random.Random(SEED + 4)
    with Server(tmp_path, config=SELDOM) as server:
        two_models(server)
        for index in range(3):
            acknowledged(post(server, events(50, prefix=f"part{index}")))
            acknowledged(post(server, other(events(50, prefix=f"part{index}"))))
            server.flow_run()
        server.stop()
    path = table_path(tmp_path, "predictions")
    entry = sorted((path / "_delta_log").glob("*.json"))[1]
    flip(entry, randomness)
    for copy in (path / "_quiver_log").glob(entry.name + ".*"):
        flip(copy, randomness)
    flow = {"flow": {"flush_every": "300ms", "judge_every": "300ms"}}
    for restart in range(2):
        with Server(tmp_path, config=flow) as server:
            assert server.get("/readyz").ok
            acknowledged(post(server, events(20, prefix=f"later{restart}")))
            acknowledged(post(server, other(events(20, prefix=f"later{restart}"))))
            # The other model goes on, in every stage.
            until(lambda: len(rows(tmp_path, columns=["id"], model=OTHER)) == 150 + 20 * (restart + 1), 20)
            until(lambda: server.get(f"/v1/models/{OTHER}/evaluation").ok, 20)
            status = server.get("/v1/status").json()
            errors = status["stage_errors"]
            assert entry.name in errors["segments/flight-delay"] and "backup" in errors["segments/flight-delay"], errors
            assert not [stage for stage in errors if stage.endswith(OTHER)], errors
            assert server.metric("quiver_stopped_models") == 1
            assert status["segment_offset"] < status["acknowledged_offset"]
            assert server.get("/v1/models/flight-delay/evaluation").status_code == 503
            # It is tried more and more seldom.
            time.sleep(6)
            tried = [line for line in server.log_lines() if line.get("stage") == "segments/flight-delay"]
            assert 2 <= len(tried) <= 6, tried
            if restart:
                # What the message says to do.
                (path).rename(tmp_path / "moved-away")
                server.flow_run()
                assert server.get("/v1/status").json()["stage_errors"] == {}
                assert server.metric("quiver_stopped_models") == 0
                wanted = {event["id"] for number in (0, 1) for event in events(20, prefix=f"later{number}")}
                assert_once(ids(tmp_path), wanted)
                assert server.get("/v1/models/flight-delay/evaluation").ok
            assert server.stop() == 0


# ---- A full disk.


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True, text=True)
    if made.returncode:
        pytest.fail(f"these tests mount a tmpfs and must run as root: {made.stderr}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leave(disk: Path, ballast: Path, room_bytes: int) -> None:
    """Fills a disk until that many bytes are free."""
    found = os.statvfs(disk)
    with open(ballast, "ab") as file:
        file.write(bytes(max(0, found.f_bavail * found.f_frsize - room_bytes)))


def fill_until_refused(server, prefix: str, size: int = 400, most: int = 100):
    """Sends batches until one is refused; returns the batches acknowledged and the refusal."""
    kept = []
    for index in range(most):
        batch = events(size, prefix=f"{prefix}{index}")
        answer = post(server, batch)
        if answer.status_code != 200:
            return kept, answer
        assert answer.json()["accepted"] == size
        kept.append(batch)
    pytest.fail(f"{most * size} events and no refusal")


def assert_retryable(answer) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("mark", ["1KiB", "8MiB"], ids=["full", "read-only mark"])
def test_a_full_disk_refuses_loses_nothing_and_recovers_by_itself(tmp_path, small_disk, mark):
    ballast = small_disk / "ballast"
    config = SELDOM | {"disk": {"read_only_below": mark}}
    folder = small_disk / "server"
    # The log must have room where the data has none.
    with Server(tmp_path / "server", config=config, data_folder=folder) as server:
        leave(small_disk, ballast, (300 << 10) + (0 if mark == "1KiB" else 8 << 20))
        kept, refusal = fill_until_refused(server, "before")
        if mark != "1KiB":
            # The disk is looked at once a second.
            until(lambda: server.metric("quiver_read_only") == 1)
        assert kept
        assert_retryable(refusal)
        assert "full" in refusal.text, refusal.text
        for _ in range(20):
            assert_retryable(post(server, events(400, prefix="refused")))
        assert server.get("/healthz").ok
        assert server.get("/v1/status").json()["acknowledged_offset"] == len(kept) * 400
        assert server.get("/v1/models").ok
        if mark != "1KiB":
            assert server.metric("quiver_read_only") == 1
            assert server.get("/readyz").status_code in (200, 503)
            # Below the mark there still is room to write the tables.
            server.flow_run()
            assert_once(ids(folder), [event["id"] for batch in kept for event in batch])
        else:
            # There is no room for tables either; it fails, says so, and harms nothing.
            requests.post(server.url + "/v1/flow/run", timeout=120)
            assert server.get("/healthz").ok
        ballast.unlink()
        until(lambda: post(server, events(1, prefix="room")).status_code == 200)
        more = events(400, prefix="after")
        assert acknowledged(post(server, more)) == 400
        server.flow_run()
        wanted = [event["id"] for batch in [*kept, more] for event in batch]
        found = ids(folder)
        assert_once(found, wanted)
        assert set(found) == {*wanted, events(1, prefix="room")[0]["id"]}, "refused events appeared"
        server.kill()
    with Server(tmp_path / "server", config=config, data_folder=folder) as server:
        assert server.metric("quiver_journal_lost_offsets") == 0
        assert acknowledged(post(server, more)) == 400
        server.flow_run()
        assert_once(ids(folder), wanted)


def test_a_kill_on_a_full_disk_leaves_a_server_that_starts(tmp_path, small_disk):
    """Even with no byte left: at least the message must say what to do, and with room everything is there."""
    ballast = small_disk / "ballast"
    config = SELDOM | {"disk": {"read_only_below": "1KiB"}}
    folder = small_disk / "server"
    with Server(tmp_path / "server", config=config, data_folder=folder) as server:
        leave(small_disk, ballast, 300 << 10)
        kept, _ = fill_until_refused(server, "before")
        server.kill()
    with contextlib.suppress(OSError), open(small_disk / "more", "wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    try:
        with Server(tmp_path / "server", config=config, data_folder=folder, ready_within_seconds=20) as server:
            assert_retryable(post(server, events(400, prefix="refused")))
    except RuntimeError as error:
        assert "ended with 2" in str(error) and ("No space left" in str(error) or "full" in str(error)), error
    ballast.unlink()
    with Server(tmp_path / "server", config=config, data_folder=folder) as server:
        server.flow_run()
        assert_once(ids(folder), [event["id"] for batch in kept for event in batch])


# ---- Syncs that fail.


@pytest.fixture(scope="session")
def failing_sync(tmp_path_factory) -> Path:
    library = tmp_path_factory.mktemp("failing_sync") / "failing_sync.so"
    source = Path(__file__).with_name("failing_sync.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return library


@pytest.mark.parametrize(("error", "flushed"), [(5, False), (5, True), (28, True)], ids=["EIO", "EIO flushed before", "ENOSPC"])
def test_after_a_failed_sync_nothing_is_acknowledged_and_the_rest_goes_on(tmp_path, failing_sync, error, flushed):
    trigger = tmp_path / "fail"
    env = {
        "LD_PRELOAD": str(failing_sync),
        "FAILING_SYNC_TRIGGER": str(trigger),
        "FAILING_SYNC_PATH": "/journal/",
        "FAILING_SYNC_ERROR": str(error),
    }
    with Server(tmp_path, config=SELDOM, env=env) as server:
        before = events(100, prefix="before")
        if flushed:
            acknowledged(post(server, before[:50]))
            server.flow_run()
        assert acknowledged(post(server, before)) == 100
        trigger.touch()
        answers = ThreadPoolExecutor(8).map(lambda index: post(server, events(10, prefix=f"failing{index}")), range(24))
        for answer in answers:
            assert_retryable(answer)
        # Nor when the disk seems well again: what the kernel dropped stays dropped.
        trigger.unlink()
        answer = post(server, events(10, prefix="stopped"))
        assert_retryable(answer)
        assert answer.json()["type"].endswith("ingestion-stopped"), answer.text
        assert "restart" in answer.json()["detail"]
        received = post(server, events(10, prefix="stopped"), path="/v1/events?ack=received")
        assert_retryable(received)
        assert server.metric("quiver_ingestion_stopped") == 1
        assert server.get("/healthz").ok and server.get("/v1/models").ok
        status = server.get("/v1/status").json()
        assert status["acknowledged_offset"] == 100 and status["reason"], status
        assert "ingestion has stopped" in server.log()
        server.flow_run()
        assert_once(ids(tmp_path), [event["id"] for event in before])
        assert len(ids(tmp_path)) == 100
        server.kill()
    with Server(tmp_path, config=SELDOM) as server:
        again = [event for index in range(24) for event in events(10, prefix=f"failing{index}")]
        assert acknowledged(post(server, again)) == 240
        server.flow_run()
        assert_once(ids(tmp_path), [event["id"] for event in before + again])


# ---- Neighbours, stops, and what is acknowledged.


def test_a_second_server_on_the_same_folder_refuses_and_names_the_first(tmp_path):
    with Server(tmp_path / "first") as server:
        acknowledged(post(server, events(5)))
        second = Server(tmp_path / "second", data_folder=server.data_folder, start=False)
        assert second.process.wait(30) == 2, second.log()
        assert str(server.pid) in second.log(), second.log()
        assert str(server.data_folder) in second.log()
        acknowledged(post(server, events(5, prefix="more")))
        server.flow_run()
        assert len(ids(server.data_folder)) == 10


def test_ack_received_may_lose_its_last_moment_and_nothing_else(tmp_path):
    with Server(tmp_path, config=SELDOM) as server:
        safe = events(50, prefix="safe")
        assert acknowledged(post(server, safe)) == 50
        for index in range(40):
            assert post(server, events(20, prefix=f"hasty{index}"), path="/v1/events?ack=received").status_code == 200
        # Whatever was acknowledged after a sync covers what was received before it.
        last = events(1, prefix="last")
        assert acknowledged(post(server, last)) == 1
        hasty_end = events(20, prefix="end")
        assert post(server, hasty_end, path="/v1/events?ack=received").status_code == 200
        server.kill()
    with Server(tmp_path, config=SELDOM) as server:
        server.flow_run()
        found = ids(tmp_path)
        hasty = [event for index in range(40) for event in events(20, prefix=f"hasty{index}")]
        assert_once(found, [event["id"] for event in safe + hasty + last])
        assert set(found) <= {event["id"] for event in safe + hasty + last + hasty_end}
    assert "lose" in requests_document(tmp_path), "the loss window is not documented"


def requests_document(folder) -> str:
    with Server(folder) as server:
        document = server.get("/openapi.json").json()
    parameters = document["paths"]["/v1/events"]["post"]["parameters"]
    return next(parameter for parameter in parameters if parameter["name"] == "ack")["description"]


def test_sigterm_under_load_answers_what_it_took_and_keeps_it(tmp_path):
    kept, refused, wrong, stop = [], [], [], threading.Event()

    def send(worker: int) -> None:
        session, index = requests.Session(), 0
        while not stop.is_set():
            index += 1
            batch = events(50, prefix=f"worker{worker}.{index}")
            try:
                answer = post(server, batch, session=session, timeout=30)
            except requests.ConnectionError as error:
                refused.append(error)
                return
            if answer.status_code == 200:
                kept.extend(event["id"] for event in batch)
            elif answer.status_code != 503:
                wrong.append(answer.text)

    for round_number in range(2):
        folder = tmp_path / str(round_number)
        kept.clear()
        with Server(folder) as server:
            workers = [threading.Thread(target=send, args=(worker,)) for worker in range(6)]
            for worker in workers:
                worker.start()
            time.sleep(0.7)
            began = time.monotonic()
            assert server.stop(within_seconds=25) == 0, server.log()
            took = time.monotonic() - began
            stop.set()
            for worker in workers:
                worker.join(30)
            stop.clear()
            assert took < 20, f"stopping took {took:.1f} s"
        assert not wrong and kept
        with Server(folder) as server:
            assert server.metric("quiver_journal_lost_offsets") == 0
            server.flow_run()
            assert_once(ids(folder), kept)


def test_repeats_count_once_in_parallel_and_across_restarts(tmp_path):
    batch = events(120)
    keyed = b"".join(ndjson([{name: value for name, value in event.items() if name != "id"}]) for event in events(30, prefix="keyed"))
    with Server(tmp_path, config=SELDOM) as server:
        answers = [post(server, batch).json() for _ in range(3)]
        assert [(answer["accepted"], answer["duplicates"]) for answer in answers] == [(120, 0), (0, 120), (0, 120)]
        parallel = events(200, prefix="parallel")
        answers = list(ThreadPoolExecutor(8).map(lambda _: post(server, parallel).json(), range(16)))
        assert sum(answer["accepted"] for answer in answers) == 200
        assert sum(answer["duplicates"] for answer in answers) == 15 * 200
        # The same twice within a request.
        twice = post(server, events(4, prefix="twice") * 2).json()
        assert (twice["accepted"], twice["duplicates"]) == (4, 4)
        assert post(server, keyed, Idempotency_Key="key-1").json()["accepted"] == 30
        assert post(server, keyed, Idempotency_Key="key-1").json()["duplicates"] == 30
        # Another key says that these are other events.
        assert post(server, keyed, Idempotency_Key="key-2").json()["accepted"] == 30
        server.flow_run()
        server.kill()
    for _ in range(2):
        with Server(tmp_path, config=SELDOM) as server:
            answer = post(server, batch).json()
            assert (answer["accepted"], answer["duplicates"]) == (0, 120)
            assert post(server, keyed, Idempotency_Key="key-1").json()["duplicates"] == 30
            server.flow_run()
            assert_once(ids(tmp_path), [event["id"] for event in batch + parallel])
            assert len(ids(tmp_path)) == 120 + 200 + 4 + 60
            server.stop()


def test_an_event_too_large_for_the_journal_is_refused_by_itself(tmp_path):
    """Those who were written together with it must not hear of it."""
    text = base64.b85encode(random.Random(SEED).randbytes(14 << 20)).decode()
    columns = {"id": ["large"], "at": [datetime.now(timezone.utc)], "score": [0.5], "checksum": [text]}
    table = pyarrow.table(columns)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    body = sink.getvalue().to_pybytes()
    stop, wrong, kept = threading.Event(), [], []

    def send(worker: int) -> None:
        session, index = requests.Session(), 0
        while not stop.is_set():
            index += 1
            batch = events(1, prefix=f"small{worker}.{index}")
            answer = post(server, batch, session=session)
            (kept if answer.status_code == 200 else wrong).append((answer.status_code, answer.text, batch[0]["id"]))

    with Server(tmp_path, config=SELDOM) as server:
        workers = [threading.Thread(target=send, args=(worker,)) for worker in range(6)]
        for worker in workers:
            worker.start()
        answers = [
            post(server, body, "application/vnd.apache.arrow.stream", path="/v1/events?model=flight-delay").status_code for _ in range(4)
        ]
        stop.set()
        for worker in workers:
            worker.join(30)
        assert set(answers) <= {400, 413}, answers
        assert kept and not wrong, f"{len(wrong)} small events were refused with it, such as {wrong[0]}"


def test_late_and_unordered_events_land_in_their_own_days(tmp_path):
    now = datetime.now(timezone.utc)
    days = [0, 30, 3, 29, 0, 90, 1]
    sent = {}
    with Server(tmp_path, config=SELDOM) as server:
        for index, age in enumerate(days):
            batch = events(5, prefix=f"age{index}", at=now - timedelta(days=age))
            random.Random(index).shuffle(batch)
            assert post(server, batch).json()["accepted"] == 5
            sent |= {event["id"]: event["at"][:10] for event in batch}
            if index % 3 == 2:
                server.flow_run()
        server.flow_run()
        table = rows(tmp_path, columns=["id", "event_date", "at"])
        found = dict(zip(table["id"].to_pylist(), [str(day) for day in table["event_date"].to_pylist()]))
        assert found == sent
        partitions = {path.name for path in table_path(tmp_path, "predictions").glob("event_date=*")}
        assert partitions == {f"event_date={day}" for day in sent.values()}
        # Beyond the limit of clock skew an event is refused, by itself.
        ahead = events(1, prefix="ahead", at=now + timedelta(hours=2))
        answer = post(server, ahead + events(1, prefix="present")).json()
        assert answer["accepted"] == 1 and answer["errors"][0]["reason"] == "in_the_future"
