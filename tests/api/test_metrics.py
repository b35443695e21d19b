"""Instruments, timers and points of a time of their own."""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Any

import numpy as np
import pytest

from api.fakes import START, FakeSink, Recorded, many
from otel_distro.api import counter, counting, gauge, histogram, meter, metrics, summary, timer, timeseries, wiring
from otel_distro.api.sink import Point

FACTORIES = [counter, gauge, histogram, summary, meter]


def test_a_counter_adds(recorded: Recorded) -> None:
    orders = counter("orders", unit="{order}", description="Orders taken")
    orders.add()
    orders.inc(2)
    orders.add(np.int64(3), attributes={"region": "eu"})
    assert recorded.values("orders") == {(): 3, ("eu",): 3}


def test_unit_and_description_arrive(recorded: Recorded) -> None:
    counter("orders", unit="{order}", description="Orders taken").add()
    data = recorded.metric_reader.get_metrics_data()
    assert data is not None
    found = data.resource_metrics[0].scope_metrics[0].metrics[0]
    assert (found.name, found.unit, found.description) == ("orders", "{order}", "Orders taken")


def test_a_meter_marks(recorded: Recorded) -> None:
    meter("requests").mark()
    meter("requests").mark(4, attributes={"path": "/"})
    assert recorded.values("requests") == {(): 1, ("/",): 4}


def test_histogram_and_summary_keep_count_and_sum(recorded: Recorded) -> None:
    histogram("size").record(3)
    histogram("size").observe(4)
    summary("batch").observe(0.5, attributes={"model": "m"})
    assert recorded.values("size") == {(): (2, 7)}
    assert recorded.values("batch") == {("m",): (1, 0.5)}


def test_a_gauge_goes_up_and_down(recorded: Recorded) -> None:
    queue = gauge("queue")
    queue.inc()
    queue.set(10)
    queue.inc(5)
    queue.dec(2)
    queue.dec(attributes={"name": "b", "n": [1]})
    assert recorded.values("queue") == {(): 13, ("b", (1,)): -1}


class Slow(dict[Any, float]):
    """Lets another thread run between the reading and the writing of a value."""

    def get(self, *key: Any) -> Any:
        found = super().get(*key)
        time.sleep(0.001)
        return found


def test_a_gauge_counts_right_from_many_threads(recorded: Recorded) -> None:
    queue = gauge("queue")
    queue._values = Slow()
    threads = [threading.Thread(target=many, args=(queue.inc, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.inc(0)
    assert recorded.values("queue") == {(): 40}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_inherit_the_lock_of_a_gauge() -> None:
    held, goes_on = threading.Event(), threading.Event()

    def hold() -> None:
        with metrics._Lock.lock:
            held.set()
            goes_on.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if metrics._Lock.lock.acquire(blocking=False) else 1)
    goes_on.set()
    thread.join()
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
def test_a_name_gives_one_instrument(make: Any) -> None:
    assert make("one") is make("one", unit="s")


@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
def test_a_name_belongs_to_one_kind(make: Any) -> None:
    first, other = (counter, make) if make is not counter else (gauge, make)
    first("taken")
    with pytest.raises(ValueError, match=f"name 'taken' is a {first.__name__} already; give the {make.__name__} ano"):
        other("taken")


@pytest.mark.parametrize("make", [*FACTORIES, timer], ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["", None, 5])
def test_a_name_is_needed(make: Any, name: Any) -> None:
    with pytest.raises(ValueError, match="name must be a text that is not empty"):
        make(name)


def test_a_name_that_opentelemetry_does_not_take_is_mended(recorded: Recorded) -> None:
    counter("orders taken (ä)").add()
    counter("7up").add()
    counter("x" * 300, unit="€" * 100).add()
    assert [recorded.values(name)[()] for name in ("orders_taken____", "m_7up", "x" * 255)] == [1, 1, 1]


@pytest.mark.parametrize(
    "record",
    [
        lambda: counter("c").add("1"),  # type: ignore[arg-type]  # bad data
        lambda: counter("c").add(-1),
        lambda: meter("m").mark(-1),
        lambda: gauge("g").set(None),  # type: ignore[arg-type]  # bad data
        lambda: gauge("g").inc([]),  # type: ignore[arg-type]  # bad data
        lambda: gauge("g").dec("x"),  # type: ignore[arg-type]  # bad data
        lambda: histogram("h").record(object()),  # type: ignore[arg-type]  # bad data
        lambda: summary("s").observe(1j),  # type: ignore[arg-type]  # bad data
        lambda: histogram("h").record(-1),
        lambda: counter("c").add(math.inf),
        lambda: gauge("g").set(math.nan),
    ],
)
def test_what_is_no_value_is_left_out_and_counted(recorded: Recorded, record: Any) -> None:
    record()
    assert counting.counts() == {"dropped": 1}
    assert [recorded.points(name) for name in "cmghs"] == [[], [], [], [], []]


def test_attributes_of_any_kind_do_no_harm(recorded: Recorded) -> None:
    odd = {1: "a", "b": {"c": [1]}, "d": object, "": None}
    counter("c").add(1, attributes=odd)  # type: ignore[arg-type]  # bad data
    histogram("h").record(1, attributes=odd)  # type: ignore[arg-type]  # bad data
    gauge("g").set(1, attributes=odd)  # type: ignore[arg-type]  # bad data
    assert [len(recorded.points(name)) for name in "chg"] == [1, 1, 1]


def test_an_instrument_made_early_serves_the_sdk_that_comes_later(recorded: Recorded) -> None:
    kept = wiring.active()
    wiring.uninstall()
    early = counter("early")
    early.add()
    wiring._State.wiring = kept
    early.add()
    assert recorded.values("early") == {(): 1}


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_a_histogram_of_seconds_has_buckets_for_seconds(recorded: Recorded, unit: str) -> None:
    histogram("duration", unit=unit).record(0.02)
    (point,) = recorded.points("duration")
    assert (0.025 in point.explicit_bounds) is (unit == "s")
    assert (3_600.0 in point.explicit_bounds) is (unit == "s")


# --- timers ----------------------------------------------------------------------------------------------------------


def test_a_timer_records_seconds_when_the_block_raises_too(recorded: Recorded) -> None:
    with timer("load") as t:
        assert t.seconds is None
        recorded.clock.advance(0.25)
    assert t.seconds == 0.25

    @timer("load", attributes={"table": "a"})
    def load() -> None:
        recorded.clock.advance(1)
        raise KeyError

    with pytest.raises(KeyError):
        load()
    assert recorded.values("load") == {(): (1, 0.25), ("a",): (1, 1.0)}


# --- points ----------------------------------------------------------------------------------------------------------


def test_a_point_goes_to_the_sink(recorded: Recorded) -> None:
    timeseries("price", 3.2, tags={"city": "A"})
    timeseries("price", np.float32(0.5), time_unix_nano=START + 1)
    timeseries("price", math.inf)
    assert recorded.sink.taken == [
        Point("price", 3.2, START, {"city": "A"}),
        Point("price", 0.5, START + 1, {}),
        Point("price", math.inf, START, {}),
    ]


@pytest.mark.parametrize("value", ["3.2", None, [1], object()])
def test_a_point_without_a_number_is_left_out_and_counted(recorded: Recorded, value: Any) -> None:
    timeseries("price", value)
    assert recorded.sink.taken == []
    assert counting.counts() == {"dropped": 1}


@pytest.mark.parametrize("moment", ["now", -1, 2**63, math.nan, True])
def test_an_impossible_time_becomes_the_present(recorded: Recorded, moment: Any) -> None:
    timeseries("price", 1, time_unix_nano=moment)
    assert recorded.sink.taken == [Point("price", 1, START, {})]
    assert counting.counts() == {"mended": 1}


def test_without_a_sink_a_point_goes_nowhere(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.uninstall()
    monkeypatch.setattr(FakeSink, "points", lambda *_: pytest.fail("called"))
    timeseries("price", 1.0)
    assert recorded.sink.taken == []
