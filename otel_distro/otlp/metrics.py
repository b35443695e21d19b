"""The encoder's part for metrics: every kind of data that the SDK collects, and points with their own time.

Source of the messages: opentelemetry/proto/metrics/v1/metrics.proto. As in upstream's encoder, a gauge's points have
no start time, and a metric without points has no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct, pack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from otel_distro.otlp.careful import as_it_is, careful_exemplar, careful_point, double, each, guarded, items, unsigned64
from otel_distro.otlp.mending import OBJECT, note
from otel_distro.otlp.text import text_field
from otel_distro.otlp.values import KeyValues, key_values
from otel_distro.otlp.wire import Heads, Varints, zigzag

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import Exemplar
    from opentelemetry.sdk.metrics.export import (
        ExponentialHistogramDataPoint,
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
    )

    from otel_distro.api.sink import Point

__all__ = ["encode_metric", "encode_points"]

_NAME: Final = Heads(1)
_DESCRIPTION: Final = Heads(2)
_UNIT: Final = Heads(3)
_DATA_POINTS: Final = Heads(1)  # the same number in Gauge, Sum, Histogram and ExponentialHistogram
_varints: Final = Varints()


def encode_metric(metric: Metric) -> bytes:
    """Returns the inner bytes of a Metric: a sum, gauge, histogram or exponential histogram with its exemplars."""
    parts = _described(metric)
    form = _form(metric.data)
    if form is None:
        note(OBJECT)
        return b"".join(parts)
    content: list[bytes] = []
    for point in guarded(_all, metric.data.data_points):
        try:
            data = form.encode(point)
        except Exception:
            data = form.encode(careful_point(point, form.message))
        content += (_DATA_POINTS[len(data)], data)
    if content:
        content.append(form.settings(metric.data))
        _enclose(parts, form.heads, content)
    return b"".join(parts)


def encode_points(points: Sequence[Point]) -> list[bytes]:
    """Returns the inner bytes of one Metric for each name among the points: a gauge that holds all points of the name.

    Args:
        points: In any order; each name's points stay in theirs.
    """
    gauges: dict[str, list[bytes]] = {}
    tags: Mapping[str, Any] | None = None
    attributes = b""
    for point in points:
        if point.tags is not tags:  # the points of one series often share one mapping
            tags, attributes = point.tags, _attributes_of(point.tags)
        fixed = _own_time_point(point)
        content = gauges.setdefault(point.name, [])
        content += (_DATA_POINTS[len(fixed) + len(attributes)], fixed, attributes)
    return [_gauge(name, content) for name, content in gauges.items()]


def _attributes_of(tags: Mapping[str, Any] | None) -> bytes:
    parts: list[bytes] = []
    if tags:
        key_values(parts, guarded(items, tags), _NUMBER_ATTRIBUTES)
    return b"".join(parts)


def _own_time_point(point: Point) -> bytes:
    try:
        return _DOUBLE.pack(0x19, point.time_unix_nano, 0x21, point.value)
    except Exception:
        return _DOUBLE.pack(0x19, guarded(unsigned64, point.time_unix_nano), 0x21, guarded(double, point.value))


def _gauge(name: str, content: list[bytes]) -> bytes:
    parts: list[bytes] = []
    text_field(parts, _NAME, name)
    _enclose(parts, _GAUGE, content)
    return b"".join(parts)


def _enclose(parts: list[bytes], heads: Heads, content: Sequence[bytes]) -> None:
    """Appends a field that holds a message."""
    data = b"".join(content)
    parts += (heads[len(data)], data)


def _described(metric: Metric) -> list[bytes]:
    parts: list[bytes] = []
    text_field(parts, _NAME, metric.name)
    text_field(parts, _DESCRIPTION, metric.description)
    text_field(parts, _UNIT, metric.unit)
    return parts


# --- numbers ---------------------------------------------------------------------------------------------------------

_NUMBER_ATTRIBUTES: Final = KeyValues(7)
_NUMBER_EXEMPLARS: Final = Heads(5)
_INTEGER: Final = Struct("<BQBq")  # time_unix_nano (3), as_int (6)
_DOUBLE: Final = Struct("<BQBd")  # time_unix_nano (3), as_double (4)
_INTEGER_SINCE: Final = Struct("<BQBQBq")  # start_time_unix_nano (2) before these
_DOUBLE_SINCE: Final = Struct("<BQBQBd")


def _gauge_point(point: NumberDataPoint) -> bytes:
    value = point.value
    if isinstance(value, int):
        fixed = _INTEGER.pack(0x19, point.time_unix_nano, 0x31, value)
    else:
        fixed = _DOUBLE.pack(0x19, point.time_unix_nano, 0x21, value)
    return _number_point(point, fixed)


def _sum_point(point: NumberDataPoint) -> bytes:
    value = point.value
    if isinstance(value, int):
        fixed = _INTEGER_SINCE.pack(0x11, point.start_time_unix_nano, 0x19, point.time_unix_nano, 0x31, value)
    else:
        fixed = _DOUBLE_SINCE.pack(0x11, point.start_time_unix_nano, 0x19, point.time_unix_nano, 0x21, value)
    return _number_point(point, fixed)


def _number_point(point: NumberDataPoint, fixed: bytes) -> bytes:
    parts = [fixed]
    if point.attributes:
        key_values(parts, point.attributes, _NUMBER_ATTRIBUTES)
    if point.exemplars:
        _exemplars(parts, point.exemplars, _NUMBER_EXEMPLARS)
    return b"".join(parts)


# --- distributions ---------------------------------------------------------------------------------------------------

# start_time_unix_nano (2), time_unix_nano (3), count (4); then sum (5), min and max, where all three are known
_DISTRIBUTION: Final = Struct("<BQBQBQ")
_SUMMED_DISTRIBUTION: Final = Struct("<BQBQBQBdBdBd")
_OPTIONAL: Final = Struct("<Bd")
_HISTOGRAM_ATTRIBUTES: Final = KeyValues(9)
_HISTOGRAM_EXEMPLARS: Final = Heads(8)
_BUCKET_COUNTS: Final = Heads(6)
_EXPLICIT_BOUNDS: Final = Heads(7)

_EXPONENTIAL_ATTRIBUTES: Final = KeyValues(1)
_EXPONENTIAL_EXEMPLARS: Final = Heads(11)
_ZERO_COUNT: Final = Struct("<BQ")
_POSITIVE: Final = Heads(8)
_NEGATIVE: Final = Heads(9)
_COUNTS_OF_BUCKETS: Final = Heads(2)


def _distribution(point: HistogramDataPoint | ExponentialHistogramDataPoint, min_tag: int, max_tag: int) -> list[bytes]:
    """Returns the fields that both kinds of distribution have; min and max have numbers of their own in each."""
    start, end, count = point.start_time_unix_nano, point.time_unix_nano, point.count
    total: float | None = point.sum
    low: float | None = point.min
    high: float | None = point.max
    if total is not None and low is not None and high is not None:
        return [
            _SUMMED_DISTRIBUTION.pack(0x11, start, 0x19, end, 0x21, count, 0x29, total, min_tag, low, max_tag, high)
        ]
    parts = [_DISTRIBUTION.pack(0x11, start, 0x19, end, 0x21, count)]
    parts += [
        _OPTIONAL.pack(tag, value)
        for tag, value in ((0x29, total), (min_tag, low), (max_tag, high))
        if value is not None
    ]
    return parts


def _histogram_point(point: HistogramDataPoint) -> bytes:
    parts = _distribution(point, 0x59, 0x61)
    if counts := point.bucket_counts:
        parts += (_BUCKET_COUNTS[8 * len(counts)], pack(f"<{len(counts)}Q", *counts))
    if point.explicit_bounds:
        parts.append(_bounds(point.explicit_bounds))
    if point.attributes:
        key_values(parts, point.attributes, _HISTOGRAM_ATTRIBUTES)
    if point.exemplars:
        _exemplars(parts, point.exemplars, _HISTOGRAM_EXEMPLARS)
    return b"".join(parts)


_known_bounds: Final[dict[int, tuple[Sequence[float], bytes]]] = {}
_BOUNDS_REMEMBERED: Final = 64


def _bounds(bounds: Sequence[float]) -> bytes:
    """Returns the field of bounds; those of an instrument are one tuple for all its points, so it is remembered."""
    known = _known_bounds.get(id(bounds))
    if known is not None:
        return known[1]
    encoded = _EXPLICIT_BOUNDS[8 * len(bounds)] + pack(f"<{len(bounds)}d", *bounds)
    if type(bounds) is tuple:
        if len(_known_bounds) >= _BOUNDS_REMEMBERED:
            _known_bounds.clear()
        _known_bounds[id(bounds)] = (bounds, encoded)  # holding it keeps its identity from being taken over
    return encoded


def _exponential_point(point: ExponentialHistogramDataPoint) -> bytes:
    parts = _distribution(point, 0x61, 0x69)
    parts += (b"\x30", _varints[zigzag(point.scale)])  # scale (6)
    parts.append(_ZERO_COUNT.pack(0x39, point.zero_count))
    for heads, buckets in ((_POSITIVE, point.positive), (_NEGATIVE, point.negative)):
        if buckets.bucket_counts:
            counts = b"".join([_varints[count] for count in buckets.bucket_counts])
            offset = _varints[zigzag(buckets.offset)]
            _enclose(parts, heads, (b"\x08", offset, _COUNTS_OF_BUCKETS[len(counts)], counts))
    if point.flags:
        parts += (b"\x50", _varints[point.flags])  # flags (10)
    if point.attributes:
        key_values(parts, point.attributes, _EXPONENTIAL_ATTRIBUTES)
    if point.exemplars:
        _exemplars(parts, point.exemplars, _EXPONENTIAL_EXEMPLARS)
    return b"".join(parts)


# --- exemplars -------------------------------------------------------------------------------------------------------

_EXEMPLAR_INTEGER: Final = Struct("<BQBq")  # time_unix_nano (2), as_int (6)
_EXEMPLAR_DOUBLE: Final = Struct("<BQBd")  # time_unix_nano (2), as_double (3)
_EXEMPLAR_IDS: Final = Struct(">HQH16s")  # tag and length of span_id (4) and trace_id (5)
_FILTERED_ATTRIBUTES: Final = KeyValues(7)


def _exemplars(parts: list[bytes], exemplars: Sequence[Exemplar], heads: Heads) -> None:
    for exemplar in exemplars:
        try:
            data = _exemplar(exemplar)
        except Exception:
            data = _exemplar(careful_exemplar(exemplar))
        parts += (heads[len(data)], data)


def _exemplar(exemplar: Exemplar) -> bytes:
    value = exemplar.value
    if isinstance(value, int):
        parts = [_EXEMPLAR_INTEGER.pack(0x11, exemplar.time_unix_nano, 0x31, value)]
    else:
        parts = [_EXEMPLAR_DOUBLE.pack(0x11, exemplar.time_unix_nano, 0x19, value)]
    if exemplar.span_id is not None and exemplar.trace_id is not None:
        parts.append(_EXEMPLAR_IDS.pack(0x2208, exemplar.span_id, 0x2A10, exemplar.trace_id.to_bytes(16, "big")))
    if exemplar.filtered_attributes:
        key_values(parts, exemplar.filtered_attributes, _FILTERED_ATTRIBUTES)
    return b"".join(parts)


# --- kinds of data ---------------------------------------------------------------------------------------------------


class _Form(NamedTuple):
    """How one kind of data is encoded.

    Attributes:
        heads: Of its field in Metric.
        message: Name of its points' message.
        encode: One point to its inner bytes; raises where a field cannot be encoded as it is.
        settings: What stands beside the points.
    """

    heads: Heads
    message: str
    encode: Callable[[Any], bytes]
    settings: Callable[[Any], bytes]


def _no_settings(_data: Any) -> bytes:
    return b""


def _temporality(data: Any) -> bytes:
    return b"\x10" + _varints[guarded(unsigned64, data.aggregation_temporality)]  # aggregation_temporality (2)


def _temporality_and_monotony(data: Any) -> bytes:
    return _temporality(data) + (b"\x18\x01" if data.is_monotonic else b"")  # is_monotonic (3)


_GAUGE: Final = Heads(5)
# By name of the class, since importing the classes would load the SDK.
_FORMS: Final[Mapping[str, _Form]] = {
    "Gauge": _Form(_GAUGE, "NumberDataPoint", _gauge_point, _no_settings),
    "Sum": _Form(Heads(7), "NumberDataPoint", _sum_point, _temporality_and_monotony),
    "Histogram": _Form(Heads(9), "HistogramDataPoint", _histogram_point, _temporality),
    "ExponentialHistogram": _Form(Heads(10), "ExponentialHistogramDataPoint", _exponential_point, _temporality),
}


def _form(data: object) -> _Form | None:
    """Returns the form of a kind of data, or of the nearest base class that is one."""
    for kind in type(data).__mro__:
        if kind.__name__ in _FORMS:
            return _FORMS[kind.__name__]
    return None


_all: Final = each(as_it_is)
