"""Where run, ARC and resource are current: blocks, tasks, threads, executors, other processes."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.context import Context, attach, detach, get_current, set_value
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.trace import get_current_span

from api.fakes import Recorded
from otel_distro import semconv
from otel_distro.api import (
    annotate,
    arc,
    context,
    current_arc,
    current_run,
    detached,
    get_resource,
    run,
    set_resource,
    sub_arc,
)


@pytest.fixture
def carried_into_threads() -> Iterator[None]:
    ThreadingInstrumentor().instrument()
    yield
    ThreadingInstrumentor().uninstrument()


def ids() -> tuple[str | None, str | None]:
    """Returns the ids of the current run and ARC."""
    r, a = current_run(), current_arc()
    return (None if r is None else r.id, None if a is None else a.id)


def in_thread(function: Any) -> Any:
    """Runs a function in a bare thread and returns what it returns."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


# --- blocks ----------------------------------------------------------------------------------------------------------


def test_blocks_nest_and_leave_the_context_as_it_was() -> None:
    before = get_current()
    with run("outer") as outer, arc("a") as a:
        with run("inner") as inner:
            assert ids() == (inner.id, a.id)
        assert ids() == (outer.id, a.id)
    assert ids() == (None, None)
    assert get_current() is before


def test_a_block_detaches_nothing_that_another_left_attached() -> None:
    key = "foreign"
    with run("outer"):
        attach(set_value(key, "kept by nobody"))
    assert get_current().get(key) is None
    assert ids() == (None, None)


def test_blocks_that_do_not_nest_leave_nothing_behind() -> None:
    before = get_current()
    first, second, third = run("first"), arc("second"), run("third")
    first.__enter__()
    second.__enter__()
    third.__enter__()
    first.__exit__(None, None, None)
    assert ids() == (third.id, second.id)
    second.__exit__(None, None, None)
    assert ids()[0] == third.id
    third.__exit__(None, None, None)
    assert get_current() is before


def test_generators_with_a_block_read_side_by_side_leave_nothing_behind() -> None:
    def scored(n: int) -> Iterator[int]:
        with arc(f"class-{n}"):
            yield 1
            yield 2

    before = get_current()
    list(zip(scored(1), scored(2), strict=True))
    assert get_current() is before


def test_leaving_in_another_context_takes_nothing_away(caplog: pytest.LogCaptureFixture) -> None:
    r = run("elsewhere")
    contextvars.copy_context().run(r.__enter__)
    with run("here") as here:
        r.__exit__(None, None, None)
        assert current_run() is here
    assert caplog.records == []


def test_a_foreign_context_on_top_is_left_alone() -> None:
    r = run("outer")
    r.__enter__()
    token = attach(Context({"foreign": 1}))
    r.__exit__(None, None, None)
    assert get_current().get("foreign") == 1
    detach(token)


# --- asyncio ---------------------------------------------------------------------------------------------------------


def test_tasks_inherit_and_are_isolated() -> None:
    async def work(n: int) -> tuple[str | None, str | None]:
        with arc("task", id=str(n)):
            await asyncio.sleep(0)
            found = ids()
            await asyncio.sleep(0)
            assert ids() == found
            return found

    async def main() -> list[tuple[str | None, str | None]]:
        with run("outer"):
            return list(await asyncio.gather(*(work(n) for n in range(3))))

    found = asyncio.run(main())
    assert [arc_id for _, arc_id in found] == ["0", "1", "2"]
    assert len({run_id for run_id, _ in found}) == 1
    assert found[0][0] is not None


def test_a_task_that_outlives_its_run_still_belongs_to_it_after_a_block_of_its_own() -> None:
    async def main() -> tuple[str | None, str]:
        goes_on = asyncio.Event()

        async def work() -> str | None:
            with arc("part"):
                await goes_on.wait()
            return ids()[0]

        with run("outer") as outer:
            task = asyncio.ensure_future(work())
            await asyncio.sleep(0)
        goes_on.set()
        return await task, outer.id

    found, expected = asyncio.run(main())
    assert found == expected


@pytest.mark.usefixtures("carried_into_threads")
def test_a_call_in_an_executor_of_the_loop_inherits() -> None:
    async def main() -> tuple[Any, Any, Any]:
        with run("outer"), arc("a"):
            loop = asyncio.get_running_loop()
            return ids(), await asyncio.to_thread(ids), await loop.run_in_executor(None, ids)

    here, to_thread, in_executor = asyncio.run(main())
    assert here == to_thread == in_executor


# --- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("carried_into_threads")
def test_threads_and_executors_inherit() -> None:
    with run("outer"), arc("a"), ThreadPoolExecutor(1) as pool:
        here = ids()
        assert None not in here
        assert in_thread(ids) == here
        assert pool.submit(ids).result() == here
    assert in_thread(ids) == (None, None)


@pytest.mark.usefixtures("carried_into_threads")
def test_a_thread_inherits_the_resource() -> None:
    set_resource("model-7")
    assert in_thread(get_resource) == "model-7"


@pytest.mark.usefixtures("carried_into_threads")
def test_an_entry_remembers_the_thread_that_set_it() -> None:
    with run("outer") as r, arc("a") as a:
        here = threading.get_ident()
        for entry in (context.run_entry(), in_thread(context.run_entry)):
            assert entry == context.Entry(r, here)
        for entry in (context.arc_entry(), in_thread(context.arc_entry)):
            assert entry == context.Entry(a, here)
        other = in_thread(a_sub_arcs_thread)
    assert other[0] == other[1] != here


def a_sub_arcs_thread() -> tuple[int, int]:
    with sub_arc("part"):
        entry = context.arc_entry()
        assert entry is not None
        return entry.thread, threading.get_ident()


def test_a_thread_starts_empty_without_the_instrumentation() -> None:
    with run("outer"), arc("a"):
        assert in_thread(ids) == (None, None)


# --- detached --------------------------------------------------------------------------------------------------------


def test_detached_starts_clean() -> None:
    default = run.start("default")
    set_resource("model-7")
    with run("outer"), arc("a"):
        with detached():
            assert ids() == (None, None)
            assert get_resource() is None
            assert not get_current_span().get_span_context().is_valid
            assert baggage.get_all() == {}
            with arc("own") as own:
                assert current_arc() is own
                assert own.identity == {"algo.arc.id": own.id, "algo.arc.class": "own"}
        assert None not in ids()
    assert current_run() is default


@pytest.mark.usefixtures("carried_into_threads")
def test_detached_is_inherited() -> None:
    run.start("default")
    with detached():
        assert in_thread(ids) == (None, None)


def test_what_a_caller_elsewhere_made_current_counts_inside_detached() -> None:
    with detached():
        token = attach(baggage.set_baggage(semconv.RUN_ID, "elsewhere"))
        assert ids()[0] == "elsewhere"
        detach(token)


# --- the resource ----------------------------------------------------------------------------------------------------


def test_the_resource_is_on_every_record_until_its_block_ends(recorded: Recorded) -> None:
    set_resource("first")
    with run("train") as r:
        set_resource("second")
        assert get_resource() == "second"
        r.log({"loss": 1.0})
        annotate(inputs=1)
    assert get_resource() == "first"
    assert recorded.one(semconv.EVENT_RUN_METRICS).attributes["algo.resource.id"] == "first"
    assert recorded.one(semconv.EVENT_ANNOTATION).attributes["algo.resource.id"] == "second"
    set_resource(None)
    assert get_resource() is None


def test_the_resource_is_isolated_between_tasks() -> None:
    async def work(name: str) -> str | None:
        set_resource(name)
        await asyncio.sleep(0)
        return get_resource()

    async def main() -> list[str | None]:
        return list(await asyncio.gather(work("a"), work("b")))

    assert asyncio.run(main()) == ["a", "b"]
    assert get_resource() is None
