"""The SDK's providers over a real spool: what they hand over is in it, whole, under its resource and scope."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_distro.api.sink import Point
from otel_distro.otlp.decode import decode_log, decode_metric, decode_span
from otel_distro.recording.events import EventLoggerProvider
from otel_distro.recording.processors import SpoolLogRecordProcessor, SpoolMetricExporter, SpoolSpanProcessor
from otel_distro.recording.resource import ProcessResources
from otel_distro.recording.sink import SpoolSink
from otel_distro.spool import files
from otel_distro.spool.record import Kind, SpooledRecord
from otel_distro.spool.writer import SpoolWriter
from spools import read_all, spool_directory

RESOURCE = Resource({"service.name": "tested", "service.instance.id": "instance"})


class Recording:
    """A spool with everything that appends to it."""

    def __init__(self, root: Path) -> None:
        self.directory = spool_directory(root)
        self.writer = SpoolWriter(self.directory)
        self.resources = ProcessResources()
        self.flushed: list[float] = []
        self.processor = (self.writer, self.resources, self._flush)

    def _flush(self, timeout_seconds: float) -> bool:
        self.flushed.append(timeout_seconds)
        return True

    def records(self) -> list[SpooledRecord]:
        return read_all(self.directory)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    one = Recording(tmp_path)
    yield one
    one.writer.close()


def test_a_span_is_in_the_spool_when_it_has_ended(recording: Recording) -> None:
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SpoolSpanProcessor(*recording.processor))
    tracer = provider.get_tracer("scope")

    with tracer.start_as_current_span("outer", attributes={"key": "value"}):
        with tracer.start_as_current_span("inner"):
            assert recording.records() == []
        (inner,) = recording.records()

    assert inner.kind is Kind.SPAN
    decoded = [decode_span(record) for record in recording.records()]
    assert [one.span.name for one in decoded] == ["inner", "outer"]
    assert decoded[0].resource["service.name"] == "tested"
    assert decoded[0].scope == "scope"
    assert provider.force_flush(1500)
    assert recording.flushed == [pytest.approx(1.5, abs=0.1)]


def test_a_span_that_is_not_sampled_is_not_recorded(recording: Recording) -> None:
    provider = TracerProvider(resource=RESOURCE, sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SpoolSpanProcessor(*recording.processor))

    with provider.get_tracer("scope").start_as_current_span("outer"):
        pass

    assert recording.records() == []


def test_a_log_record_is_in_the_spool_when_it_was_emitted(recording: Recording) -> None:
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(SpoolLogRecordProcessor(*recording.processor))

    provider.get_logger("scope").emit(LogRecord(timestamp=7, body="text", severity_number=SeverityNumber.WARN))

    (record,) = recording.records()
    assert record.kind is Kind.LOG
    event = decode_log(record)
    assert (event.time_unix_nano, event.body, event.severity_number) == (7, "text", 13)


def test_metrics_are_in_the_spool_when_they_were_collected(recording: Recording) -> None:
    reader = PeriodicExportingMetricReader(SpoolMetricExporter(*recording.processor))
    provider = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    provider.get_meter("scope").create_counter("things").add(3, {"kind": "good"})

    provider.shutdown()

    (record,) = recording.records()
    assert record.kind is Kind.METRIC
    metric = decode_metric(record)
    assert (metric.metric.name, metric.metric.sum.data_points[0].as_int) == ("things", 3)
    assert metric.resource["service.name"] == "tested"


def test_a_domain_event_has_the_span_and_no_limits(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "1")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1")
    logger = EventLoggerProvider(recording.writer, recording.resources, RESOURCE).get_logger("scope")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("scope")
    attributes = {"algo.run.id": "0123456789", "algo.run.name": "long enough to be cut"}

    with tracer.start_as_current_span("outer") as span:
        logger.emit(event_name="algo.event", attributes=attributes, body={"a": [1]}, timestamp=7)
    logger.emit(LogRecord(event_name="algo.event", body="given whole"))

    first, second = map(decode_log, recording.records())
    assert {record.kind for record in recording.records()} == {Kind.EVENT}
    assert (first.attributes, first.body, first.time_unix_nano) == (attributes, {"a": [1]}, 7)
    assert first.trace_id == trace.format_trace_id(span.get_span_context().trace_id)
    assert (second.body, second.trace_id) == ("given whole", None)


def test_points_keep_their_own_time_and_files_their_bytes(recording: Recording, tmp_path: Path) -> None:
    sink = SpoolSink(recording.directory, recording.writer, recording.resources, RESOURCE)
    source = tmp_path / "plot.png"
    source.write_bytes(b"bytes")

    sink.points([Point("price", 3.5, 7, {"market": "x"}), Point("price", 4.5, 8, {"market": "x"})])
    kept = sink.keep_file(source)
    source.unlink()

    (record,) = recording.records()
    points = decode_metric(record).metric.gauge.data_points
    assert [(point.time_unix_nano, point.as_double) for point in points] == [(7, 3.5), (8, 4.5)]
    assert (recording.directory.files / kept.kept).read_bytes() == b"bytes"
    assert kept.size_bytes == 5


def test_a_file_may_be_kept_before_anything_was_recorded(recording: Recording, tmp_path: Path) -> None:
    source = tmp_path / "first"
    source.write_bytes(b"bytes")

    kept = SpoolSink(recording.directory, recording.writer, recording.resources, RESOURCE).keep_file(source)

    assert kept.kept.startswith(recording.writer.owner)


def test_a_very_large_file_is_copied_only_if_that_is_asked_for(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "COPY_BYTES", 3)
    sink = SpoolSink(recording.directory, recording.writer, recording.resources, RESOURCE)
    source = tmp_path / "large"
    source.write_bytes(b"bytes")

    noted, copied = sink.keep_file(source), sink.keep_file(source, copy=True)

    assert (noted.size_bytes, noted.sha256, noted.kept) == (5, "", "")
    assert (recording.directory.files / copied.kept).read_bytes() == b"bytes"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_is_an_instance_of_its_own() -> None:
    program = """
        import os
        from opentelemetry.sdk.resources import Resource
        from otel_distro.recording.resource import ProcessResources
        resource = Resource({"service.instance.id": "mine"})
        resources = ProcessResources()
        parent = resources.encode(resource)
        assert b"mine" in parent and b"mine." not in parent
        if os.fork() == 0:
            child = resources.encode(resource)
            assert b"mine." in child and resources.encode(resource) is child
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
        assert resources.encode(resource) is parent
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
