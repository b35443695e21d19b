"""Holds the translator's operations, readable as JSON, against golden files.

``OTEL_DISTRO_TEST_REGENERATE=1`` writes the files anew; what changed is then to be read before it is committed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_distro import semconv
from otel_distro.spool.record import Kind
from otel_exporter_local.events import EVENTS
from otel_exporter_local.rows import LogWritten, RunMeasured
from otel_exporter_local.translator import translate
from query.stores import CUMULATIVE, DELTA, RUN, SECOND, START, Tape, counter, gauge, key_values, log_record, span

GOLDEN = Path(__file__).parents[2] / "golden" / "local"
REGENERATE = os.environ.get("OTEL_DISTRO_TEST_REGENERATE") == "1"

TRACE, SPAN = bytes(range(16)), bytes(range(8, 16))
FILE = {
    semconv.FILE_NAME: "scatter.png",
    semconv.FILE_MEDIA_TYPE: "image/png",
    semconv.FILE_SIZE_BYTES: 12,
    semconv.FILE_SHA256: "ab" * 32,
    semconv.FILE_URI: "file:///home/ada/scatter.png",
    semconv.FILE_ORIGINAL_PATH: "/home/ada/scatter.png",
    semconv.FILE_KEPT: "owner.1.1",
}
ARC = {semconv.ARC_ID: "a.b", semconv.ARC_CLASS: "features", semconv.ARC_PARENT_ID: "a", semconv.RUN_ID: RUN}
ALERT = {
    semconv.ALERT_NAME: "too high",
    semconv.ALERT_RULE: semconv.RULE_OUTSIDE,
    semconv.ALERT_METRIC: "loss",
    semconv.ALERT_FREQUENCY_MINUTES: 1.0,
    semconv.ALERT_WINDOW_MINUTES: 5.0,
    semconv.ALERT_RANGE_LOW: -math.inf,
    semconv.ALERT_RANGE_HIGH: 2.5,
}
FAILURE = {
    semconv.EXCEPTION_TYPE: "ValueError",
    semconv.EXCEPTION_MESSAGE: "no such label",
    semconv.EXCEPTION_STACKTRACE: "Traceback ...\nValueError: no such label",
}


def run_started(tape: Tape) -> None:
    tape.run_event(
        semconv.EVENT_RUN_STARTED,
        {
            semconv.RUN_FOLDER: "/tests",
            semconv.RUN_TAGS: ["demo", "ünï"],
            semconv.RUN_DESCRIPTION: "a first try",
            f"{semconv.RUN_METADATA}.lr": 0.1,
            f"{semconv.RUN_METADATA}.optimizer.name": "adam",
            f"{semconv.RUN_METADATA}.shape": [28, 28],
            f"{semconv.RUN_METADATA}.nested": {"a": {"b": None}},
        },
    )


def run_updated(tape: Tape) -> None:
    tape.run_event(semconv.EVENT_RUN_UPDATED, {semconv.RUN_TAGS: ["best"], f"{semconv.RUN_METADATA}.lr": 0.2})
    tape.run_event(
        semconv.EVENT_RUN_UPDATED, {semconv.RUN_STATUS: semconv.STATUS_RUNNING, semconv.RUN_DESCRIPTION: "again"}
    )


def run_ended(tape: Tape) -> None:
    tape.run_event(
        semconv.EVENT_RUN_ENDED,
        {
            semconv.RUN_FOLDER: "/tests",
            semconv.RUN_STATUS: semconv.STATUS_FAILED,
            semconv.RUN_DURATION_SECONDS: 2.5,
            semconv.RUN_STARTED_UNIX_NANO: START,
            **FAILURE,
        },
        time=START + 5 * SECOND // 2,
    )


def run_metrics(tape: Tape) -> None:
    tape.run_event(
        semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: 7, semconv.RUN_TIME_SECONDS: 0.5}, {"loss": 0.25, "epoch": 3}
    )
    tape.run_event(
        semconv.EVENT_RUN_METRICS,
        {semconv.RUN_STEP: 8},
        {"nan": math.nan, "up": math.inf, "down": -math.inf, "named": "NaN", "text": "high", "none": None},
    )


def run_metrics_of_many_steps(tape: Tape) -> None:
    tape.run_event(
        semconv.EVENT_RUN_METRICS,
        {semconv.RUN_STEPS: [0, 1, 2], semconv.RUN_TIMES_UNIX_NANO: [START, START + 1, START + 2]},
        {"loss": [3, 2.0, 1.5], "accuracy": [0.1, math.nan, 0.9]},
    )
    tape.run_event(
        semconv.EVENT_RUN_METRICS,
        {semconv.RUN_STEPS: [5], semconv.RUN_TIMES_UNIX_NANO: [START + 5]},
        {"longer than its steps": [1.0, 2.0], "with text": [1.0, "high"]},
        time=START + 9,
    )


def run_event(tape: Tape) -> None:
    tape.run_event(semconv.EVENT_RUN_EVENT, {}, "loss is falling")
    tape.run_event(semconv.EVENT_RUN_EVENT, FAILURE)


def note(tape: Tape) -> None:
    tape.event(semconv.EVENT_NOTE, {semconv.ARC_ID: "a", "color": "red"}, {"step": 1}, trace_id=TRACE, span_id=SPAN)
    tape.event(semconv.EVENT_NOTE, {}, "outside of everything", severity=17, severity_text="Error")


def folder_updated(tape: Tape) -> None:
    tape.event(
        semconv.EVENT_FOLDER_UPDATED,
        {
            semconv.FOLDER_PATH: "/tests",
            semconv.FOLDER_TAGS: ["x"],
            semconv.FOLDER_DESCRIPTION: "all tests",
            f"{semconv.FOLDER_METADATA}.owner": "ada",
        },
    )


def arc_started(tape: Tape) -> None:
    tape.event(semconv.EVENT_ARC_STARTED, ARC, trace_id=TRACE, span_id=SPAN)


def arc_ended(tape: Tape) -> None:
    outcome = {
        semconv.ARC_STATUS: semconv.STATUS_FAILED,
        semconv.ARC_DURATION_SECONDS: 0.5,
        semconv.ARC_STARTED_UNIX_NANO: START,
    }
    tape.event(semconv.EVENT_ARC_ENDED, {**ARC, **outcome, **FAILURE}, time=START + SECOND // 2)


def arc_export(tape: Tape) -> None:
    message = {"score": 0.5, "region": "eu", "raw": b"\x00\xff", "top": {"a": [1, {"b": True}]}, "bad": math.nan}
    tape.event(semconv.EVENT_ARC_EXPORT, ARC, message)


def annotation(tape: Tape) -> None:
    tape.event(
        semconv.EVENT_ANNOTATION,
        {
            semconv.ANNOTATION_ID: "annotation-1",
            semconv.ANNOTATION_LABELS: ["good", "reviewed"],
            semconv.ARC_ID: "a",
            semconv.RUN_ID: RUN,
            semconv.REQUEST_ID: "request-1",
        },
        {"inputs": {"text": "hé", "image": b"\x89PNG"}, "outputs": {"p": math.inf}, "metadata": None},
        trace_id=TRACE,
        span_id=SPAN,
    )
    tape.event(semconv.EVENT_ANNOTATION, {}, "only a body")


def incident(tape: Tape) -> None:
    tape.event(
        semconv.EVENT_INCIDENT,
        {
            semconv.INCIDENT_ID: "incident-1",
            semconv.INCIDENT_TITLE: "misjudged",
            semconv.INCIDENT_DESCRIPTION: "three of ten",
            semconv.INCIDENT_FILES: [FILE, {semconv.FILE_NAME: "gone.txt"}, "no map"],
            semconv.RUN_ID: RUN,
        },
        severity=17,
    )


def alerts(tape: Tape) -> None:
    tape.run_event(semconv.EVENT_ALERT_DEFINED, ALERT)
    tape.run_event(semconv.EVENT_ALERT_FIRED, {**ALERT, semconv.ALERT_OBSERVED: math.nan}, time=START + SECOND)
    tape.run_event(semconv.EVENT_ALERT_RESOLVED, {**ALERT, semconv.ALERT_OBSERVED: 1}, time=START + 2 * SECOND)


def artifact(tape: Tape) -> None:
    described = {f"algo.artifact.{key}": value for key, value in FILE.items()}
    tape.run_event(
        semconv.EVENT_ARTIFACT, {**described, semconv.ARTIFACT_ID: "artifact-1", semconv.ARTIFACT_CATEGORY: "output"}
    )
    tape.event(semconv.EVENT_ARTIFACT, {semconv.ARTIFACT_NAME: "bare"})


def spans(tape: Tape) -> None:
    message = span("GET /", started=START, seconds=0.25)
    message.attributes.extend(key_values({"http.status_code": 200, "deep": {"a": [1, b"\x01"]}}))
    message.kind = Span.SPAN_KIND_SERVER
    message.parent_span_id = SPAN
    message.trace_state = "vendor=1"
    message.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="boom"))
    message.events.add(name="retry", time_unix_nano=START + 1, attributes=key_values({"attempt": 2}))
    message.links.add(trace_id=TRACE, span_id=SPAN, attributes=key_values({"why": "parent"}))
    tape.add(Kind.SPAN, message)
    tape.add(Kind.SPAN, Span(trace_id=TRACE, span_id=SPAN, name="bare", start_time_unix_nano=START))


def logs(tape: Tape) -> None:
    tape.add(Kind.LOG, log_record({"code.function": "main"}, "hello", severity=13, trace_id=TRACE, span_id=SPAN))
    tape.add(Kind.LOG, log_record({}, ["a", {"b": 1}], time=0, observed_time_unix_nano=START + 1, severity=0))
    tape.add(Kind.LOG, log_record({}, None, time=0), appended_unix_nano=START + 2)


def instruments(tape: Tape) -> None:
    tape.add(Kind.METRIC, gauge("price", 3.2, host="b", area="a"))
    tape.add(Kind.METRIC, counter("requests", 2**62, temporality=CUMULATIVE))
    tape.add(Kind.METRIC, counter("requests", 3, temporality=DELTA))
    tape.add(Kind.METRIC, distribution())
    tape.add(Kind.METRIC, exponential())
    tape.add(Kind.METRIC, summary())
    tape.add(Kind.METRIC, Metric(name="empty"))


def distribution() -> Metric:
    metric = Metric(name="latency", unit="s", description="of requests")
    metric.histogram.aggregation_temporality = CUMULATIVE
    point = metric.histogram.data_points.add(
        start_time_unix_nano=START, time_unix_nano=START + 1, count=6, sum=2.5, min=0.1, max=1.5
    )
    point.explicit_bounds.extend([0.5, 1.0])
    point.bucket_counts.extend([3, 2, 1])
    point.exemplars.add(time_unix_nano=START, as_double=1.5, trace_id=TRACE, filtered_attributes=key_values({"u": 1}))
    return metric


def exponential() -> Metric:
    metric = Metric(name="size", unit="By")
    metric.exponential_histogram.aggregation_temporality = DELTA
    point = metric.exponential_histogram.data_points.add(
        time_unix_nano=START, count=7, sum=12.0, scale=0, zero_count=1, zero_threshold=0.001
    )
    point.positive.offset = 1
    point.positive.bucket_counts.extend([2, 3])
    point.negative.bucket_counts.extend([1])
    return metric


def summary() -> Metric:
    metric = Metric(name="rate", unit="1/s")
    point = metric.summary.data_points.add(time_unix_nano=START, count=3, sum=6.0)
    point.quantile_values.add(quantile=0.5, value=2.0)
    point.quantile_values.add(quantile=0.99, value=math.nan)
    return metric


CASES: tuple[Callable[[Tape], None], ...] = (
    run_started,
    run_updated,
    run_ended,
    run_metrics,
    run_metrics_of_many_steps,
    run_event,
    note,
    folder_updated,
    arc_started,
    arc_ended,
    arc_export,
    annotation,
    incident,
    alerts,
    artifact,
    spans,
    logs,
    instruments,
)


def readable(value: Any) -> Any:
    """Returns operations as JSON can show them: fields by name, strange numbers by name, bytes by their digits."""
    if hasattr(value, "_asdict"):
        return {"operation": type(value).__name__, **{key: readable(item) for key, item in value._asdict().items()}}
    if isinstance(value, Mapping):
        return {key: readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    return f"float {value}" if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_each_kind_of_record_becomes_these_operations(case: Callable[[Tape], None]) -> None:
    tape = Tape()
    case(tape)
    translation = translate(tape.records)
    assert translation.corrupt == 0
    operations = readable([record.operations for record in translation.records])
    golden = GOLDEN / f"{case.__name__}.json"
    if REGENERATE:
        golden.write_text(json.dumps(operations, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    assert operations == json.loads(golden.read_text("utf-8"))


def test_each_event_and_each_golden_file_has_a_case() -> None:
    tape = Tape()
    for case in CASES:
        case(tape)
    named = {name for name in EVENTS for record in tape.records if name.encode() in record.payload}
    assert named == set(EVENTS)
    assert {path.stem for path in GOLDEN.glob("*.json")} == {case.__name__ for case in CASES}


def test_every_event_of_the_conventions_is_translated() -> None:
    names = {value for name, value in vars(semconv).items() if name.startswith("EVENT_")}
    assert names == set(EVENTS)


def test_a_record_keeps_its_place() -> None:
    tape = Tape("segment-z")
    tape.run_event(semconv.EVENT_RUN_EVENT, {}, "one")
    second = tape.run_event(semconv.EVENT_RUN_EVENT, {}, "two")
    translated = translate(tape.records).records[1]
    assert (translated.segment, translated.offset) == ("segment-z", second.offset)
    assert (translated.resource, translated.scope) == (second.resource, second.scope)


@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.LOG, Kind.SPAN, Kind.METRIC])
def test_bytes_that_are_no_message_cost_only_themselves(kind: Kind) -> None:
    tape = Tape()
    tape.add(kind, b"\xff\xff\xff")
    tape.run_event(semconv.EVENT_RUN_EVENT, {}, "whole")
    translation = translate(tape.records)
    assert translation.corrupt == 1
    assert len(translation.records) == 1


def test_a_damaged_resource_costs_only_its_record() -> None:
    tape = Tape(enclosing=b"\xff\xff")
    tape.add(Kind.SPAN, span())
    assert translate(tape.records).corrupt == 1


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        (semconv.EVENT_RUN_STARTED, {}),
        (semconv.EVENT_RUN_METRICS, {semconv.RUN_ID: RUN}),
        (semconv.EVENT_ARC_EXPORT, {semconv.ARC_ID: "a"}),
        (semconv.EVENT_ALERT_FIRED, {semconv.RUN_ID: RUN}),
        ("algo.of.tomorrow", {}),
    ],
)
def test_an_event_that_says_too_little_or_is_not_known_is_kept_as_a_log_record(
    name: str, attributes: dict[str, Any]
) -> None:
    tape = Tape()
    tape.event(name, attributes, "text")
    (operation,) = translate(tape.records).records[0].operations
    assert isinstance(operation, LogWritten)
    assert (operation.event_name, operation.message) == (name, "text")


def test_attributes_of_the_wrong_type_are_taken_as_they_are() -> None:
    tape = Tape()
    tape.run_event(
        semconv.EVENT_RUN_STARTED, {semconv.RUN_TAGS: "one", semconv.RUN_FOLDER: 7, semconv.RUN_DESCRIPTION: ["a"]}
    )
    tape.run_event(semconv.EVENT_RUN_ENDED, {semconv.RUN_DURATION_SECONDS: "long", semconv.RUN_STATUS: True})
    started, ended = (record.operations[0]._asdict() for record in translate(tape.records).records)
    assert (started["tags"], started["folder"], started["description"]) == (["one"], "7", "['a']")
    assert (ended["duration_seconds"], ended["status"]) == (None, "True")


def test_times_beyond_what_sqlite_can_hold_are_the_end_of_time() -> None:
    tape = Tape()
    tape.run_event(semconv.EVENT_RUN_METRICS, {}, {"loss": 1.0}, time=2**64 - 1)
    (operation,) = translate(tape.records).records[0].operations
    assert isinstance(operation, RunMeasured)
    assert operation.points[0].time_unix_nano == 2**63 - 1


def test_the_order_of_attributes_does_not_make_another_series() -> None:
    one, other = gauge("g", 1.0, a="x", b="y"), gauge("g", 1.0)
    attributes: list[KeyValue] = list(reversed(one.gauge.data_points[0].attributes))
    other.gauge.data_points[0].attributes.extend(attributes)
    tape = Tape()
    tape.add(Kind.METRIC, one)
    tape.add(Kind.METRIC, other)
    first, second = (record.operations[0] for record in translate(tape.records).records)
    assert first == second
