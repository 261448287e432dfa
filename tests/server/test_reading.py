"""The read API: its figures against figures counted here, its pages, its refusals, and what it answers when nothing changed."""

from __future__ import annotations

import math
import sqlite3
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
import requests

from harness import SPEC, Server, events, instant, post, until

FIRST_DAY = datetime(2024, 3, 1, tzinfo=timezone.utc)
REFERENCE = "reference: {from: 2024-03-01, to: 2024-03-02}\nquality:\n  - {metric: recall, threshold: 0.5, at_least: 0.4}\n"
ROWS = 1_000


def day_of(index: int) -> list[dict]:
    """A day's predictions in its noon hour: of version v1, then v2 from the third day on, in which the cold makes all scores small."""
    batch = events(ROWS, seed=index, prefix="day", at=FIRST_DAY + timedelta(days=index, hours=12))
    for row, event in enumerate(batch):
        event["decision_id"] = f"decision-{index}-{row}"
        event["decision"] = {"action": "notify" if event["output"]["score"] >= 0.5 else "ignore", "by": "model"}
        if row % 4 == 0:
            # Only every fourth tells what it cost, and of the carrier how many calls.
            event["feature_meta"] = {"temp": {"cost": {"ms": 1.5 + index, "calls": 2}, "computed_at": event["at"]}, "carrier": {"cost": {"calls": 1}}}
        if index >= 2:
            event["version"] = "v2"
            event["features"]["temp"] -= 60.0
            event["output"]["score"] = round(event["output"]["score"] * 0.4, 6)
            event["decision"] = {"action": "ignore", "by": "rule", "rule": "cold"} if row % 10 == 0 else {"action": "ignore", "by": "model"}
            if row % 10 == 0:
                event["decision"]["model_action"] = "notify"
    return batch


def is_late(event: dict) -> bool:
    """The truth: every other prediction."""
    return int(event["id"].rsplit("-", 1)[1]) % 2 == 0


def labels(batch: list[dict]) -> list[dict]:
    return [
        {
            "kind": "feedback",
            "model": "flight-delay",
            "id": "label-" + event["id"],
            "prediction_id": event["id"],
            "at": instant(datetime.fromisoformat(event["at"].replace("Z", "+00:00")) + timedelta(hours=2)),
            "name": "late",
            "value": int(is_late(event)),
        }
        for event in batch
    ]


@pytest.fixture(scope="module")
def days() -> list[list[dict]]:
    return [day_of(index) for index in range(4)]


@pytest.fixture(scope="module")
def server(tmp_path_factory, days):
    with Server(tmp_path_factory.mktemp("reading"), "--replay-clock", spec=SPEC + REFERENCE) as running:
        for batch in days:
            assert post(running, batch + labels(batch)).json()["accepted"] == 2 * ROWS
        # Long after, so that no label is awaited any more.
        later = {"kind": "change", "model": "flight-delay", "id": "c1", "what": "deploy", "ref": "v2", "at": "2024-03-03T00:00:00Z"}
        beat = {"kind": "prediction", "model": "flight-delay", "id": "last", "version": "v2", "at": "2024-03-20T12:00:00Z", "output": {"score": 0.1}}
        assert post(running, [later, beat]).json()["accepted"] == 2
        running.flow_run()
        yield running


def read(server, path: str, **parameters) -> dict:
    response = server.get(f"/v1/models/flight-delay/{path}", params={"from": "2024-03-01", "to": "2024-03-05", "by": "day"} | parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_overview_names_the_arrow_that_broke_first_and_since_when(server):
    overview = server.get("/v1/overview", params={"from": "2024-03-01", "to": "2024-03-05", "by": "day"}).json()
    (model,) = overview["models"]
    assert [period["label"] for period in overview["calendars"][model["calendar"]]] == [f"2024-03-0{day}" for day in (1, 2, 3, 4)]
    assert [arrow["arrow"] for arrow in model["arrows"]] == ["features", "inference", "decision", "feedback"]
    assert model["rows"] == [ROWS] * 4
    assert model["first_broken"]["since"]["label"] == "2024-03-03"
    assert model["first_broken"]["arrow"] in ("decision", "feedback") and model["first_broken"]["evidence"]
    assert model["arrows"][3]["broken_since"]["label"] == "2024-03-03"
    assert model["latest_event_at"].startswith("2024-03-20T12:00:00")


def test_windows_tell_the_traffic_the_versions_and_what_changed(server):
    windows = read(server, "windows")
    (arm,) = windows["arms"]
    assert arm["rows"] == [ROWS] * 4 and arm["labelled"] == [ROWS] * 4
    assert arm["versions"] == ["v1", "v2"]
    markers = {(marker["kind"], marker["what"]) for marker in windows["markers"]}
    assert markers == {("change", "deploy"), ("version", "v2")}
    assert [period["label"] for period in windows["periods"]] == [f"2024-03-0{day}" for day in (1, 2, 3, 4)]


def test_a_version_is_new_where_it_did_not_answer_just_before(server):
    def new_from(date):
        windows = read(server, "windows", **{"from": date})
        return [marker["what"] for marker in windows["markers"] if marker["kind"] == "version"]

    assert (new_from("2024-03-02"), new_from("2024-03-03"), new_from("2024-03-04")) == (["v2"], ["v2"], [])


def test_figures_of_a_feature_are_those_of_its_values(server, days):
    feature = read(server, "features/temp")
    for batch, figures in zip(days, feature["windows"], strict=True):
        temperatures = [event["features"]["temp"] for event in batch]
        assert (figures["rows"], figures["missing"]) == (ROWS, 0)
        assert figures["mean"] == pytest.approx(statistics.fmean(temperatures), rel=1e-12)
        assert figures["standard_deviation"] == pytest.approx(statistics.pstdev(temperatures), rel=1e-9)
        assert sum(figures["bins"]) == ROWS
        median = sorted(temperatures)[ROWS // 2 - 1]
        assert figures["quantiles"]["p50"] == pytest.approx(median, rel=0.01)
    assert feature["current"]["rows"] == 4 * ROWS
    assert feature["current"]["mean"] == pytest.approx(statistics.fmean(e["features"]["temp"] for batch in days for e in batch), rel=1e-9)
    assert len(feature["bins"]) == len(feature["reference"]["bins"]) == len(feature["current"]["bins"])
    assert feature["reference"]["rows"] == ROWS
    drift = next(series for series in feature["series"] if series["monitor"] == "drift")
    # By hand: the population stability index over the same bins, empty ones as half a row.
    expected = psi(feature["reference"]["bins"], feature["windows"][2]["bins"])
    assert drift["values"][2] == pytest.approx(expected, rel=1e-9) and drift["verdicts"][2] == "drifted"
    assert drift["verdicts"][1] == "healthy"


def psi(reference: list[int], current: list[int]) -> float:
    """As Quiver's convention says it: bins that are empty on both sides are left out, an empty side counts as half a row."""
    filled = [(max(before, 0.5), max(after, 0.5)) for before, after in zip(reference, current, strict=True) if before or after]
    totals = [sum(side) for side in zip(*filled, strict=True)]
    shares = [(before / totals[0], after / totals[1]) for before, after in filled]
    return sum((after - before) * math.log(after / before) for before, after in shares)


def test_features_are_sorted_searched_and_paged_by_the_server(server):
    worst = read(server, "features")
    assert worst["total"] == 7 and worst["features"][0]["feature"] == "temp"
    assert worst["features"][0]["harm"] is not None
    names = [row["feature"] for row in read(server, "features", sort="name")["features"]]
    assert names == sorted(names)
    pages = [read(server, "features", sort="name", limit=3, offset=offset)["features"] for offset in (0, 3, 6)]
    assert [row["feature"] for page in pages for row in page] == names
    found = read(server, "features", search="WEATHER")
    assert [row["feature"] for row in found["features"]] == ["temp"], "by its source"
    assert read(server, "features", verdict="broken,drifted", search="origin")["total"] == 0


def test_features_tell_what_their_values_cost_to_fetch(server):
    rows = read(server, "features", sort="cost")["features"]
    assert [row["feature"] for row in rows[:2]] == ["temp", "carrier"], "time before calls, what tells nothing last"
    told = 4 * ROWS // 4
    assert rows[0]["costs"] == {"ms": {"mean": pytest.approx(3.0), "rows": told}, "calls": {"mean": 2.0, "rows": told}, "bytes": None}
    assert rows[1]["costs"] == {"ms": None, "calls": {"mean": 1.0, "rows": told}, "bytes": None}
    assert all(row["costs"] is None for row in rows[2:])
    by_day = [window["costs"]["ms"]["mean"] for window in read(server, "features/temp")["windows"]]
    assert by_day == pytest.approx([1.5, 2.5, 3.5, 4.5])
    assert {row["feature"]: row["stale_share"] for row in rows}["origin"] is None, "no event tells its age"


def test_performance_and_thresholds_are_counted_from_the_labels(server, days):
    performance = read(server, "performance")
    everything = [(event["output"]["score"], is_late(event)) for batch in days for event in batch]
    (confusion,) = performance["confusion"]
    expected = {
        "threshold": 0.5,
        "true_positives": sum(score >= 0.5 and late for score, late in everything),
        "false_positives": sum(score >= 0.5 and not late for score, late in everything),
        "true_negatives": sum(score < 0.5 and not late for score, late in everything),
        "false_negatives": sum(score < 0.5 and late for score, late in everything),
    }
    assert confusion == expected
    recall = next(series for series in performance["metrics"] if series["subject"] == "recall")
    for batch, value, rows in zip(days, recall["values"], recall["rows"], strict=True):
        hits = sum(event["output"]["score"] >= 0.5 and is_late(event) for event in batch)
        assert rows == sum(map(is_late, batch)) and value == pytest.approx(hits / rows)
    assert recall["verdicts"][2:] == ["broken", "broken"]
    for point in read(server, "decision")["thresholds"][::20]:
        decided = [late for score, late in everything if score >= point["threshold"]]
        assert point["decided_share"] == pytest.approx(len(decided) / len(everything))
        assert point["true_positives"] == sum(decided)
    assert sum(group["rows"] for group in performance["deciles"]) == len(everything)
    assert performance["delay"]["quantiles"][2]["seconds"] == pytest.approx(7_200, rel=0.01)


def test_decisions_are_counted_by_action_decider_and_rule(server, days):
    decision = read(server, "decision")
    assert {row["by"]: row["rows"] for row in decision["deciders"]} == {"model": 4 * ROWS - 200, "rule": 200}
    assert decision["rules"] == [{"rule": "cold", "rows": 200, "overridden": 200}]
    notified = sum(event["output"]["score"] >= 0.5 for batch in days[:2] for event in batch)
    assert {row["action"]: row["rows"] for row in decision["actions"]} == {"ignore": 4 * ROWS - notified, "notify": notified}
    assert [sum(window) for window in decision["score"]["windows"]] == [ROWS] * 4


def test_the_diagnosis_names_the_cause_and_what_it_touched(server):
    (arm,) = read(server, "diagnosis")["arms"]
    assert {onset["since"]["label"] for onset in arm["onsets"]} == {"2024-03-03"}
    assert arm["causes"][0]["subject"] == "temp"
    assert arm["decisions_touched"] == 2 * ROWS
    assert [finding["subject"] for finding in arm["infrastructure"] if finding["monitor"] == "latency"] == ["p95_latency"]


def test_findings_come_with_their_words_newest_first_and_in_pages(server):
    broken = read(server, "findings", verdict="broken")
    assert broken["total"] == len(broken["findings"]) > 0
    starts = [finding["window"]["start"] for finding in broken["findings"]]
    assert starts == sorted(starts, reverse=True)
    assert all(finding["verdict"] == "broken" and finding["evidence"] for finding in broken["findings"])
    everything = read(server, "findings", limit=1000)["findings"]
    pages = [read(server, "findings", limit=50, offset=offset)["findings"] for offset in range(0, len(everything), 50)]
    assert [finding for page in pages for finding in page] == everything
    series = read(server, "series", arrow="feedback", monitor="quality")["series"]
    told = {(finding["subject"], finding["window"]["start"]): finding["value"] for finding in everything if finding["monitor"] == "quality"}
    for one in series:
        assert all(told[one["subject"], f"2024-03-0{day + 1}T00:00:00Z"] == value for day, value in enumerate(one["values"]))


def test_two_periods_and_two_versions_stand_side_by_side(server, days):
    comparison = server.get(
        "/v1/models/flight-delay/compare",
        params={"left_from": "2024-03-01", "left_to": "2024-03-03", "right_from": "2024-03-03", "right_to": "2024-03-05"},
    ).json()
    assert (comparison["left"]["rows"], comparison["right"]["rows"]) == (2 * ROWS, 2 * ROWS)
    first = next(column for column in comparison["columns"] if column["arrow"] == "features")
    assert first["subject"] == "temp"
    assert first["left"]["mean"] - first["right"]["mean"] == pytest.approx(60, abs=2)
    by_version = server.get("/v1/models/flight-delay/compare", params={"left_version": "v1", "right_version": "v2", "left_to": "2024-03-05"}).json()
    assert (by_version["left"]["rows"], by_version["right"]["rows"]) == (2 * ROWS, 2 * ROWS)
    recall = next(metric for metric in by_version["metrics"] if metric["metric"] == "recall")
    assert recall["right"] == 0.0 and recall["left"] > 0.4


def test_slices_hold_all_rows_and_a_feature_in_each(server, days):
    (origin,) = read(server, "slices")["slices"]
    counted = {value["value"]: value["rows"] for value in origin["values"]}
    expected = {place: sum(event["features"]["origin"] == place for batch in days for event in batch) for place in ("EWR", "JFK", "LGA")}
    assert counted == expected
    (origin,) = read(server, "features/temp/slices")["slices"]
    for value in origin["values"]:
        there = [e["features"]["temp"] for batch in days for e in batch if e["features"]["origin"] == value["value"]]
        assert value["rows"] == len(there) and value["mean"] == pytest.approx(statistics.fmean(there))


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        ("2024-03-01", "2024-04-01", [0, 1, 2, 3]),  # the month
        ("2024-02-20", "2024-03-04", [0, 1, 2]),  # a week
        ("2024-03-01", "2024-03-12", [0, 1, 2, 3]),  # a week and the day after it
        ("2024-03-02", "2024-03-04", [1, 2]),  # days only
    ],
)
def test_long_ranges_are_put_together_from_longer_periods_without_loss(server, days, start, end, held):
    batch = [event for index in held for event in days[index]]
    scope = {"from": start, "to": end}
    (origin,) = read(server, "slices", **scope)["slices"]
    expected = {place: sum(event["features"]["origin"] == place for event in batch) for place in ("EWR", "JFK", "LGA")}
    assert {value["value"]: value["rows"] for value in origin["values"] if value["value"] in expected} == expected
    (origin,) = read(server, "features/temp/slices", **scope)["slices"]
    for value in (value for value in origin["values"] if value["value"] in expected):
        there = [e["features"]["temp"] for e in batch if e["features"]["origin"] == value["value"]]
        assert value["rows"] == len(there) and value["mean"] == pytest.approx(statistics.fmean(there), rel=1e-9)
    sides = {"left_from": start, "left_to": end, "right_from": start, "right_to": end}
    comparison = server.get("/v1/models/flight-delay/compare", params=sides).json()
    temp = next(column for column in comparison["columns"] if column["subject"] == "temp")
    assert temp["left"]["mean"] == pytest.approx(statistics.fmean(e["features"]["temp"] for e in batch), rel=1e-9)
    assert comparison["left"]["rows"] in (len(batch), len(batch) + 1), "the last prediction has no features"


def test_what_comes_later_changes_only_what_it_touches(tmp_path, days):
    """Judging goes on where it stopped: a late event revises its own day, and a restart gives the same answers."""
    spec = SPEC + REFERENCE

    def revisions() -> dict[int, int]:
        with sqlite3.connect(f"file:{tmp_path}/quiver-data/catalogue.sqlite?mode=ro", uri=True) as catalogue:
            return dict(catalogue.execute("SELECT starts_at, revision FROM judged_periods WHERE length = '1d' ORDER BY starts_at"))

    with Server(tmp_path, "--replay-clock", spec=spec) as server:
        for batch in days:
            post(server, batch + labels(batch))
        # Far enough that no day waits for labels any more.
        post(server, [{"kind": "prediction", "model": "flight-delay", "id": "last", "at": "2024-03-20T12:00:00Z", "output": {"score": 0.1}}])
        server.flow_run()
        before = revisions()
        rows = [feature["rows"] for feature in read(server, "features")["features"]]
        late = events(5, seed=99, prefix="late", at=FIRST_DAY + timedelta(days=1, hours=13))
        post(server, late)
        server.flow_run()
        after = revisions()
        second_day = int((FIRST_DAY + timedelta(days=1)).timestamp() * 1e6)
        changed = {start for start in after if after[start] != before.get(start)}
        assert changed == {second_day}
        told = [read(server, path) for path in ("windows", "features", "diagnosis", "performance")]
        # Rows of the table are kept from one question to the next, and not beyond what changes them.
        assert [feature["rows"] for feature in told[1]["features"]] == [of + 5 for of in rows]
        assert told[0]["arms"][0]["rows"] == [ROWS, ROWS + 5, ROWS, ROWS]
        server.stop()
    with Server(tmp_path, "--replay-clock", spec=spec) as again:
        assert [read(again, path) for path in ("windows", "features", "diagnosis", "performance")] == told


def test_what_is_judged_by_and_by_is_what_is_judged_at_once(tmp_path, days):
    """Longer periods are put together from days that stand as they are kept: byte for byte as from all their windows."""
    spec = SPEC + REFERENCE + "drift: {window: 6h}\n"

    def some(count: int, name: str, **after) -> list[dict]:
        return events(count, seed=count, prefix=name, at=FIRST_DAY + timedelta(**after))

    # A day on which nothing came but what was refused: the door knows of it, and no prediction does.
    clock = {"kind": "change", "model": "flight-delay", "id": "c1", "what": "deploy", "ref": "v2", "at": "2024-03-08T12:00:00Z"}
    refused = {"kind": "prediction", "model": "flight-delay", "id": "bad", "at": "2024-03-08T12:00:00Z", "output": {"score": "high"}}
    before = [*(batch + labels(batch) for batch in days), some(60, "week", days=5, hours=3)]
    after = [
        # Into a day that was judged, and a window of it that was not there.
        some(40, "late", days=1, hours=1),
        # Far enough that no window waits for labels any more.
        some(20, "month", days=40),
        some(30, "later", days=9),
    ]

    def judged(name: str, rounds: list[list[dict]]) -> dict[tuple, tuple]:
        with Server(tmp_path / name, "--replay-clock", spec=spec) as server:
            for lot in rounds:
                answer = post(server, lot)
                assert answer.status_code == 400 if lot == [refused] else answer.json()["accepted"] == len(lot)
                if len(rounds) > 3 or lot is rounds[-1]:
                    server.flow_run()
        with sqlite3.connect(f"file:{tmp_path}/{name}/quiver-data/catalogue.sqlite?mode=ro", uri=True) as catalogue:
            rows = catalogue.execute("SELECT length, arm, starts_at, ends_at, judged, outcome, profile, slices FROM judged_periods")
            return {row[:4]: row[4:] for row in rows}

    at_once = judged("once", [[clock], [refused], [event for lot in before + after for event in lot]])
    by_and_by = judged("by-and-by", [*before, [clock], [refused], *after])
    lengths = [length for length, *_ in at_once]
    assert [lengths.count(length) for length in ("1w", "1mo")] == [3, 2] and 8 <= lengths.count("1d") < lengths.count("6h")
    different = [key for key in at_once.keys() | by_and_by.keys() if at_once.get(key) != by_and_by.get(key)]
    assert different == []


def test_an_answer_that_did_not_change_is_told_in_a_few_bytes(server):
    url = f"{server.url}/v1/models/flight-delay/windows"
    first = requests.get(url, timeout=30)
    assert first.headers["cache-control"] == "private, no-cache"
    again = requests.get(url, headers={"If-None-Match": first.headers["etag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")
    other = requests.get(url, headers={"If-None-Match": '"another"'}, timeout=30)
    assert other.content == first.content


def test_what_was_asked_lately_is_answered_anew_before_it_is_asked_again(tmp_path, days):
    with Server(tmp_path, "--replay-clock", spec=SPEC + REFERENCE) as server:
        def answers(origin: str) -> float:
            return server.metric("quiver_read_answers_total", origin=origin)

        post(server, days[0] + labels(days[0]))
        server.flow_run()
        first = read(server, "windows")
        assert server.get("/v1/models/flight-delay/windows", params={"by": "year"}).status_code == 400
        assert first["arms"][0]["rows"] == [ROWS]
        assert (answers("made"), answers("remembered"), answers("renewed")) == (1, 0, 0)
        post(server, days[1])
        server.flow_run()
        def is_renewed_and_quiet() -> bool:
            before = answers("renewed")
            time.sleep(2)
            return answers("renewed") == before > 0

        until(is_renewed_and_quiet, 60)
        again = read(server, "windows")
        assert again["arms"][0]["rows"] == [ROWS, ROWS]
        assert (answers("made"), answers("remembered")) == (1, 1), "the reader did not wait for it"


def test_who_would_rather_not_wait_is_told_what_held_a_moment_ago(tmp_path, days):
    with Server(tmp_path, "--replay-clock", spec=SPEC + REFERENCE) as server:
        def windows(**headers) -> requests.Response:
            answer = requests.get(f"{server.url}/v1/models/flight-delay/windows", params={"by": "day"}, headers=headers, timeout=30)
            assert answer.status_code == 200
            return answer

        post(server, days[0] + labels(days[0]))
        server.flow_run()
        first = windows()
        assert "age" not in first.headers
        post(server, days[1])
        server.flow_run()
        made = server.metric("quiver_read_answers_total", origin="made")
        old = windows(**{"Cache-Control": "max-stale=30"})
        assert server.metric("quiver_read_answers_total", origin="made") == made, "the reader waited"
        if "age" in old.headers:
            assert old.content == first.content and 1 <= int(old.headers["age"]) <= 30
        new = windows()
        # Without its age it is the new one: the server was faster than the request.
        assert "age" in old.headers or old.content == new.content
        assert new.json()["arms"][0]["rows"] == [ROWS, ROWS] and "age" not in new.headers
        assert windows(**{"Cache-Control": "max-stale=30"}).content == new.content
        # Under a spec that was put since, what held a moment ago no longer does.
        put = requests.put(f"{server.url}/v1/models/flight-delay/spec", data=(SPEC + REFERENCE).encode(), timeout=30)
        assert put.status_code == 200, put.text
        assert "age" not in windows(**{"Cache-Control": "max-stale=30"}).headers


def test_readers_of_the_same_page_wait_for_one_answer(tmp_path, days):
    with Server(tmp_path, "--replay-clock", spec=SPEC + REFERENCE) as server:
        post(server, days[0] + labels(days[0]))
        server.flow_run()
        with ThreadPoolExecutor(12) as readers:
            told = list(readers.map(lambda _: read(server, "features"), range(12)))
        assert all(answer == told[0] for answer in told)
        assert server.metric("quiver_read_answers_total", origin="made") == 1
        assert server.metric("quiver_read_answers_total", origin="remembered") == 11


@pytest.mark.parametrize(
    ("path", "parameters", "status", "says"),
    [
        ("models/flight-delai/windows", {}, 404, "flight-delay"),
        ("models/flight-delay/features/tamp", {}, 404, "temp"),
        ("models/flight-delay/windows", {"arm": "treatment"}, 404, "control"),
        ("models/flight-delay/windows", {"from": "yesterday"}, 400, "2026-01-31"),
        ("models/flight-delay/windows", {"from": "2024-03-05", "to": "2024-03-01"}, 400, "later"),
        ("models/flight-delay/windows", {"by": "year"}, 400, "month"),
        ("models/flight-delay/windows", {"last": "soon"}, 400, "30d"),
        ("models/flight-delay/windows", {"form": "2024-03-01"}, 400, "form"),
        ("models/flight-delay/findings", {"verdict": "sick"}, 400, "broken"),
        ("models/flight-delay/findings", {"limit": "many"}, 400, ""),
        ("models/flight-delay/series", {"monitor": "moods"}, 400, "drift"),
        ("models/flight-delay/features", {"sort": "colour"}, 400, "attention"),
        ("models/flight-delay/events/none-of-these", {}, 404, ""),
        ("models/flight-delay/specs/99", {}, 404, ""),
        ("overview", {"last": "-1d"}, 400, ""),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong_with_it(server, path, parameters, status, says):
    response = server.get(f"/v1/{path}", params=parameters)
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert says in problem["detail"], problem


def test_a_model_without_events_has_every_page(tmp_path):
    with Server(tmp_path, spec=SPEC) as server:
        overview = server.get("/v1/overview").json()["models"][0]
        assert [arrow["verdict"] for arrow in overview["arrows"]] == ["no_data"] * 4
        assert overview["known"] is None and server.get("/v1/overview").json()["calendars"] == [[]]
        for path in ("windows", "diagnosis", "findings", "series", "features", "features/temp", "features/temp/slices", "slices", "inference", "decision", "performance", "compare", "events", "specs"):
            response = server.get(f"/v1/models/flight-delay/{path}")
            assert response.status_code == 200, (path, response.text)
