"""Makes spooled records from upstream's own message classes, and stores that hold them.

The messages are built with opentelemetry-proto, not with the distribution's encoder, so that the translator is held
against the protocol and not against ourselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otel_distro import semconv
from otel_distro.forwarder.destination import Batch, Delivery, DestinationConfig
from otel_distro.spool.record import Kind, SpooledRecord
from otel_exporter_local import LocalDestination

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
RUN = "0123456789abcdef0123456789abcdef"
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


_PLAIN = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value", bytes: "bytes_value"}


def any_value(value: Any) -> AnyValue:
    """Returns a plain value as upstream's message."""
    message = AnyValue()
    if isinstance(value, Mapping):
        message.kvlist_value.values.extend(key_values(value))
        message.kvlist_value.SetInParent()
    elif isinstance(value, (list, tuple)):
        message.array_value.values.extend(any_value(item) for item in value)
        message.array_value.SetInParent()
    elif value is not None:
        setattr(message, _PLAIN[type(value)], value)
    return message


def key_values(values: Mapping[str, Any]) -> list[KeyValue]:
    """Returns attributes as upstream's messages."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def resource(**attributes: Any) -> bytes:
    """Returns what encloses the records of a process."""
    named = {"service.name": "tests", **{key.replace("_", "."): value for key, value in attributes.items()}}
    message = ResourceSpans(resource=Resource(attributes=key_values(named)), schema_url="https://schemas.test/1")
    return message.SerializeToString()


RESOURCE = resource()
SCOPE = ScopeSpans(scope=InstrumentationScope(name="tests.scope", version="1.2")).SerializeToString()


class Tape:
    """The records of one segment, one behind the other."""

    def __init__(self, segment: str = "segment-a", enclosing: bytes = RESOURCE) -> None:
        self.segment = segment
        self.records: list[SpooledRecord] = []
        self.end = 4096
        self._enclosing = enclosing

    def add(self, kind: Kind, message: Message | bytes, appended_unix_nano: int = START) -> SpooledRecord:
        """Adds a record."""
        payload = message if isinstance(message, bytes) else message.SerializeToString()
        begin, self.end = self.end, self.end + len(payload) + 48
        sequence = len(self.records) + 1
        record = SpooledRecord(
            kind, payload, self._enclosing, SCOPE, appended_unix_nano, self.segment, sequence, begin, self.end
        )
        self.records.append(record)
        return record

    def event(
        self, name: str, attributes: Mapping[str, Any], body: Any = None, time: int = START, **fields: Any
    ) -> SpooledRecord:
        """Adds an event of the domain."""
        return self.add(Kind.EVENT, log_record(attributes, body, time, event_name=name, **fields))

    def run_event(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        body: Any = None,
        time: int = START,
        run: str = RUN,
    ) -> SpooledRecord:
        """Adds an event of a run."""
        identity = {semconv.RUN_ID: run, semconv.RUN_NAME: f"run-{run[:4]}"}
        return self.event(name, {**identity, **(attributes or {})}, body, time)

    def batch(self, files: Path = Path("/nowhere"), begin: int = 0, end: int | None = None) -> Batch:
        """Returns records of the tape as a batch."""
        return batch(self.records[begin:end], files)


def log_record(
    attributes: Mapping[str, Any], body: Any = None, time: int = START, *, severity: int = 9, **fields: Any
) -> LogRecord:
    """Returns a log record; an event where ``event_name`` is given."""
    number = SeverityNumber.ValueType(severity)
    record = LogRecord(time_unix_nano=time, severity_number=number, attributes=key_values(attributes), **fields)
    if body is not None:
        record.body.CopyFrom(any_value(body))
    return record


def span(name: str = "work", number: int = 1, started: int = START, seconds: float = 1.0, **attributes: Any) -> Span:
    """Returns a span."""
    return Span(
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=started,
        end_time_unix_nano=started + int(seconds * SECOND),
        attributes=key_values(attributes),
    )


def gauge(name: str, value: float, time: int = START, **tags: Any) -> Metric:
    """Returns a point of a gauge."""
    metric = Metric(name=name, unit="1")
    metric.gauge.data_points.add(time_unix_nano=time, as_double=value, attributes=key_values(tags))
    return metric


def counter(
    name: str, value: int, time: int = START, temporality: AggregationTemporality.ValueType = CUMULATIVE
) -> Metric:
    """Returns a point of a counter."""
    metric = Metric(name=name, unit="{thing}")
    metric.sum.aggregation_temporality = temporality
    metric.sum.is_monotonic = True
    metric.sum.data_points.add(start_time_unix_nano=START - SECOND, time_unix_nano=time, as_int=value)
    return metric


def batch(records: Sequence[SpooledRecord], files: Path = Path("/nowhere")) -> Batch:
    """Returns records as a batch that moves the cursors behind them."""
    ends: dict[str, int] = {}
    for record in records:
        ends[record.segment] = max(ends.get(record.segment, 0), record.end)
    return Batch(f"{records[0].segment}.{records[0].offset}" if records else "empty", records, ends, files)


def destination(path: Path, **settings: str) -> LocalDestination:
    """Returns the destination of a store, with settings of ``OTEL_DISTRO_LOCAL_*``."""
    environ = {"OTEL_DISTRO_LOCAL_STORE": str(path)}
    environ.update({f"OTEL_DISTRO_LOCAL_{name.upper()}": value for name, value in settings.items()})
    return LocalDestination(DestinationConfig("local", "local", environ), clock=lambda: START)


def store(path: Path, *tapes: Tape, files: Path = Path("/nowhere")) -> Path:
    """Delivers tapes to a store, each in one batch; returns the store's path."""
    target = destination(path)
    for tape in tapes:
        deliver(target, tape.batch(files))
    target.close()
    return path


def deliver(target: LocalDestination, given: Batch) -> Delivery:
    """Delivers a batch."""
    return target.deliver(target.slots[0], given)


def in_pieces(records: Sequence[SpooledRecord], size: int) -> Iterable[Batch]:
    """Yields records as batches of a size."""
    for begin in range(0, len(records), size):
        yield batch(records[begin : begin + size])
