"""What is kept of each prediction when a spec samples its features, and what is said of feedback on none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from harness import SPEC, Server, events, instant, post, rows

# In the last 24 hours, and far from midnight's cut between two windows.
THEN = (datetime.now(timezone.utc) - timedelta(hours=1)).replace(minute=30, second=0, microsecond=0)


def latest_findings(server) -> dict[tuple[str, str], dict]:
    """The findings of the newest judgement, by monitor and subject."""
    found = rows(server.folder, "findings").to_pylist()
    newest = max(finding["revision"] for finding in found)
    return {(finding["monitor"], finding["subject"]): finding for finding in found if finding["revision"] == newest}


def test_figures_of_features_rest_on_the_sample_and_all_others_on_every_row(tmp_path):
    batch = events(4_000, at=THEN)
    for index, event in enumerate(batch):
        if index % 4 == 0:
            # Every fourth answer failed: its features are kept, but must not count more often than the others'.
            event["error"] = "timeout"
            event["features"]["distance"] = 9_999.0
    with Server(tmp_path, spec=SPEC + "capture: {features: 20%}\nservice: {error_rate: 1%}\n") as server:
        assert post(server, batch).json()["accepted"] == 4_000
        server.flow_run()
        kept = rows(tmp_path, columns=["capture", "capture_probability", "feature_distance", "feature_origin", "score", "error"])
        findings = latest_findings(server)
    kept = kept.to_pylist()
    sample = [row for row in kept if row["capture"] == "sample"]
    assert len(kept) == 4_000 and all(row["score"] is not None and row["feature_origin"] for row in kept)
    assert 700 < len(sample) < 900
    assert all((row["capture"] == "none") == (row["feature_distance"] is None) for row in kept)
    assert all(row["feature_distance"] is not None for row in kept if row["error"])
    # Weighed by the probability with which they were kept, the kept rows are the whole again.
    weight = sum(1 / row["capture_probability"] for row in kept if row["capture"] != "none")
    assert weight == pytest.approx(4_000, rel=0.12)
    out_of_range = findings["range", "distance"]
    assert out_of_range["rows"] == len(sample), "the effective size is shown"
    assert out_of_range["value"] == pytest.approx(sum(row["feature_distance"] == 9_999.0 for row in sample) / len(sample))
    assert 0.2 < out_of_range["value"] < 0.3, "a quarter, though all of these rows were kept"
    assert findings["errors", "error_rate"]["rows"] == 4_000
    assert findings["missing", "origin"]["rows"] == 4_000, "slices stay on every row"


def test_feedback_on_no_prediction_is_counted_and_told_until_its_prediction_comes(tmp_path):
    batch = events(200, at=THEN)
    labels = [
        {
            "kind": "feedback",
            "model": "flight-delay",
            "id": f"label-{index}",
            "prediction_id": event["id"],
            "at": instant(THEN + timedelta(minutes=10)),
            "name": "late",
            "value": index % 2,
        }
        for index, event in enumerate(batch)
    ]
    with Server(tmp_path) as server:
        assert post(server, labels + batch[:150]).json()["accepted"] == 350
        server.flow_run()
        orphans = latest_findings(server)["orphan_feedback", "orphan_feedback"]
        assert (orphans["value"], orphans["rows"]) == (0.25, 200), orphans
        assert orphans["verdict"] == "drifted" and orphans["arrow"] == "feedback"
        assert "50 of 200" in orphans["evidence"]
        counted = {(entry["what"], entry["subject"]): entry["count"] for entry in server.get("/v1/status").json()["counted"]}
        assert (counted["feedback", "all"], counted["feedback", "orphan"]) == (200, 50)
        # They were kept: when their predictions come, they are labels like all others.
        assert post(server, batch[150:]).json()["accepted"] == 50
        server.flow_run()
        findings = latest_findings(server)
        assert ("orphan_feedback", "orphan_feedback") not in findings
        assert findings["label_share", "label_share"]["value"] == 1.0
