"""The encoder's part for spans.

Source of the messages: opentelemetry/proto/trace/v1/trace.proto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from otel_distro.otlp.careful import careful_span
from otel_distro.otlp.text import text_field
from otel_distro.otlp.values import KeyValues, key_values
from otel_distro.otlp.wire import Heads, varint

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link

__all__ = ["encode_span"]

# Tag and length of trace_id (1) and span_id (2), then name's (5) own head. Ids are big-endian, numbers little-endian.
_SPAN_IDS: Final = Struct(">H16sHQ")
_CHILD_IDS: Final = Struct(">H16sHQHQ")  # and parent_span_id (4)
_SPAN_NAME: Final = Heads(5)
_SPAN_FIXED: Final = Struct("<BBBQBQHI")  # kind (6), start_time (7), end_time (8), flags (16)
_TRACE_STATE: Final = Heads(3)
_SPAN_ATTRIBUTES: Final = KeyValues(9)
_SPAN_EVENTS: Final = Heads(11)
_SPAN_LINKS: Final = Heads(13)
_STATUS: Final = Heads(15)
_STATUS_MESSAGE: Final = Heads(2)
_STATUS_UNSET: Final = b"\x7a\x00"

_EVENT_TIME: Final = Struct("<BQ")  # time_unix_nano (1)
_EVENT_NAME: Final = Heads(2)
_EVENT_ATTRIBUTES: Final = KeyValues(3)

_LINK_ATTRIBUTES: Final = KeyValues(4)
_LINK_FLAGS: Final = Struct("<BI")  # flags (6)

_SDK_SPANS: Final = "opentelemetry.sdk.trace"

# SpanFlags: whether the parent (or what a link points to) is remote is known; and it is.
_NOT_REMOTE: Final = 0x100
_REMOTE: Final = 0x300


def encode_span(span: ReadableSpan) -> bytes:
    """Returns the inner bytes of a Span.

    Reading a span by its properties costs more than encoding it: the SDK copies its events and links under a lock and
    wraps its attributes, at each look. So the SDK's own spans, and they alone, are read as they lie. Any other span (a
    subclass that hides attributes, a proxy), and a span of an SDK that lays it out differently, is read by its
    properties.
    """
    if type(span).__module__ == _SDK_SPANS:
        try:
            return _span(vars(span))
        except Exception:  # noqa: S110 - the careful copy names what is wrong, if it is the span and not the layout
            pass
    return _span(careful_span(span))


def _span(span: Mapping[str, Any]) -> bytes:
    trace_id, span_id, _, _, trace_state, _ = span["_context"]
    parent = span["_parent"]
    if parent is None:
        ids = _SPAN_IDS.pack(0x0A10, trace_id.to_bytes(16, "big"), 0x1208, span_id)
        flags = _NOT_REMOTE
    else:
        ids = _CHILD_IDS.pack(0x0A10, trace_id.to_bytes(16, "big"), 0x1208, span_id, 0x2208, parent.span_id)
        flags = _REMOTE if parent.is_remote else _NOT_REMOTE
    name = span["_name"].encode()
    # OTLP numbers the kinds from 1, the SDK from 0.
    fixed = _SPAN_FIXED.pack(
        0x30, span["_kind"]._value_ + 1, 0x39, span["_start_time"], 0x41, span["_end_time"], 0x0185, flags
    )
    parts = [ids, _SPAN_NAME[len(name)], name, fixed]
    if events := span["_events"]:
        _records(parts, events, _event, _SPAN_EVENTS)
    if events.dropped:
        parts += (b"\x60", varint(events.dropped))  # dropped_events_count (12)
    if links := span["_links"]:
        _records(parts, links, _link, _SPAN_LINKS)
    if links.dropped:
        parts += (b"\x70", varint(links.dropped))  # dropped_links_count (14)
    attributes = span["_attributes"]
    if attributes.dropped:
        parts += (b"\x50", varint(attributes.dropped))  # dropped_attributes_count (10)
    if trace_state:
        text_field(parts, _TRACE_STATE, ",".join(f"{key}={value}" for key, value in trace_state.items()))
    if (status := span["_status"]) is not None:
        code = status.status_code._value_
        parts.append(_status(code, status.description) if code else _STATUS_UNSET)
    key_values(parts, attributes.copy(), _SPAN_ATTRIBUTES)
    return b"".join(parts)


def _records(parts: list[bytes], records: Iterable[Any], encode: Callable[[Any], bytes], heads: Heads) -> None:
    for record in records:
        data = encode(record)
        parts += (heads[len(data)], data)


def _status(code: int, description: str | None) -> bytes:
    parts = [b"\x18", varint(code)]  # code (3)
    text_field(parts, _STATUS_MESSAGE, description)
    content = b"".join(parts)
    return _STATUS[len(content)] + content


def _event(event: Event) -> bytes:
    parts = [_EVENT_TIME.pack(0x09, event.timestamp)]
    text_field(parts, _EVENT_NAME, event.name)
    if event.attributes:
        key_values(parts, event.attributes, _EVENT_ATTRIBUTES)
    if dropped := event.dropped_attributes:
        parts += (b"\x20", varint(dropped))  # dropped_attributes_count (4)
    return b"".join(parts)


def _link(link: Link) -> bytes:
    context = link.context
    parts = [
        _SPAN_IDS.pack(0x0A10, context.trace_id.to_bytes(16, "big"), 0x1208, context.span_id),
        _LINK_FLAGS.pack(0x35, _REMOTE if context.is_remote else _NOT_REMOTE),
    ]
    if link.attributes:
        key_values(parts, link.attributes, _LINK_ATTRIBUTES)
    if dropped := link.dropped_attributes:
        parts += (b"\x28", varint(dropped))  # dropped_attributes_count (5)
    return b"".join(parts)
