"""Offline: lines in a private file that grows by whole lines, also after a crash."""

import json
import os
import stat
import threading

import pytest
import quiver_ml


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.ndjson"


def client_of(path, **options):
    return quiver_ml.Client(mode="offline", file=path, model="m", first_retry_seconds=0.001, **options)


def ids(path):
    data = path.read_bytes()
    assert data.endswith(b"\n")
    return [json.loads(line)["id"] for line in data.splitlines()]


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_the_file_is_private_and_is_appended_to(path):
    for name in ("a", "b"):
        with client_of(path) as client:
            client.log_prediction(id=name, score=0.5)
            client.log_feedback(name, id=f"f-{name}", value=1)
    assert ids(path) == ["a", "f-a", "b", "f-b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_are_there_without_closing(path):
    client = client_of(path)
    client.log_prediction(id="a")
    assert client.flush(10)
    assert ids(path) == ["a"]
    assert client.stats()["sent"] == 1
    client.close()


def test_half_a_line_left_by_a_crash_spoils_no_other(path):
    path.write_bytes(b'{"id":"old"}\n{"id":"to')
    with client_of(path) as client:
        client.log_prediction(id="new")
    lines = path.read_bytes().splitlines()
    assert [lines[0], lines[1]] == [b'{"id":"old"}', b'{"id":"to']
    assert json.loads(lines[2])["id"] == "new"


def test_a_folder_that_is_not_there_is_counted(tmp_path):
    client = client_of(tmp_path / "nowhere" / "events.ndjson", max_retries=1)
    client.log_prediction()
    assert not client.flush(10)
    assert client.stats()["dropped"] == {"undeliverable": 1}
    assert "FileNotFoundError" in client.stats()["last_error"]
    client.close()


def test_a_disk_that_takes_half_a_line_gets_it_whole_later(path, monkeypatch):
    client = client_of(path)
    write = os.write
    left = [7]

    def full(file, data):
        if not left:
            return write(file, data)
        if left[0] > 0:
            left[0], room = 0, left[0]
            return write(file, data[:room])
        return 0

    def failing(file, data):
        if left and left[0] == 0:
            left.clear()
            raise OSError(28, "No space left on device")
        return full(file, data)

    monkeypatch.setattr(os, "write", failing)
    client.log_prediction(id="a")
    assert client.flush(10)
    client.close()
    lines = path.read_bytes().splitlines()
    assert lines[0] == b'{"kind"'
    assert [json.loads(line)["id"] for line in lines[1:]] == ["a"]
    assert client.stats()["retries"] == 1


def test_many_threads_write_whole_lines(path):
    client = client_of(path)

    def work(name):
        for number in range(200):
            client.log_prediction(id=f"{name}-{number}", features={"x": "y" * 100})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(10)
    assert len(set(ids(path))) == 800
    client.close()
