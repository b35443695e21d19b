"""Run.log: steps, times, numbers, and the gauge that mirrors the last values."""

from __future__ import annotations

import logging
import math
import threading
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from api.fakes import SECOND, START, Recorded, many
from otel_distro import semconv
from otel_distro.api import counting, run


def steps(recorded: Recorded) -> list[int]:
    return [event.attributes["algo.run.step"] for event in recorded.events(semconv.EVENT_RUN_METRICS)]


def test_a_missing_step_is_the_last_one_plus_one(recorded: Recorded) -> None:
    with run() as r:
        for step in (None, None, 10, None, 3, None, np.int64(7), None):
            r.log({"loss": 1.0}, step)
    assert steps(recorded) == [0, 1, 10, 11, 3, 4, 7, 8]


@pytest.mark.parametrize("step", ["7", object(), math.nan, math.inf, 2**70])
def test_an_impossible_step_is_mended(recorded: Recorded, step: Any) -> None:
    with run() as r:
        r.log({"loss": 1.0}, step=step)
        r.log({"loss": 1.0})
    assert steps(recorded) == [0, 1]
    assert counting.counts() == {"mended": 1}


def test_a_time_of_the_callers_is_kept(recorded: Recorded) -> None:
    with run() as r:
        r.log({"loss": 1.0}, time_unix_nano=START + 5 * SECOND)
    event = recorded.one(semconv.EVENT_RUN_METRICS)
    assert (event.timestamp, event.attributes["algo.run.time_seconds"]) == (START + 5 * SECOND, 5.0)


def test_numbers_of_every_kind_are_kept(recorded: Recorded) -> None:
    values = {
        "int": 3,
        "float": 0.5,
        "bool": True,
        "numpy": np.float32(0.5),
        "integer": np.int64(4),
        "array": np.array(2.5),
        "decimal": Decimal("1.5"),
        "infinite": -math.inf,
        "large": 2**64,
    }
    with run() as r:
        r.log(values)
    body = recorded.one(semconv.EVENT_RUN_METRICS).body
    expected = [3, 0.5, True, 0.5, 4, 2.5, 1.5, -math.inf, 2.0**64]
    assert list(body.items()) == list(zip(values, expected, strict=True))
    assert {type(value) for value in body.values()} == {int, float, bool}


def test_what_is_no_number_is_left_out_and_named_once(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    with run() as r:
        for _ in range(2):
            r.log({"loss": 0.5, "text": "0.5", "none": None, "list": [1], 7: 1.0})  # type: ignore[dict-item]  # bad data
    assert [event.body for event in recorded.events(semconv.EVENT_RUN_METRICS)] == [{"loss": 0.5, "7": 1.0}] * 2
    assert counting.counts() == {"mended": 6}
    assert [record.getMessage() for record in caplog.records] == [
        f"run.log leaves out what is no number: {name}" for name in ("text", "none", "list")
    ]
    assert {(record.name, record.levelno) for record in caplog.records} == {("otel_distro", logging.WARNING)}


@pytest.mark.parametrize("values", [{}, {"a": "text"}, None, 5, "text", [("a",)]])
def test_where_nothing_is_left_no_step_is_taken(recorded: Recorded, values: Any) -> None:
    with run() as r:
        r.log(values)
        r.log({"loss": 1.0})
    assert steps(recorded) == [0]
    assert counting.counts() == ({"dropped": 1} if values != {} else {})


def test_what_is_logged_is_a_copy(recorded: Recorded) -> None:
    values = {"loss": 1.0}
    with run() as r:
        r.log(values)
        values["loss"] = 2.0
    assert recorded.one(semconv.EVENT_RUN_METRICS).body == {"loss": 1.0}


def test_a_gauge_mirrors_the_last_values(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    with run() as r:
        r.log({"loss": 1.0, "accuracy": 0.1, "diverged": math.nan})
        r.log({"loss": 0.5})
    assert recorded.values("algo.run.metric") == {("loss",): 0.5, ("accuracy",): 0.1}
    assert caplog.records == []


def test_the_mirror_is_bounded(recorded: Recorded) -> None:
    with run() as r:
        for n in range(2_001):
            r.log({f"metric-{n}": n})
        r.log({"metric-0": 7})
    mirrored = recorded.values("algo.run.metric")
    assert len(mirrored) == 2_000
    assert len(recorded.events(semconv.EVENT_RUN_METRICS)) == 2_002
    assert counting.counts() == {"dropped from algo.run.metric": 1}


@pytest.mark.usefixtures("switching")
def test_threads_at_once_get_steps_of_their_own(recorded: Recorded) -> None:
    with run() as r:
        threads = [threading.Thread(target=many, args=(lambda: r.log({"loss": 1.0}), 300)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(steps(recorded)) == list(range(1_200))
