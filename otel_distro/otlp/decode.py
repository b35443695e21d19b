"""What reads OTLP: translators and the local store take spooled records from here as plain values.

Everything is a function of the bytes alone: no clock, network or environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_distro.spool.record import SpooledRecord

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

__all__ = [
    "DecodedMetric",
    "DecodedSpan",
    "Event",
    "attributes",
    "decode_log",
    "decode_metric",
    "decode_span",
    "hex_id",
    "value",
]

_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class Event:
    """A log record: a domain event where ``event_name`` is one of ``semconv``, else a record of an application.

    Attributes:
        event_name: What kind of event it is; empty for a plain log record.
        time_unix_nano: When it happened; 0 if that is not known.
        observed_time_unix_nano: When it was seen; 0 if that is not known.
        severity_number: OpenTelemetry's, 1 to 24; 0 if unset.
        severity_text: The severity's name where it was recorded; may be empty.
        body: The body as a plain value; ``None`` if it has none.
        attributes: Its attributes as plain values.
        trace_id: 32 hexadecimal digits; ``None`` outside a span.
        span_id: 16 hexadecimal digits; ``None`` outside a span.
        scope: Name of the instrumentation scope; may be empty.
        resource: The resource's attributes as plain values; shared by records of one resource: not to be changed.
    """

    event_name: str
    time_unix_nano: int
    observed_time_unix_nano: int
    severity_number: int
    severity_text: str
    body: Any
    attributes: Mapping[str, Any]
    trace_id: str | None
    span_id: str | None
    scope: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecodedSpan:
    """A span and what encloses it.

    Attributes:
        span: The message; :func:`attributes` and :func:`hex_id` read its parts.
        scope: Name of the instrumentation scope; may be empty.
        resource: The resource's attributes as plain values; shared by records of one resource: not to be changed.
    """

    span: Span
    scope: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecodedMetric:
    """A metric and what encloses it.

    Attributes:
        metric: The message; :func:`attributes` reads those of its points.
        scope: Name of the instrumentation scope; may be empty.
        resource: The resource's attributes as plain values; shared by records of one resource: not to be changed.
    """

    metric: Metric
    scope: str
    resource: Mapping[str, Any]


def decode_log(record: SpooledRecord) -> Event:
    """Reads a record of ``Kind.LOG`` or ``Kind.EVENT``.

    Raises:
        google.protobuf.message.DecodeError: The bytes are no LogRecord.
    """
    message = LogRecord.FromString(record.payload)
    return Event(
        event_name=message.event_name,
        time_unix_nano=message.time_unix_nano,
        observed_time_unix_nano=message.observed_time_unix_nano,
        severity_number=message.severity_number,
        severity_text=message.severity_text,
        body=value(message.body),
        attributes=attributes(message.attributes),
        trace_id=hex_id(message.trace_id),
        span_id=hex_id(message.span_id),
        scope=_scope(record.scope),
        resource=_resource(record.resource),
    )


def decode_span(record: SpooledRecord) -> DecodedSpan:
    """Reads a record of ``Kind.SPAN``.

    Raises:
        google.protobuf.message.DecodeError: The bytes are no Span.
    """
    return DecodedSpan(
        span=Span.FromString(record.payload), scope=_scope(record.scope), resource=_resource(record.resource)
    )


def decode_metric(record: SpooledRecord) -> DecodedMetric:
    """Reads a record of ``Kind.METRIC``.

    Raises:
        google.protobuf.message.DecodeError: The bytes are no Metric.
    """
    return DecodedMetric(
        metric=Metric.FromString(record.payload), scope=_scope(record.scope), resource=_resource(record.resource)
    )


def hex_id(identity: bytes) -> str | None:
    """Returns a trace or span id in hexadecimal digits; ``None`` where there is none (empty, or all zeros)."""
    return identity.hex() if any(identity) else None


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Returns attributes as plain values by name; of a name that comes twice, the last value."""
    return {pair.key: value(pair.value) for pair in pairs}


def value(message: AnyValue) -> Any:
    """Returns an AnyValue as ``None``, a bool, int, float, str or bytes, or a list or dictionary of these."""
    kind = message.WhichOneof("value")
    if kind is None:
        return None
    read = _CONTAINERS.get(kind)
    return getattr(message, kind) if read is None else read(message)


_CONTAINERS: Final[Mapping[str, Callable[[AnyValue], Any]]] = {
    "array_value": lambda message: [value(item) for item in message.array_value.values],
    "kvlist_value": lambda message: attributes(message.kvlist_value.values),
    "string_value_strindex": lambda _message: None,  # an index into a table that only profiles have
}


# ResourceLogs and ScopeLogs read the resources and scopes of every signal: the field numbers are the same.


@lru_cache(maxsize=_REMEMBERED)
def _resource(encoded: bytes) -> Mapping[str, Any]:
    return attributes(ResourceLogs.FromString(encoded).resource.attributes)


@lru_cache(maxsize=_REMEMBERED)
def _scope(encoded: bytes) -> str:
    return ScopeLogs.FromString(encoded).scope.name
