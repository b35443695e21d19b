"""The reader's listings: fields as they are documented, values as they were recorded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_distro import semconv
from otel_distro.query import records
from otel_distro.query.local import LocalReader
from otel_distro.query.reader import Page, Reader, Selection
from otel_distro.query.schema import StoreError
from otel_distro.spool.record import Kind
from query.stores import RUN, SECOND, START, Tape, gauge, key_values, span, store

LISTINGS = ("runs", "run_events", "arcs", "annotations", "incidents", "alerts", "artifacts", "metrics", "traces")
TRACE, SPAN = bytes(range(16)), bytes(range(8))
ALERT = {
    semconv.ALERT_NAME: "too high",
    semconv.ALERT_RULE: semconv.RULE_ABOVE,
    semconv.ALERT_METRIC: "loss",
    semconv.ALERT_FREQUENCY_MINUTES: 1.0,
    semconv.ALERT_WINDOW_MINUTES: 5.0,
    semconv.ALERT_THRESHOLD: 2.5,
}


def everything() -> Tape:
    """One of each."""
    tape = Tape()
    described = {
        semconv.RUN_FOLDER: "/tests",
        semconv.RUN_TAGS: ["demo", "ünï"],
        semconv.RUN_DESCRIPTION: "a first try",
        f"{semconv.RUN_METADATA}.lr": 0.1,
        f"{semconv.RUN_METADATA}.nested": {"a": [1, None]},
    }
    tape.run_event(semconv.EVENT_RUN_STARTED, described)
    for step, loss in enumerate((3.0, 1.0, 2.0)):
        tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: step}, {"loss": loss}, START + step)
    tape.run_event(semconv.EVENT_RUN_EVENT, {semconv.EXCEPTION_TYPE: "E"}, "noted", START + 5)
    tape.run_event(semconv.EVENT_ALERT_DEFINED, ALERT)
    ended = {semconv.RUN_STATUS: "completed", semconv.RUN_DURATION_SECONDS: 2.0, semconv.RUN_STARTED_UNIX_NANO: START}
    tape.run_event(semconv.EVENT_RUN_ENDED, ended, time=START + 2 * SECOND)
    arc = {semconv.ARC_ID: "a.b", semconv.ARC_CLASS: "scoring", semconv.ARC_PARENT_ID: "a", semconv.RUN_ID: RUN}
    tape.event(semconv.EVENT_ARC_STARTED, arc)
    tape.event(semconv.EVENT_ARC_EXPORT, arc, {"score": 0.5, "raw": b"\x00\xff", "bad": -math.inf, "big": 2**62})
    annotation = {semconv.ANNOTATION_ID: "an", semconv.ANNOTATION_LABELS: ["good"], semconv.ARC_ID: "a.b"}
    body = {"inputs": {"text": "hé"}, "outputs": [1, math.nan], "metadata": None}
    tape.event(semconv.EVENT_ANNOTATION, annotation, body, trace_id=TRACE, span_id=SPAN)
    incident = {semconv.INCIDENT_ID: "in", semconv.INCIDENT_TITLE: "misjudged", semconv.RUN_ID: RUN}
    tape.event(semconv.EVENT_INCIDENT, incident, severity=17)
    artifact = {
        semconv.ARTIFACT_NAME: "model.pt",
        semconv.ARTIFACT_CATEGORY: "output",
        semconv.ARTIFACT_MEDIA_TYPE: "application/x",
        semconv.ARTIFACT_SIZE_BYTES: 5,
    }
    tape.run_event(semconv.EVENT_ARTIFACT, artifact)
    message = span("GET /", 1, START, 0.25, path="/")
    message.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="boom"))
    message.parent_span_id = SPAN
    message.events.add(name="retry", time_unix_nano=START + 1, attributes=key_values({"n": 2}))
    tape.add(Kind.SPAN, message)
    tape.add(Kind.METRIC, gauge("price", 3.5, START, area="a"))
    return tape


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LocalReader]:
    with LocalReader(store(tmp_path / "store.db", everything())) as opened:
        yield opened


def listed(reader: LocalReader, name: str, **selection: Any) -> list[dict[str, Any]]:
    page: Page[Any] = getattr(reader, name)(Selection(**selection))
    return page.items


# --- the documented fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("runs", "id, name, folder, status, started_unix_nano, duration_seconds, tags, metadata, description, metrics"),
        ("arcs", "id, class, parent_id, status, started_unix_nano, duration_seconds, run_id, exports"),
        ("annotations", "id, inputs, outputs, metadata, labels, arc_id, run_id, trace_id, time_unix_nano"),
        ("incidents", "id, title, description, files, run_id, arc_id, trace_id, time_unix_nano"),
        ("alerts", "name, run_id, metric, rule, state, observed, time_unix_nano"),
        ("artifacts", "name, category, media_type, size_bytes, sha256, run_id"),
        ("traces", "trace_id, span_id, parent_span_id, name, kind, status, attributes"),
        ("metrics", "name, unit, kind, attributes, value"),
    ],
)
def test_the_field_names_that_scripts_rely_on(reader: LocalReader, name: str, fields: str) -> None:
    for record in listed(reader, name):
        assert set(fields.split(", ")) <= set(record)


@pytest.mark.parametrize("name", LISTINGS)
def test_each_listing_has_the_fields_of_its_record(reader: LocalReader, name: str) -> None:
    kind = {"metrics": records.Metric, "traces": records.Span, "run_events": records.RunEvent}.get(name)
    declared: type = kind or getattr(records, name[:-1].capitalize())
    found = listed(reader, name)
    assert found
    for record in found:
        left_out = {"count", "sum", "buckets"} if declared is records.Metric else set()
        assert set(record) == set(get_type_hints(declared)) - left_out
        json.dumps(record)


def test_the_reader_is_a_reader(reader: LocalReader) -> None:
    as_reader: Reader = reader
    assert as_reader.runs(Selection()).items


# --- values ----------------------------------------------------------------------------------------------------------


def test_a_run(reader: LocalReader) -> None:
    (run,) = listed(reader, "runs")
    assert run == {
        "id": RUN,
        "name": "run-0123",
        "folder": "/tests",
        "status": "completed",
        "started_unix_nano": START,
        "duration_seconds": 2.0,
        "tags": ["demo", "ünï"],
        "metadata": {"lr": 0.1, "nested": {"a": [1, None]}},
        "description": "a first try",
        "metrics": {"loss": {"last": 2.0, "min": 1.0, "max": 3.0, "count": 3, "last_step": 2}},
    }


def test_what_a_run_noted(reader: LocalReader) -> None:
    (event,) = listed(reader, "run_events")
    assert event == {
        "run_id": RUN,
        "message": "noted",
        "severity": "INFO",
        "time_unix_nano": START + 5,
        "attributes": {"exception.type": "E"},
    }


def test_an_arc_that_still_runs(reader: LocalReader) -> None:
    (arc,) = listed(reader, "arcs")
    assert arc == {
        "id": "a.b",
        "class": "scoring",
        "parent_id": "a",
        "status": "running",
        "started_unix_nano": START,
        "duration_seconds": None,
        "run_id": RUN,
        "exports": {"score": 0.5, "raw": "AP8=", "bad": "-Infinity", "big": 2**62},
    }


def test_an_annotation(reader: LocalReader) -> None:
    (annotation,) = listed(reader, "annotations")
    assert annotation == {
        "id": "an",
        "inputs": {"text": "hé"},
        "outputs": [1, "NaN"],
        "metadata": None,
        "labels": ["good"],
        "arc_id": "a.b",
        "run_id": None,
        "trace_id": TRACE.hex(),
        "time_unix_nano": START,
    }


def test_an_alert(reader: LocalReader, tmp_path: Path) -> None:
    (alert,) = listed(reader, "alerts")
    assert (alert["state"], alert["observed"], alert["threshold"], alert["range_low"]) == ("defined", None, 2.5, None)
    tape = Tape()
    tape.run_event(semconv.EVENT_ALERT_FIRED, {**ALERT, semconv.ALERT_OBSERVED: math.nan})
    with LocalReader(store(tmp_path / "fired.db", tape)) as fired:
        (alert,) = listed(fired, "alerts")
    assert alert["state"] == "fired"
    assert math.isnan(alert["observed"])


def test_a_span(reader: LocalReader) -> None:
    (found,) = listed(reader, "traces")
    assert found == {
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "1",
        "parent_span_id": SPAN.hex(),
        "name": "GET /",
        "kind": "internal",
        "status": "error",
        "status_message": "boom",
        "started_unix_nano": START,
        "duration_seconds": 0.25,
        "attributes": {"path": "/"},
        "events": [{"name": "retry", "time_unix_nano": START + 1, "attributes": {"n": 2}}],
        "links": [],
        "service": "tests",
        "scope": "tests.scope",
    }


def test_the_last_point_of_each_instrument_and_the_last_value_of_each_metric_of_a_run(reader: LocalReader) -> None:
    instrument, of_run = listed(reader, "metrics", sort="kind", descending=False)
    assert instrument == {
        "name": "price",
        "unit": "1",
        "kind": "gauge",
        "attributes": {"area": "a"},
        "value": 3.5,
        "time_unix_nano": START,
    }
    assert of_run == {
        "name": "loss",
        "unit": "",
        "kind": "run",
        "attributes": {"algo.run.id": RUN, "algo.run.name": "run-0123"},
        "value": 2.0,
        "time_unix_nano": START + 2,
    }


# --- what is selected ------------------------------------------------------------------------------------------------


FILTERS: Mapping[str, Mapping[str, Any]] = {
    "runs": {"status": "completed", "folder": "/tests", "tags": "ünï", "name": "run-0123"},
    "run_events": {"run_id": RUN, "severity": "INFO"},
    "arcs": {"class": "scoring", "parent_id": "a", "run_id": RUN, "status": "running"},
    "annotations": {"labels": "good", "arc_id": "a.b", "trace_id": TRACE.hex(), "run_id": None},
    "incidents": {"run_id": RUN, "title": "misjudged"},
    "alerts": {"state": "defined", "run_id": RUN, "metric": "loss"},
    "artifacts": {"category": "output", "run_id": RUN, "name": "model.pt", "sha256": None},
    "metrics": {"kind": "run", "name": "loss", "run_id": RUN},
    "traces": {"trace_id": "0" * 31 + "1", "service": "tests", "status": "error", "kind": "internal"},
}


@pytest.mark.parametrize("name", LISTINGS)
def test_rows_are_chosen_by_their_fields(reader: LocalReader, name: str) -> None:
    assert len(listed(reader, name, where=FILTERS[name])) == 1
    for field in FILTERS[name]:
        assert listed(reader, name, where={**FILTERS[name], field: "another"}) == []


@pytest.mark.parametrize("name", LISTINGS)
def test_rows_are_chosen_by_time(reader: LocalReader, name: str) -> None:
    whole = listed(reader, name)
    assert listed(reader, name, since_unix_nano=START) == whole
    assert listed(reader, name, until_unix_nano=START) == []
    assert listed(reader, name, since_unix_nano=START + SECOND) == []


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("selection", [{"where": {"no_such": 1}}, {"sort": "no_such"}])
def test_a_field_that_is_not_known_is_refused_with_those_that_are(
    reader: LocalReader, tmp_path: Path, name: str, selection: dict[str, Any]
) -> None:
    for opened in (reader, LocalReader(tmp_path / "missing.db")):
        with pytest.raises(ValueError, match=r"'no_such'; fields are: .*_unix_nano"):
            listed(opened, name, **selection)


def test_a_value_is_never_taken_for_sql(reader: LocalReader) -> None:
    assert listed(reader, "runs", where={"name": "' OR 1 --"}) == []


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTINGS)
def test_a_store_that_is_not_there_has_empty_pages_and_is_not_made(tmp_path: Path, name: str) -> None:
    with LocalReader(tmp_path / "folder" / "missing.db") as reader:
        assert getattr(reader, name)() == Page([], "")
        assert reader.curve(RUN, "loss", 5) == []
        assert reader.dropped() == []
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_has_empty_pages_until_a_leader_makes_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with LocalReader(path) as reader:
        assert reader.runs() == Page([], "")
        store(path, everything())
        assert len(reader.runs().items) == 1


def test_a_store_that_is_begun_anew_is_read_anew(tmp_path: Path) -> None:
    path = store(tmp_path / "store.db", everything())
    with LocalReader(path) as reader:
        assert len(reader.runs().items) == 1
        for file in tmp_path.iterdir():
            file.unlink()
        assert reader.runs().items == []
        store(path, everything())
        assert len(reader.runs().items) == 1


def test_a_reader_cannot_write(reader: LocalReader) -> None:
    def write() -> None:
        with reader._reading() as connection:
            assert connection is not None
            connection.execute("DELETE FROM runs")

    with pytest.raises(StoreError, match="readonly"):
        write()


def test_a_damaged_store_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "odd #?%.db"
    path.write_bytes(b"no database at all" * 100)
    with (
        pytest.raises(StoreError, match=re.escape(f"{path} cannot be read: file is not a database")),
        LocalReader(path),
    ):
        pass


def test_a_path_with_odd_characters_is_read(tmp_path: Path) -> None:
    path = store(tmp_path / "odd #?%&= name.db", everything())
    with LocalReader(str(path)) as reader:
        assert len(reader.runs().items) == 1


def test_spans_of_every_kind_and_status(tmp_path: Path) -> None:
    tape = Tape()
    for kind in (0, 1, 2, 3, 4, 5):
        message = span(f"kind {kind}", kind + 1)
        message.kind = Span.SpanKind.ValueType(kind)
        message.status.CopyFrom(Status(code=Status.StatusCode.ValueType(kind % 3)))
        tape.add(Kind.SPAN, message)
    with LocalReader(store(tmp_path / "store.db", tape)) as reader:
        found = listed(reader, "traces", sort="name", descending=False)
    assert [each["kind"] for each in found] == ["internal", "internal", "server", "client", "producer", "consumer"]
    assert [each["status"] for each in found] == ["unset", "ok", "error"] * 2
