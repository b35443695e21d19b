"""The encoder's part for log records.

Source of the messages: opentelemetry/proto/logs/v1/logs.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from otel_distro.otlp.careful import guarded, items, unsigned32, unsigned64, unsigned128
from otel_distro.otlp.text import text_field
from otel_distro.otlp.values import KeyValues, any_value, key_values
from otel_distro.otlp.wire import Heads, varint

if TYPE_CHECKING:
    from opentelemetry._logs import LogRecord

__all__ = ["encode_log", "encode_log_record"]

_TIME: Final = Struct("<BQ")  # time_unix_nano (1) or observed_time_unix_nano (11)
_FLAGS: Final = Struct("<BI")  # flags (8)
_TRACE_ID: Final = Struct(">H16s")  # tag and length of trace_id (9)
_SPAN_ID: Final = Struct(">HQ")  # tag and length of span_id (10)
_SEVERITY_TEXT: Final = Heads(3)
_BODY: Final = Heads(5)
_ATTRIBUTES: Final = KeyValues(6)
_EVENT_NAME: Final = Heads(12)


def encode_log(
    *,
    timestamp: int | None,
    observed_timestamp: int | None,
    severity_number: int,
    severity_text: str | None,
    body: Any,
    attributes: Mapping[str, Any] | None,
    event_name: str | None,
    trace_id: int,
    span_id: int,
    trace_flags: int,
    dropped_attributes: int = 0,
) -> bytes:
    """Returns the inner bytes of a LogRecord.

    Args:
        timestamp: When it happened, in nanoseconds since the epoch; ``None`` if that is not known.
        observed_timestamp: When it was seen, likewise.
        severity_number: Its number of OpenTelemetry's, 1 to 24; 0 for none.
        severity_text: The severity's name where it was recorded.
        body: Any value.
        attributes: Any values by name.
        event_name: What kind of event it is, if it is one.
        trace_id: Of the span that was current; 0 for none.
        span_id: Likewise.
        trace_flags: Likewise.
        dropped_attributes: How many attributes are missing because of limits.
    """
    try:
        return _log(
            timestamp,
            observed_timestamp,
            severity_number,
            severity_text,
            body,
            attributes,
            event_name,
            trace_id,
            span_id,
            trace_flags,
            dropped_attributes,
        )
    except Exception:
        return _careful_log(
            timestamp,
            observed_timestamp,
            severity_number,
            severity_text,
            body,
            attributes,
            event_name,
            trace_id,
            span_id,
            trace_flags,
            dropped_attributes,
        )


def encode_log_record(record: LogRecord, dropped_attributes: int = 0) -> bytes:
    """Returns the inner bytes of a LogRecord of OpenTelemetry's.

    Args:
        record: Any log record.
        dropped_attributes: How many attributes are missing because of limits.
    """
    severity: Any = record.severity_number
    return encode_log(
        timestamp=record.timestamp,
        observed_timestamp=record.observed_timestamp,
        severity_number=0 if severity is None else getattr(severity, "_value_", severity),
        severity_text=record.severity_text,
        body=record.body,
        attributes=record.attributes,
        event_name=record.event_name,
        trace_id=record.trace_id,
        span_id=record.span_id,
        trace_flags=record.trace_flags,
        dropped_attributes=dropped_attributes,
    )


def _log(
    timestamp: int | None,
    observed_timestamp: int | None,
    severity_number: int,
    severity_text: str | None,
    body: Any,
    attributes: Any,
    event_name: str | None,
    trace_id: int,
    span_id: int,
    trace_flags: int,
    dropped_attributes: int,
) -> bytes:
    data = any_value(body)
    parts = [_BODY[len(data)], data]
    if timestamp:
        parts.append(_TIME.pack(0x09, timestamp))
    if observed_timestamp:
        parts.append(_TIME.pack(0x59, observed_timestamp))
    if severity_number:
        parts += (b"\x10", varint(severity_number))  # severity_number (2)
    if severity_text:
        text_field(parts, _SEVERITY_TEXT, severity_text)
    if event_name:
        text_field(parts, _EVENT_NAME, event_name)
    if attributes is not None:
        # The SDK's attributes are read item by item under a lock, and copied in one step.
        key_values(parts, attributes if type(attributes) is dict else attributes.copy(), _ATTRIBUTES)
    if trace_id or span_id or trace_flags:
        _trace_context(parts, trace_id, span_id, trace_flags)
    if dropped_attributes:
        parts += (b"\x38", varint(dropped_attributes))  # dropped_attributes_count (7)
    return b"".join(parts)


def _trace_context(parts: list[bytes], trace_id: int, span_id: int, trace_flags: int) -> None:
    if trace_id:
        parts.append(_TRACE_ID.pack(0x4A10, trace_id.to_bytes(16, "big")))
    if span_id:
        parts.append(_SPAN_ID.pack(0x5208, span_id))
    if trace_flags:
        parts.append(_FLAGS.pack(0x45, trace_flags))


def _careful_log(
    timestamp: Any,
    observed_timestamp: Any,
    severity_number: Any,
    severity_text: Any,
    body: Any,
    attributes: Any,
    event_name: Any,
    trace_id: Any,
    span_id: Any,
    trace_flags: Any,
    dropped_attributes: Any,
) -> bytes:
    return _log(
        guarded(unsigned64, timestamp),
        guarded(unsigned64, observed_timestamp),
        guarded(unsigned32, severity_number),
        severity_text,
        body,
        guarded(items, attributes),
        event_name,
        guarded(unsigned128, trace_id),
        guarded(unsigned64, span_id),
        guarded(unsigned32, trace_flags),
        guarded(unsigned32, dropped_attributes),
    )
