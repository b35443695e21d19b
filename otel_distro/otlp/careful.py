"""Careful copies of records: every field of a copy can be encoded, whatever the record held there.

The encoder reads a record straight off, and only where that raises once more from such a copy. So a record that is
sound pays nothing, and one that is not loses the bad field alone. A copy has the names of the record that it stands
for, as far as the encoder reads them; what is done with each field stands in one table for each kind of record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from otel_distro.otlp.mending import FIELD, INTEGER, note
from otel_distro.otlp.text import text
from otel_distro.otlp.values import snapshot

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = [
    "as_it_is",
    "careful_exemplar",
    "careful_point",
    "careful_span",
    "double",
    "each",
    "guarded",
    "items",
    "unsigned32",
    "unsigned64",
    "unsigned128",
]

# Each takes what a record holds in a field, ``None`` too, and returns what can be encoded; it may raise.
Reader = Callable[[Any], Any]


def guarded(read: Reader, value: Any) -> Any:
    """Returns what the reader makes of a value, or of nothing where the value makes it raise."""
    try:
        return read(value)
    except Exception:
        note(FIELD)
        return read(None)


def _copy(table: Mapping[str, Reader], record: Any) -> SimpleNamespace:
    """Returns a copy of a record with the fields of a table."""
    return SimpleNamespace(**{name: _field(record, name, read) for name, read in table.items()})


def _field(record: Any, name: str, read: Reader) -> Any:
    if record is None:
        return read(None)
    try:
        return read(getattr(record, name))
    except Exception:
        note(FIELD)
        return read(None)


# --- readers of fields -----------------------------------------------------------------------------------------------


def as_it_is(value: Any) -> Any:
    """Returns the value: the encoder itself mends it."""
    return value


def _utf8(value: Any) -> str:
    """Returns text that can be encoded, ``str()`` of what is no text, nothing for nothing."""
    return text(value).decode()


def _within(value: Any, low: int, high: int) -> int:
    """Returns the nearest whole number between two; 0 for nothing."""
    if value is None:
        return 0
    number = min(max(int(value), low), high)
    if number != value:
        note(FIELD)
    return number


def unsigned32(value: Any) -> int:
    """Returns the nearest number of 32 bits without sign."""
    return _within(value, 0, 0xFFFF_FFFF)


def unsigned64(value: Any) -> int:
    """Returns the nearest number of 64 bits without sign."""
    return _within(value, 0, 0xFFFF_FFFF_FFFF_FFFF)


def unsigned128(value: Any) -> int:
    """Returns the nearest number of 128 bits without sign."""
    return _within(value, 0, (1 << 128) - 1)


def _signed32(value: Any) -> int:
    return _within(value, -(1 << 31), (1 << 31) - 1)


def _optional_double(value: Any) -> float | None:
    """Returns a number as a double, infinite where it is too large for one."""
    if value is None:
        return None
    try:
        return float(value)
    except OverflowError:
        note(INTEGER)
        return _nearest_double(value)


def _nearest_double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def double(value: Any) -> float:
    """Returns a number as a double, infinite where it is too large for one; not-a-number for nothing."""
    number = _optional_double(value)
    return math.nan if number is None else number


def _number(value: Any) -> int | float:
    """Returns a point's value: an integer where it is one of 64 bits, else a double."""
    if not isinstance(value, int):
        return double(value)
    if -(1 << 63) <= value < 1 << 63:
        return value
    note(INTEGER)
    return _nearest_double(value)


def items(value: Any) -> dict[Any, Any]:
    """Returns a mapping's items as they are at one moment."""
    return {} if value is None else snapshot(value)


def each(read: Reader) -> Reader:
    """Returns a reader of all elements."""
    return lambda values: () if values is None else tuple(guarded(read, value) for value in values)


def _record(table: Mapping[str, Reader]) -> Reader:
    """Returns a reader of a record inside the record."""
    return lambda record: _copy(table, record)


def _optional_record(table: Mapping[str, Reader]) -> Reader:
    """Returns a reader of a record that may be missing."""
    return lambda record: None if record is None else _copy(table, record)


# --- records ---------------------------------------------------------------------------------------------------------

_MEMBER: Final[Mapping[str, Reader]] = {"_value_": _signed32}
_CONTEXT: Final[Mapping[str, Reader]] = {
    "trace_id": unsigned128,
    "span_id": unsigned64,
    "is_remote": bool,
    "trace_state": items,
}
_EVENT: Final[Mapping[str, Reader]] = {
    "name": as_it_is,
    "timestamp": unsigned64,
    "attributes": items,
    "dropped_attributes": unsigned32,
}
_LINK: Final[Mapping[str, Reader]] = {
    "context": _record(_CONTEXT),
    "attributes": items,
    "dropped_attributes": unsigned32,
}
_SPAN: Final[Mapping[str, Reader]] = {
    "context": _record(_CONTEXT),
    "parent": _optional_record(_CONTEXT),
    "name": _utf8,
    "kind": _record(_MEMBER),
    "start_time": unsigned64,
    "end_time": unsigned64,
    "attributes": items,
    "dropped_attributes": unsigned32,
    "events": each(_record(_EVENT)),
    "dropped_events": unsigned32,
    "links": each(_record(_LINK)),
    "dropped_links": unsigned32,
    "status": _optional_record({"status_code": _record(_MEMBER), "description": as_it_is}),
}
_EXEMPLAR: Final[Mapping[str, Reader]] = {
    "time_unix_nano": unsigned64,
    "value": _number,
    "trace_id": lambda value: None if value is None else unsigned128(value),
    "span_id": lambda value: None if value is None else unsigned64(value),
    "filtered_attributes": items,
}
_BUCKETS: Final[Mapping[str, Reader]] = {"offset": _signed32, "bucket_counts": each(unsigned64)}
_ANY_POINT: Final[Mapping[str, Reader]] = {
    "attributes": items,
    "start_time_unix_nano": unsigned64,
    "time_unix_nano": unsigned64,
    "exemplars": each(as_it_is),
}
_DISTRIBUTION: Final[Mapping[str, Reader]] = {
    **_ANY_POINT,
    "count": unsigned64,
    "sum": _optional_double,
    "min": _optional_double,
    "max": _optional_double,
}
_POINTS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "NumberDataPoint": {**_ANY_POINT, "value": _number},
    "HistogramDataPoint": {**_DISTRIBUTION, "bucket_counts": each(unsigned64), "explicit_bounds": each(double)},
    "ExponentialHistogramDataPoint": {
        **_DISTRIBUTION,
        "scale": _signed32,
        "zero_count": unsigned64,
        "positive": _record(_BUCKETS),
        "negative": _record(_BUCKETS),
        "flags": unsigned32,
    },
}


class _Items(dict[Any, Any]):
    """Attributes, and how many of them are missing."""

    def __init__(self, kept: dict[Any, Any], dropped: int) -> None:
        super().__init__(kept)
        self.dropped = dropped


class _Records:
    """Events or links, and how many of them are missing."""

    def __init__(self, kept: tuple[Any, ...], dropped: int) -> None:
        self._kept = kept
        self.dropped = dropped

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)


def careful_span(span: ReadableSpan) -> dict[str, Any]:
    """Returns a copy of a span, read by its properties and laid out as the SDK's own."""
    copy = _copy(_SPAN, span)
    context = copy.context
    return {
        "_context": (context.trace_id, context.span_id, context.is_remote, 0, context.trace_state, True),
        "_parent": copy.parent,
        "_name": copy.name,
        "_kind": copy.kind,
        "_start_time": copy.start_time,
        "_end_time": copy.end_time,
        "_attributes": _Items(copy.attributes, copy.dropped_attributes),
        "_events": _Records(copy.events, copy.dropped_events),
        "_links": _Records(copy.links, copy.dropped_links),
        "_status": copy.status,
    }


def careful_point(point: Any, message: str) -> Any:
    """Returns a copy of a point of a metric.

    Args:
        point: What stands where a point belongs.
        message: Name of the message that it becomes.
    """
    return _copy(_POINTS[message], point)


def careful_exemplar(exemplar: Any) -> Any:
    """Returns a copy of an exemplar."""
    return _copy(_EXEMPLAR, exemplar)
