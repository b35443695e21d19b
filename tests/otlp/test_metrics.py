"""Metrics: equal to upstream's when parsed, and mended where upstream refuses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)

from otel_distro.api.sink import Point
from otel_distro.otlp import metrics as module
from otel_distro.otlp.decode import attributes
from otel_distro.otlp.encoder import encode_metric, encode_points
from otel_distro.otlp.mending import FIELD, INTEGER, OBJECT, SURROGATE, UNPRINTABLE
from otlp.corpus import LONGEST_INT, NOW, metrics
from otlp.upstream import upstream_metric

CORPUS = metrics()


def decoded(metric: Metric) -> metrics_pb2.Metric:
    return metrics_pb2.Metric.FromString(encode_metric(metric))


@pytest.mark.parametrize("metric", CORPUS, ids=lambda metric: metric.name)
def test_a_metric_equals_upstreams(metric: Metric, mended: dict[str, int]) -> None:
    # Serialised: parsed messages that hold NaN are not equal to themselves.
    ours, theirs = decoded(metric), upstream_metric(metric)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
    assert mended == {}


def test_the_corpus_has_what_it_is_for() -> None:
    data = [upstream_metric(metric) for metric in CORPUS]
    kinds = {metric.WhichOneof("data") for metric in data}
    assert kinds == {None, "gauge", "sum", "histogram", "exponential_histogram"}
    sums = [point for metric in data for point in metric.sum.data_points]
    assert {point.WhichOneof("value") for point in sums} == {"as_int", "as_double"}
    assert any(exemplar.trace_id for point in sums for exemplar in point.exemplars)


# --- mending ---------------------------------------------------------------------------------------------------------


def number(value: Any, **fields: Any) -> NumberDataPoint:
    good: dict[str, Any] = {"attributes": {"a": 1}, "start_time_unix_nano": 1, "time_unix_nano": 2}
    return NumberDataPoint(**{**good, **fields}, value=value)


def encoded_sum(*points: NumberDataPoint) -> Sequence[metrics_pb2.NumberDataPoint]:
    metric = Metric("m", "", "", Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True))
    return decoded(metric).sum.data_points


class Float:
    """NumPy's float32, as far as it is read."""

    def __float__(self) -> float:
        return 2.5


NUMBERS: list[tuple[Any, Any, str | None]] = [
    (1 << 63, float(1 << 63), INTEGER),
    (-(1 << 70), float(-(1 << 70)), INTEGER),
    (10**400, math.inf, INTEGER),
    (-(10**400), -math.inf, INTEGER),
    (Float(), 2.5, None),
    ("2.5", 2.5, None),
]


@pytest.mark.parametrize(("value", "expected", "reason"), NUMBERS)
def test_a_value_is_mended_alone(value: Any, expected: Any, reason: str | None, mended: dict[str, int]) -> None:
    bad, good = encoded_sum(number(value), number(7))
    assert (bad.as_double, bad.time_unix_nano, attributes(bad.attributes)) == (expected, 2, {"a": 1})
    assert good.as_int == 7
    assert mended == ({reason: 1} if reason else {})


@pytest.mark.parametrize("value", ["seven", None, object()])
def test_a_value_that_is_no_number_is_not_a_number(value: Any) -> None:
    (point,) = encoded_sum(number(value))
    assert math.isnan(point.as_double)
    assert point.time_unix_nano == 2


def test_times_and_attributes_are_mended_alone(mended: dict[str, int]) -> None:
    bad: Any = {"time_unix_nano": -1, "start_time_unix_nano": 1 << 70, "attributes": 5}
    (point,) = encoded_sum(number(7, **bad))
    expected = metrics_pb2.NumberDataPoint(as_int=7, start_time_unix_nano=(1 << 64) - 1)
    assert point == expected
    assert mended == {FIELD: 3}


def test_a_bad_exemplar_costs_itself_alone(mended: dict[str, int]) -> None:
    exemplars = [Exemplar({}, 1.5, -1, 1 << 70, 1), Exemplar({}, Float(), NOW), Exemplar({}, 1 << 63, NOW)]  # type: ignore[arg-type]
    (point,) = encoded_sum(number(7, exemplars=exemplars))
    first, second, third = point.exemplars
    assert (first.as_double, first.time_unix_nano, first.span_id) == (1.5, 0, b"\xff" * 8)
    assert (second.as_double, second.time_unix_nano) == (2.5, NOW)
    assert third.as_double == float(1 << 63)
    assert (point.as_int, mended) == (7, {FIELD: 2, INTEGER: 1})


def test_a_bad_distribution_is_mended_field_by_field(mended: dict[str, int]) -> None:
    bad: Any = HistogramDataPoint({"a": 1}, 1, 2, -3, 10**400, [1, -2, 3], [1.0, None], None, "high")  # type: ignore[arg-type, list-item]
    data = Histogram([bad, replace(bad, count=1, sum=1, bucket_counts=[1], explicit_bounds=[], max=1)], 7)  # type: ignore[arg-type]
    first, second = decoded(Metric("h", "", "", data)).histogram.data_points
    assert (first.count, first.sum, first.HasField("max")) == (0, math.inf, False)
    assert list(first.bucket_counts) == [1, 0, 3]
    assert second == metrics_pb2.HistogramDataPoint(
        attributes=first.attributes,
        start_time_unix_nano=1,
        time_unix_nano=2,
        count=1,
        sum=1,
        bucket_counts=[1],
        max=1,
    )
    assert set(mended) == {FIELD, INTEGER}


def test_anything_in_place_of_a_point_costs_itself_alone(mended: dict[str, int]) -> None:
    points: Any = [object(), number(7)]
    bad, good = encoded_sum(*points)
    assert math.isnan(bad.as_double)
    assert good.as_int == 7
    assert set(mended) == {FIELD}


def test_a_name_that_is_no_text_is_mended(mended: dict[str, int]) -> None:
    name: Any = 5
    metric = decoded(Metric(name, "\ud800", "", Gauge([number(1)])))
    assert (metric.name, metric.description, len(metric.gauge.data_points)) == ("5", "�", 1)
    assert mended == {OBJECT: 1, SURROGATE: 1}


def test_data_of_an_unknown_kind_leaves_the_name(mended: dict[str, int]) -> None:
    data: Any = SimpleNamespace(data_points=[])
    assert decoded(Metric("unknown", "", "", data)) == metrics_pb2.Metric(name="unknown")
    assert mended == {OBJECT: 1}


def test_a_subclass_of_a_kind_is_of_that_kind() -> None:
    class OwnGauge(Gauge):
        pass

    assert decoded(Metric("own", "", "", OwnGauge([number(1)]))).gauge.data_points[0].as_int == 1


# --- points with their own time --------------------------------------------------------------------------------------


def test_points_become_one_gauge_for_each_name(mended: dict[str, int]) -> None:
    tags = {"host": "a"}
    points = [
        Point("price", 1.5, NOW, tags),
        Point("volume", 7, NOW, {}),
        Point("price", math.nan, NOW + 1, tags),
        Point("price", -math.inf, 5, {"host": "b", "n": 3}),
    ]
    price, volume = [metrics_pb2.Metric.FromString(metric) for metric in encode_points(points)]
    assert (price.name, volume.name) == ("price", "volume")
    found = [(point.as_double, point.time_unix_nano, attributes(point.attributes)) for point in price.gauge.data_points]
    assert found[0] == (1.5, NOW, {"host": "a"})
    assert math.isnan(found[1][0])
    assert found[1][1:] == (NOW + 1, {"host": "a"})
    assert found[2] == (-math.inf, 5, {"host": "b", "n": 3})
    (only,) = volume.gauge.data_points
    assert only == metrics_pb2.NumberDataPoint(as_double=7.0, time_unix_nano=NOW)
    assert mended == {}


def test_bad_points_are_mended_alone(mended: dict[str, int]) -> None:
    bad: list[Any] = [
        Point("p", "high", NOW, {}),  # type: ignore[arg-type]
        Point("p", 10**400, -5, {}),
        Point("p", Float(), NOW, None),  # type: ignore[arg-type]
        Point("p", 1.0, NOW, {"bad": _Unprintable()}),
    ]
    (metric,) = encode_points(bad)
    first, second, third, fourth = metrics_pb2.Metric.FromString(metric).gauge.data_points
    assert math.isnan(first.as_double)
    assert (second.as_double, second.time_unix_nano) == (math.inf, 0)
    assert (third.as_double, len(third.attributes)) == (2.5, 0)
    assert attributes(fourth.attributes) == {"bad": "<unprintable _Unprintable>"}
    assert mended == {FIELD: 2, INTEGER: 1, UNPRINTABLE: 1}


class _Unprintable:
    def __str__(self) -> str:
        raise ValueError


def test_no_points_are_no_metrics() -> None:
    assert encode_points([]) == []


def test_known_bounds_are_bounded_and_never_those_of_another_tuple() -> None:
    for number_ in range(3 * module._BOUNDS_REMEMBERED):
        bounds = (float(number_), number_ + 0.5)
        point = HistogramDataPoint({}, 1, 2, 1, 1, [1, 0, 0], bounds, 0, 1)
        metric = Metric("h", "", "", Histogram([point], AggregationTemporality.DELTA))
        assert tuple(decoded(metric).histogram.data_points[0].explicit_bounds) == bounds
        del bounds, point, metric  # so that the next tuple may take this one's place in memory
    assert len(module._known_bounds) <= module._BOUNDS_REMEMBERED


def test_an_integer_point_keeps_all_its_digits() -> None:
    assert [point.as_int for point in encoded_sum(number(LONGEST_INT), number(-LONGEST_INT - 1))] == [
        LONGEST_INT,
        -LONGEST_INT - 1,
    ]
