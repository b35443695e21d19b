"""Annotations, incidents and free events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber

from api.fakes import START, Recorded
from otel_distro import semconv
from otel_distro.api import annotate, arc, counting, event, incident, run

# --- annotations -----------------------------------------------------------------------------------------------------


def test_an_annotation_knows_where_it_was_made(recorded: Recorded) -> None:
    with run("serve") as r, arc("scoring") as a:
        made = annotate(inputs={"x": [1, 2]}, outputs={"y": 3}, metadata={"model": "m"}, labels=["good"])
    found = recorded.one(semconv.EVENT_ANNOTATION)
    assert found.attributes == {
        "algo.annotation.id": made,
        "algo.annotation.labels": ["good"],
        "algo.run.id": r.id,
        "algo.run.name": "serve",
        "algo.arc.id": a.id,
        "algo.arc.class": "scoring",
    }
    assert found.body == {"inputs": {"x": [1, 2]}, "outputs": {"y": 3}, "metadata": {"model": "m"}}
    scoring, _ = recorded.spans()
    assert scoring.context is not None
    assert (found.span.trace_id, found.span.span_id) == (scoring.context.trace_id, scoring.context.span_id)


def test_what_is_not_given_is_not_recorded(recorded: Recorded) -> None:
    made = annotate(outputs=0)
    found = recorded.one(semconv.EVENT_ANNOTATION)
    assert (found.attributes, found.body) == ({"algo.annotation.id": made}, {"outputs": 0})


def test_an_id_and_a_time_of_the_callers_are_kept(recorded: Recorded) -> None:
    assert annotate(inputs=1, id="mine", time_unix_nano=START + 5) == "mine"
    assert recorded.one(semconv.EVENT_ANNOTATION).timestamp == START + 5
    assert annotate(inputs=1, id=7) == "7"  # type: ignore[arg-type]  # bad data


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("one", ["one"]), (("a", 2), ["a", "2"]), (iter("ab"), ["a", "b"]), (None, None), ([], None)],
)
def test_labels_are_texts(recorded: Recorded, labels: Any, expected: list[str] | None) -> None:
    annotate(inputs=1, labels=labels)
    assert recorded.one(semconv.EVENT_ANNOTATION).attributes.get("algo.annotation.labels") == expected


# --- incidents -------------------------------------------------------------------------------------------------------


def test_an_incident_is_an_error_with_its_files(recorded: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_bytes(b"png")
    with run("serve") as r:
        made = incident("misjudged", "12 of 20", files=[path, tmp_path / "missing"])
    found = recorded.one(semconv.EVENT_INCIDENT)
    assert found.severity is SeverityNumber.ERROR
    assert found.attributes == {
        "algo.incident.id": made,
        "algo.incident.title": "misjudged",
        "algo.incident.description": "12 of 20",
        "algo.incident.files": [
            {
                "name": "plot.png",
                "media_type": "image/png",
                "size_bytes": 3,
                "sha256": "sha256-of-kept-1",
                "uri": path.as_uri(),
                "original_path": str(path),
                "kept": "kept-1",
            }
        ],
        "algo.run.id": r.id,
        "algo.run.name": "serve",
    }
    assert recorded.values("algo.incidents") == {(): 1}
    assert counting.counts() == {"file_missing": 1}


@pytest.mark.parametrize("files", [None, (), 5, [], [None]])
def test_an_incident_goes_without_files(recorded: Recorded, files: Any) -> None:
    incident("bare", files=files)
    assert set(recorded.one(semconv.EVENT_INCIDENT).attributes) == {"algo.incident.id", "algo.incident.title"}


def test_a_single_path_is_one_file(recorded: Recorded, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    incident("one", files=str(tmp_path / "a"))
    assert len(recorded.one(semconv.EVENT_INCIDENT).attributes["algo.incident.files"]) == 1


# --- free events -----------------------------------------------------------------------------------------------------


def test_a_text_is_an_event_of_the_current_run(recorded: Recorded) -> None:
    with run() as r, arc("a") as a:
        event("inside")
        event(ValueError("no"))
    first, second = recorded.events(semconv.EVENT_RUN_EVENT)
    assert (first.body, first.attributes["algo.run.id"], first.attributes["algo.arc.id"]) == ("inside", r.id, a.id)
    assert (second.body, second.attributes["exception.type"]) == ("ValueError: no", "ValueError")


def test_outside_any_run_it_is_free(recorded: Recorded) -> None:
    event("outside", severity="critical", time_unix_nano=START + 1)
    found = recorded.one(semconv.EVENT_NOTE)
    assert (found.body, found.severity, found.timestamp) == ("outside", SeverityNumber.FATAL, START + 1)


def test_a_map_is_free_inside_a_run_too(recorded: Recorded) -> None:
    with run() as r:
        event({"kind": "checkpoint", 3: [1]})  # type: ignore[dict-item]  # bad data
    found = recorded.one(semconv.EVENT_NOTE)
    assert (found.body, found.attributes["algo.run.id"]) == ({"kind": "checkpoint", "3": [1]}, r.id)


@pytest.mark.parametrize("severity", ["fatal", "", 17, ["info"]])
def test_an_unknown_severity_is_refused(recorded: Recorded, severity: Any) -> None:
    with pytest.raises(ValueError, match="severity must be one of debug, info, warning, error, critical, not"):
        event("text", severity=severity)
    with run() as r, pytest.raises(ValueError, match="severity must be one of"):
        r.event("text", severity=severity)
    assert recorded.events(semconv.EVENT_RUN_EVENT) + recorded.events(semconv.EVENT_NOTE) == []
