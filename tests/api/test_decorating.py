"""Runs, ARCs and timers as decorators, of every kind of function."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from opentelemetry.context import get_current

from api.fakes import Recorded
from otel_distro import semconv
from otel_distro.api import arc, current_arc, current_run, run, sub_arc, timer

Decorator = Callable[[Any], Any]


def started(recorded: Recorded) -> list[str]:
    return [event.attributes["algo.run.id"] for event in recorded.events(semconv.EVENT_RUN_STARTED)]


def ended(recorded: Recorded) -> list[str]:
    return [event.attributes["algo.run.status"] for event in recorded.events(semconv.EVENT_RUN_ENDED)]


def inside() -> str | None:
    found = current_run()
    return None if found is None else found.id


@pytest.mark.parametrize("decorator", [run, run(), run("train", tags=["a"])], ids=["bare", "called", "described"])
def test_each_call_of_a_function_is_a_run(recorded: Recorded, decorator: Decorator) -> None:
    @decorator
    def train(rate: float, *, epochs: int) -> tuple[float, int, str | None]:
        """Trains."""
        return rate, epochs, inside()

    (rate, epochs, first), (_, _, second) = train(0.1, epochs=2), train(0.2, epochs=3)
    assert (rate, epochs) == (0.1, 2)
    assert started(recorded) == [first, second]
    assert first != second
    assert ended(recorded) == ["completed", "completed"]
    assert (train.__name__, train.__doc__) == ("train", "Trains.")


def test_a_method_is_decorated_like_a_function(recorded: Recorded) -> None:
    class Model:
        @run("fit")
        def fit(self, x: int) -> int:
            return x + 1

    assert Model().fit(1) == 2
    assert ended(recorded) == ["completed"]


def test_a_function_that_raises_fails_its_run(recorded: Recorded) -> None:
    @run
    def train() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        train()
    assert ended(recorded) == ["failed"]


def test_each_call_of_a_coroutine_function_is_a_run(recorded: Recorded) -> None:
    @run
    async def train() -> str | None:
        before = inside()
        await asyncio.sleep(0)
        assert inside() == before
        return before

    async def main() -> list[str | None]:
        return list(await asyncio.gather(train(), train()))

    assert inspect.iscoroutinefunction(train)
    assert asyncio.run(main()) == started(recorded)
    assert ended(recorded) == ["completed", "completed"]


def test_a_cancelled_coroutine_terminates_its_run(recorded: Recorded) -> None:
    @run
    async def train() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.ensure_future(train())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert ended(recorded) == ["terminated"]


# --- generators ------------------------------------------------------------------------------------------------------


@run("generate")
def generate(n: int) -> Generator[tuple[int, str | None], Any, str]:
    received = ""
    for i in range(n):
        received += str((yield i, inside()))
    return f"received {received}"


def test_a_generators_run_lasts_from_its_first_step_to_its_last(recorded: Recorded) -> None:
    assert inspect.isgeneratorfunction(generate)
    made = generate(2)
    assert started(recorded) == []
    items = list(made)
    assert items == [(0, started(recorded)[0]), (1, started(recorded)[0])]
    assert ended(recorded) == ["completed"]


def test_what_is_sent_returned_and_thrown_goes_through() -> None:
    made = generate(2)
    assert next(made)[0] == 0
    assert made.send("a")[0] == 1
    with pytest.raises(StopIteration) as stopped:
        made.send("b")
    assert stopped.value.value == "received ab"
    made = generate(2)
    next(made)
    with pytest.raises(KeyError):
        made.throw(KeyError("thrown"))


def test_a_generator_may_catch_what_is_thrown(recorded: Recorded) -> None:
    @run
    def patient() -> Iterator[str]:
        try:
            yield "first"
        except KeyError:
            yield "caught"

    made: Any = patient()
    next(made)
    assert made.throw(KeyError("thrown")) == "caught"
    assert list(made) == []
    assert ended(recorded) == ["completed"]


def test_what_consumes_a_generator_does_not_see_its_run() -> None:
    before = get_current()
    for _, seen in generate(2):
        assert seen is not None
        assert inside() is None
        assert get_current() is before
    assert get_current() is before


def test_generators_side_by_side_keep_their_runs(recorded: Recorded) -> None:
    pairs = list(zip(generate(3), generate(3), strict=True))
    first, second = started(recorded)
    assert [(a[1], b[1]) for a, b in pairs] == [(first, second)] * 3
    assert inside() is None


def test_the_context_of_each_step_is_that_of_the_consumer_then(recorded: Recorded) -> None:
    made = generate(3)
    next(made)
    with run("outer") as outer:
        assert next(made)[1] == started(recorded)[0]
        assert inside() == outer.id
    assert inside() is None
    assert len(list(made)) == 1
    assert inside() is None


def test_a_block_inside_a_generator_stays_inside_between_its_steps() -> None:
    @run
    def nested() -> Iterator[str | None]:
        with arc("part") as part:
            assert current_arc() is part
            yield part.id
            found = current_arc()
            yield None if found is None else found.id
        assert current_arc() is None
        yield None

    made = nested()
    part_id = next(made)
    assert current_arc() is None
    assert next(made) == part_id
    assert next(made) is None


def test_a_generator_that_is_closed_early_is_completed(recorded: Recorded) -> None:
    made = generate(5)
    next(made)
    made.close()
    assert ended(recorded) == ["completed"]
    assert inside() is None


def test_a_generator_that_is_closed_cleans_up_inside_its_run(recorded: Recorded) -> None:
    seen: list[str | None] = []

    @run
    def careful() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(inside())

    @run
    async def carefully() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            seen.append(inside())

    async def main() -> None:
        made: Any = carefully()
        await made.asend(None)
        await made.aclose()

    made: Any = careful()
    next(made)
    made.close()
    asyncio.run(main())
    assert seen == started(recorded)


def test_a_generator_closed_in_another_thread_or_context_logs_nothing(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    made = generate(5)
    next(made)
    thread = threading.Thread(target=made.close)
    thread.start()
    thread.join()

    @run
    def forgotten() -> Iterator[int]:
        with arc("a"), timer("t"):
            yield 1

    abandoned = forgotten()
    next(abandoned)

    async def collect() -> None:
        nonlocal abandoned
        del abandoned
        gc.collect()

    asyncio.run(collect())
    assert ended(recorded) == ["completed", "completed"]
    assert caplog.records == []
    assert inside() is None


def test_a_plain_generator_with_a_block_logs_nothing_when_closed_elsewhere(caplog: pytest.LogCaptureFixture) -> None:
    def plain() -> Iterator[int]:
        with run("inside"), arc("a"):
            yield 1

    made = plain()
    next(made)
    thread = threading.Thread(target=made.close)  # type: ignore[attr-defined]  # it is a generator
    thread.start()
    thread.join()
    assert caplog.records == []


# --- asynchronous generators -----------------------------------------------------------------------------------------


@run("stream")
async def stream(n: int) -> AsyncIterator[tuple[int, str | None]]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i, inside()


def test_an_asynchronous_generators_run_is_seen_inside_only(recorded: Recorded) -> None:
    async def main() -> list[tuple[int, str | None]]:
        items = [(item, inside()) async for item in stream(3)]
        assert {seen_outside for _, seen_outside in items} == {None}
        return [item for item, _ in items]

    assert inspect.isasyncgenfunction(stream)
    items = asyncio.run(main())
    assert items == [(i, started(recorded)[0]) for i in range(3)]
    assert ended(recorded) == ["completed"]


def test_an_asynchronous_generator_that_fails_or_is_closed_ends_its_run(recorded: Recorded) -> None:
    @run
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            _ = [item async for item in failing()]
        made: Any = stream(3)
        await made.asend(None)
        await made.aclose()

    asyncio.run(main())
    assert ended(recorded) == ["failed", "completed"]


def test_what_is_sent_and_thrown_goes_through_asynchronously() -> None:
    @run
    async def echo() -> AsyncIterator[Any]:
        sent: Any = None
        while True:
            try:
                sent = yield sent
            except KeyError:
                sent = "caught"

    async def main() -> list[Any]:
        made: Any = echo()
        found = [await made.asend(None), await made.asend("a"), await made.athrow(KeyError()), await made.asend("b")]
        await made.aclose()
        return found

    assert asyncio.run(main()) == [None, "a", "caught", "b"]


# --- ARCs and timers -------------------------------------------------------------------------------------------------


def test_each_call_is_an_arc_or_a_part_of_one(recorded: Recorded) -> None:
    @sub_arc("features")
    def features() -> None:
        pass

    @arc("scoring")
    def score() -> None:
        features()

    score()
    score()
    ids = [event.attributes["algo.arc.id"] for event in recorded.events(semconv.EVENT_ARC_STARTED)]
    assert len(set(ids)) == 4
    assert ids[1].startswith(f"{ids[0]}.")
    assert ids[3].startswith(f"{ids[2]}.")


def test_an_arc_of_a_coroutine_and_of_generators(recorded: Recorded) -> None:
    @arc("coroutine")
    async def coroutine() -> bool:
        return current_arc() is not None

    @arc("generator")
    def generator() -> Iterator[bool]:
        yield current_arc() is not None

    @arc("asynchronous")
    async def asynchronous() -> AsyncIterator[bool]:
        yield current_arc() is not None

    async def main() -> list[bool]:
        return [await coroutine(), *generator(), *[item async for item in asynchronous()]]

    assert asyncio.run(main()) == [True, True, True]
    assert [event.attributes["algo.arc.class"] for event in recorded.events(semconv.EVENT_ARC_ENDED)] == [
        "coroutine",
        "generator",
        "asynchronous",
    ]


def test_a_timer_of_every_kind_of_function(recorded: Recorded) -> None:
    @timer("plain")
    def plain() -> None:
        recorded.clock.advance(1)

    @timer("coroutine")
    async def coroutine() -> None:
        recorded.clock.advance(2)

    @timer("generator")
    def generator() -> Iterator[int]:
        recorded.clock.advance(3)
        yield 1

    plain()
    plain()
    asyncio.run(coroutine())
    assert list(generator()) == [1]
    assert [recorded.values(name)[()] for name in ("plain", "coroutine", "generator")] == [(2, 2.0), (1, 2.0), (1, 3.0)]
