"""Counting what was lost, warning once, and swallowing what must not reach the application."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from api.fakes import Recorded, many
from otel_distro import semconv
from otel_distro.api import (
    annotate,
    arc,
    counter,
    counting,
    event,
    export,
    guard,
    incident,
    run,
    timer,
    timeseries,
    wiring,
)
from otel_distro.api.guard import Guard


@pytest.fixture
def in_production() -> None:
    guard.raise_internal_errors(raises=False)


def test_counts_are_by_reason_and_reading_changes_nothing() -> None:
    assert counting.counts() == {}
    counting.count("a")
    counting.count("b", 3)
    counting.count("a")
    for _ in range(3):
        assert counting.counts() == {"a": 2, "b": 3}


@pytest.mark.usefixtures("switching")
def test_no_count_is_lost_between_threads() -> None:
    threads = [threading.Thread(target=many, args=(lambda: counting.count("a"), 2_000)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        counting.counts()
    for thread in threads:
        thread.join()
    assert counting.counts() == {"a": 8_000}


def test_a_warning_is_given_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        counting.warn_once("key", "about %s", "this")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("otel_distro", "about this")]


def test_warnings_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    for n in range(1_500):
        counting.warn_once(f"key {n}", "about %s", n)
    assert len(caplog.records) == 1_000


def test_a_handler_that_raises_is_no_error_of_the_caller() -> None:
    class Raising(logging.Filter):
        def filter(self, _: logging.LogRecord) -> bool:
            raise RuntimeError("no")

    logger, raising = logging.getLogger("otel_distro"), Raising()
    logger.addFilter(raising)
    try:
        counting.warn_once("key", "text")
    finally:
        logger.removeFilter(raising)
    assert counting.counts() == {"internal_error": 1}


@pytest.mark.usefixtures("in_production")
def test_the_guard_lets_through_what_ends_a_program() -> None:
    for error in (KeyboardInterrupt, SystemExit, GeneratorExit):
        with pytest.raises(error), Guard("here"):
            raise error
    assert counting.counts() == {}


def test_the_guard_raises_in_tests() -> None:
    with pytest.raises(RuntimeError, match="ours"), Guard("here"):
        raise RuntimeError("ours")


CALLS: list[Callable[[], Any]] = [
    lambda: run().__enter__().log({"a": 1}),
    lambda: annotate(inputs=1),
    lambda: incident("title"),
    lambda: event("text"),
    lambda: arc("a").__enter__().export({"a": 1}),
    lambda: run.start().end(),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.usefixtures("in_production")
def test_an_error_of_the_logger_is_swallowed_counted_and_named_once(
    recorded: Recorded, caplog: pytest.LogCaptureFixture, call: Callable[[], Any]
) -> None:
    recorded.logger.error = OSError(28, "No space left on device")
    call()
    call()
    assert counting.counts()["internal_error"] >= 2
    named = [record.getMessage() for record in caplog.records]
    assert len(named) == len(set(named))
    assert all(name.endswith("could not record: OSError: [Errno 28] No space left on device") for name in named)


class Failing(SpanProcessor):
    def on_start(self, *_: object, **__: object) -> None:
        raise RuntimeError("a processor of the application")

    def on_end(self, *_: object, **__: object) -> None:
        raise RuntimeError("a processor of the application")


@pytest.mark.usefixtures("in_production")
def test_an_error_of_a_span_processor_costs_the_span_and_nothing_else(recorded: Recorded) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Failing())
    wiring.active().tracer_provider, wiring.active()._tracer = provider, None
    with run("train") as r, arc("a"):
        r.log({"loss": 1.0})
        export({"score": 1})
    assert recorded.names() == [
        semconv.EVENT_RUN_STARTED,
        semconv.EVENT_ARC_STARTED,
        semconv.EVENT_RUN_METRICS,
        semconv.EVENT_ARC_EXPORT,
        semconv.EVENT_ARC_ENDED,
        semconv.EVENT_RUN_ENDED,
    ]
    assert recorded.values("algo.run.duration") == {("completed",): (1, 0.0)}
    assert recorded.spans() == []


class FailingMeterProvider:
    def get_meter(self, *_: object) -> Any:
        raise RuntimeError("a meter provider of the application")


@pytest.mark.usefixtures("in_production")
def test_an_error_of_the_metrics_costs_the_metric_and_nothing_else(recorded: Recorded) -> None:
    active = wiring.active()
    active.meter_provider, active._meter = FailingMeterProvider(), None  # type: ignore[assignment]  # it fails
    with run() as r, timer("t"):
        r.log({"loss": 1.0})
        counter("c").add()
        incident("title")
    assert [event_.name for event_ in recorded.events()] == [
        semconv.EVENT_RUN_STARTED,
        semconv.EVENT_RUN_METRICS,
        semconv.EVENT_INCIDENT,
        semconv.EVENT_RUN_ENDED,
    ]


@pytest.mark.usefixtures("in_production")
def test_an_error_of_the_sink_is_swallowed(recorded: Recorded) -> None:
    recorded.sink.taken = None  # type: ignore[assignment]  # so that the sink fails
    timeseries("price", 1.0)
    assert counting.counts() == {"internal_error": 1}


@pytest.mark.usefixtures("in_production")
def test_an_error_without_a_text_is_swallowed_too(recorded: Recorded) -> None:
    class Mute(Exception):  # noqa: N818 - a name for what it does
        def __str__(self) -> str:
            raise RuntimeError("no")

    recorded.logger.error = Mute()
    annotate(inputs=1)
    assert counting.counts() == {"internal_error": 1}
