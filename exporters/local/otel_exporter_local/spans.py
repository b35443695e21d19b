"""Spans to row operations. Message: opentelemetry/proto/trace/v1/trace.proto."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_distro.otlp.decode import attributes as attributes_of
from otel_distro.otlp.decode import decode_span, hex_id
from otel_distro.spool.record import SpooledRecord
from otel_exporter_local.attributes import within_int64
from otel_exporter_local.json_text import dumps
from otel_exporter_local.rows import Operation, SpanEnded

__all__ = ["span_operations"]

# By their numbers. A span that does not say its kind is internal, as in OpenTelemetry's API.
_KINDS: Final = ("internal", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_NOTHING: Final = "[]"


def span_operations(record: SpooledRecord) -> list[Operation]:
    """Translates a span."""
    span = decode_span(record).span
    started = span.start_time_unix_nano
    return [
        SpanEnded(
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_span_id=hex_id(span.parent_span_id),
            name=span.name,
            kind=_name(_KINDS, span.kind),
            status=_name(_STATUSES, span.status.code),
            status_message=span.status.message or None,
            started_unix_nano=within_int64(started),
            duration_seconds=max(span.end_time_unix_nano - started, 0) / 1e9,
            attributes=dumps(attributes_of(span.attributes)),
            events=dumps([_event(event) for event in span.events]) if span.events else _NOTHING,
            links=dumps([_link(link) for link in span.links]) if span.links else _NOTHING,
            trace_state=span.trace_state or None,
        )
    ]


def _event(event: Span.Event) -> dict[str, Any]:
    return {
        "name": event.name,
        "time_unix_nano": event.time_unix_nano,
        "attributes": attributes_of(event.attributes),
    }


def _link(link: Span.Link) -> dict[str, Any]:
    return {
        "trace_id": link.trace_id.hex(),
        "span_id": link.span_id.hex(),
        "attributes": attributes_of(link.attributes),
    }


def _name(names: tuple[str, ...], number: int) -> str:
    """Returns a name by its number; numbers of a later version of the protocol mean what none means."""
    return names[number] if 0 <= number < len(names) else names[0]
