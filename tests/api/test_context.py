"""Where run, ARC and resource are current: blocks, tasks, threads, executors, other processes."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api.fakes import Recorded
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach, get_current, set_value
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.trace import get_current_span

from otel_distro import semconv
from otel_distro.api import (
    annotate,
    arc,
    context,
    current_arc,
    current_run,
    detached,
    export,
    get_resource,
    run,
    set_resource,
    sub_arc,
)
from otel_distro.api.run import open_runs


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


def test_a_call_in_an_executor_of_the_loop_inherits(carried_into_threads: None) -> None:
    async def main() -> tuple[Any, Any, Any]:
        with run("outer"), arc("a"):
            loop = asyncio.get_running_loop()
            return ids(), await asyncio.to_thread(ids), await loop.run_in_executor(None, ids)

    here, to_thread, in_executor = asyncio.run(main())
    assert here == to_thread == in_executor


# --- threads ---------------------------------------------------------------------------------------------------------


def test_threads_and_executors_inherit(carried_into_threads: None) -> None:
    with run("outer"), arc("a"), ThreadPoolExecutor(1) as pool:
        here = ids()
        assert None not in here
        assert in_thread(ids) == here
        assert pool.submit(ids).result() == here
    assert in_thread(ids) == (None, None)


def test_a_thread_inherits_the_resource(carried_into_threads: None) -> None:
    set_resource("model-7")
    assert in_thread(get_resource) == "model-7"


def test_an_entry_remembers_the_thread_that_set_it(carried_into_threads: None) -> None:
    with run("outer") as r, arc("a") as a:
        here = threading.get_ident()
        for entry in (context.run_entry(), in_thread(context.run_entry)):
            assert entry == context.Entry(r, here)
        for entry in (context.arc_entry(), in_thread(context.arc_entry)):
            assert entry == context.Entry(a, here)
        other = in_thread(lambda: a_sub_arcs_thread())
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


def test_detached_is_inherited(carried_into_threads: None) -> None:
    run.start("default")
    with detached():
        assert in_thread(ids) == (None, None)


def test_what_a_caller_elsewhere_made_current_counts_inside_detached() -> None:
    with detached():
        token = attach(baggage.set_baggage(semconv.RUN_ID, "elsewhere"))
        assert ids()[0] == "elsewhere"
        detach(token)


# --- baggage: other processes ----------------------------------------------------------------------------------------


def carrier() -> dict[str, str]:
    found: dict[str, str] = {}
    W3CBaggagePropagator().inject(found)
    return found


def test_ids_ride_in_baggage() -> None:
    with run("träin, a=b") as r, arc("a", id="x.y"), sub_arc("b", id="z"):
        sent = carrier()
    found = baggage.get_all(W3CBaggagePropagator().extract(sent, Context()))
    assert found == {"algo.run.id": r.id, "algo.run.name": "träin, a=b", "algo.arc.id": "x.y.z"}


def test_ids_in_baggage_are_current_in_another_process(recorded: Recorded) -> None:
    attach(W3CBaggagePropagator().extract({"baggage": "algo.run.id=r1,algo.run.name=train,algo.arc.id=a1"}, Context()))
    r, a = current_run(), current_arc()
    assert r is not None
    assert a is not None
    assert (r.id, r.name, a.id) == ("r1", "train", "a1")
    export({"score": 1})
    annotate(inputs=1)
    r.log({"loss": 1.0})
    assert current_run() is r
    r.log({"loss": 0.5})
    exported, annotated, first, second = recorded.events()
    run_ids = {"algo.run.id": "r1", "algo.run.name": "train"}
    assert exported.attributes == {**run_ids, "algo.arc.id": "a1"}
    assert annotated.attributes.items() >= exported.attributes.items()
    assert first.attributes == {**run_ids, "algo.run.step": 0}
    assert second.attributes == {**run_ids, "algo.run.step": 1}


def test_a_part_of_an_arc_of_another_process_has_the_id_of_all_levels(recorded: Recorded) -> None:
    attach(baggage.set_baggage(semconv.ARC_ID, "a1"))
    with sub_arc("part", id="p") as part:
        assert (part.id, part.parent_id) == ("a1.p", "a1")
    assert recorded.one(semconv.EVENT_ARC_STARTED).attributes["algo.arc.parent_id"] == "a1"


def test_a_request_of_another_program_records_for_that_programs_run(recorded: Recorded) -> None:
    with run("server") as server:
        token = attach(W3CBaggagePropagator().extract({"baggage": "algo.run.id=client"}))
        assert ids()[0] == "client"
        with run("own") as own:
            assert current_run() is own
        assert ids()[0] == "client"
        annotate(inputs=1)
        detach(token)
        assert current_run() is server
    assert recorded.one(semconv.EVENT_ANNOTATION).attributes["algo.run.id"] == "client"


def test_only_its_own_process_ends_a_run(recorded: Recorded) -> None:
    attach(baggage.set_baggage(semconv.RUN_ID, "r1"))
    r = current_run()
    assert r is not None
    r.end("failed")
    with pytest.raises(ValueError, match="started before"):
        r.start()
    assert recorded.events() == []
    assert open_runs() == []


@pytest.mark.parametrize("value", [None, 5, "", ("a",)])
def test_what_is_no_id_in_baggage_is_ignored(value: Any) -> None:
    attach(baggage.set_baggage(semconv.RUN_ID, value, baggage.set_baggage(semconv.ARC_ID, value)))
    assert ids() == (None, None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_records_for_the_run_and_ends_nothing(recorded: Recorded) -> None:
    """The child leaves the blocks by SystemExit; it tells by its exit code what it recorded."""
    pid = 0
    with run("outer") as outer, arc("a"):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                try:
                    with run("outer-of-the-child"):
                        assert [found.name for found in open_runs()] == ["outer-of-the-child"]
                    raise SystemExit(0)
                finally:
                    code = child_exit_code(outer, recorded)
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert [event.name for event in recorded.events()][-2:] == [semconv.EVENT_ARC_ENDED, semconv.EVENT_RUN_ENDED]


def child_exit_code(outer: Any, recorded: Recorded) -> int:
    outer.__exit__(None, None, None)
    outer.end()
    outer.log({"loss": 1.0})
    names = [event.name for event in recorded.events() if event.attributes["algo.run.id"] == outer.id]
    return 0 if names == [semconv.EVENT_RUN_STARTED, semconv.EVENT_ARC_STARTED, semconv.EVENT_RUN_METRICS] else 2


def test_a_subprocess_takes_the_ids_from_its_environment() -> None:
    program = (
        "import os\n"
        "from opentelemetry.baggage.propagation import W3CBaggagePropagator\n"
        "from opentelemetry.context import attach\n"
        "from otel_distro.api import current_arc, current_run\n"
        "attach(W3CBaggagePropagator().extract({'baggage': os.environ['BAGGAGE']}))\n"
        "print(current_run().id, current_run().name, current_arc().id)\n"
    )
    with run("train") as r, arc("a") as a:
        environ = {**os.environ, "BAGGAGE": carrier()["baggage"]}
        done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == f"{r.id} train {a.id}\n"


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
