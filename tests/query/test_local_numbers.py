"""The reader's numbers: points of instruments, numbers that are not finite, curves."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as MetricMessage

from otel_distro import semconv
from otel_distro.query.local import LocalReader
from otel_distro.query.reader import Selection
from otel_distro.spool.record import Kind
from query.stores import CUMULATIVE, DELTA, RUN, START, Tape, counter, gauge, store


def listed(reader: LocalReader, name: str, **selection: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = getattr(reader, name)(Selection(**selection)).items
    return items


def metrics_of(tmp_path: Path, *messages: MetricMessage) -> list[dict[str, Any]]:
    tape = Tape()
    for message in messages:
        tape.add(Kind.METRIC, message)
    with LocalReader(store(tmp_path / "metrics.db", tape)) as opened:
        return listed(opened, "metrics", sort="name", descending=False)


def test_a_counter_keeps_its_integer_and_points_that_come_again_are_one(tmp_path: Path) -> None:
    big = 2**53 + 1
    (found,) = metrics_of(tmp_path, counter("c", 5, START), counter("c", big, START + 9), counter("c", big, START + 9))
    assert (found["value"], found["time_unix_nano"], type(found["value"])) == (big, START + 9, int)
    with closing(sqlite3.connect(tmp_path / "metrics.db")) as connection:
        assert connection.execute("SELECT count(*) FROM metric_points").fetchone() == (2,)


def test_points_of_one_time_that_add_up_are_all_kept(tmp_path: Path) -> None:
    metrics_of(tmp_path, counter("c", 5, START, DELTA), counter("c", 6, START, DELTA), gauge("g", 1), gauge("g", 2))
    with closing(sqlite3.connect(tmp_path / "metrics.db")) as connection:
        assert connection.execute("SELECT value FROM metric_points ORDER BY value").fetchall() == [
            (1.0,),
            (2.0,),
            (5,),
            (6,),
        ]


def test_a_histogram_has_cumulative_buckets(tmp_path: Path) -> None:
    message = MetricMessage(name="latency", unit="s")
    message.histogram.aggregation_temporality = CUMULATIVE
    point = message.histogram.data_points.add(time_unix_nano=START, count=6, sum=2.5)
    point.explicit_bounds.extend([0.5, 1.0])
    point.bucket_counts.extend([3, 2, 1])
    (found,) = metrics_of(tmp_path, message)
    assert (found["kind"], found["count"], found["sum"]) == ("histogram", 6, 2.5)
    assert found["buckets"] == {"0.5": 3, "1.0": 5, "+Inf": 6}
    assert "value" not in found


def test_an_exponential_histogram_has_the_bounds_that_its_scale_gives(tmp_path: Path) -> None:
    message = MetricMessage(name="size", unit="By")
    message.exponential_histogram.aggregation_temporality = CUMULATIVE
    point = message.exponential_histogram.data_points.add(
        time_unix_nano=START, count=9, sum=1.0, scale=0, zero_count=1, zero_threshold=0.001
    )
    point.positive.offset = 1  # (2, 4], (4, 8]
    point.positive.bucket_counts.extend([2, 3])
    point.negative.offset = 0  # [-2, -1), [-4, -2)
    point.negative.bucket_counts.extend([1, 2])
    (found,) = metrics_of(tmp_path, message)
    assert found["buckets"] == {"-2.0": 2, "-1.0": 3, "0.001": 4, "4.0": 6, "8.0": 9, "+Inf": 9}


def test_a_summary_has_count_and_sum(tmp_path: Path) -> None:
    message = MetricMessage(name="rate")
    message.summary.data_points.add(time_unix_nano=START, count=3, sum=math.nan)
    (found,) = metrics_of(tmp_path, message)
    assert found["count"] == 3
    assert math.isnan(found["sum"])
    assert "buckets" not in found


# --- numbers that are not finite -------------------------------------------------------------------------------------


def test_numbers_that_are_not_finite_come_back_as_they_were(tmp_path: Path) -> None:
    tape = Tape()
    for step, value in enumerate((1.0, math.inf, math.nan, -2.0, math.nan)):
        body = {"mixed": value, "nan": math.nan, "down": -math.inf}
        tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: step}, body, START + step)
    tape.add(Kind.METRIC, gauge("g", math.nan))
    with LocalReader(store(tmp_path / "store.db", tape)) as reader:
        (run,) = listed(reader, "runs")
        mixed, nan, down = (run["metrics"][name] for name in ("mixed", "nan", "down"))
        assert (mixed["min"], mixed["max"], mixed["count"], mixed["last_step"]) == (-2.0, math.inf, 5, 4)
        assert all(math.isnan(value) for value in (mixed["last"], nan["last"], nan["min"], nan["max"]))
        assert (down["last"], down["min"], down["max"]) == (-math.inf, -math.inf, -math.inf)
        values = {metric["name"]: metric["value"] for metric in listed(reader, "metrics")}
        assert math.isnan(values["g"])
        assert math.isnan(values["nan"])
        assert values["down"] == -math.inf
        curve = reader.curve(RUN, "mixed", 10)
        assert str(curve) == "[1.0, inf, nan, -2.0, nan]"
        assert str(reader.curve(RUN, "mixed", 2)) == "[inf, -2.0]"


def test_a_series_goes_on_from_a_sum_that_is_not_a_number(tmp_path: Path) -> None:
    one, other = Tape("segment-a"), Tape("segment-b")
    one.run_event(semconv.EVENT_RUN_METRICS, {}, {"m": [math.inf, -math.inf]})
    other.run_event(semconv.EVENT_RUN_METRICS, {}, {"m": 4.0}, START + 1)
    path = store(tmp_path / "store.db", one, other)
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT count, nan_count, sum, min, max, last FROM run_series").fetchone()
    assert row == (3, 0, None, -math.inf, math.inf, 4.0)


# --- curves ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[LocalReader]:
    tape = Tape()
    tape.run_event(semconv.EVENT_RUN_METRICS, {}, {"m": [float(value) for value in range(10)]})
    with LocalReader(store(tmp_path / "ramp.db", tape)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("points", "curve"),
    [
        (1, [4.5]),
        (2, [2.0, 7.0]),
        (3, [1.0, 4.0, 7.5]),
        (10, [float(value) for value in range(10)]),
        (99, [float(value) for value in range(10)]),
    ],
)
def test_a_curve_is_means_of_neighbours(ramp: LocalReader, points: int, curve: list[float]) -> None:
    assert ramp.curve(RUN, "m", points) == curve


def test_a_curve_of_nothing(ramp: LocalReader) -> None:
    assert ramp.curve(RUN, "other", 10) == []
    assert ramp.curve("other", "m", 10) == []
    with pytest.raises(ValueError, match="points must be at least 1"):
        ramp.curve(RUN, "m", 0)
