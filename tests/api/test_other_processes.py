"""Ids that come from, and go to, other processes: in baggage, through a fork, through the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach

from api.fakes import Recorded
from otel_distro import semconv
from otel_distro.api import (
    annotate,
    arc,
    current_arc,
    current_run,
    export,
    run,
    sub_arc,
)
from otel_distro.api.run import open_runs


def ids() -> tuple[str | None, str | None]:
    """Returns the ids of the current run and ARC."""
    r, a = current_run(), current_arc()
    return (None if r is None else r.id, None if a is None else a.id)


def carrier() -> dict[str, str]:
    found: dict[str, str] = {}
    W3CBaggagePropagator().inject(found)
    return found


def test_ids_ride_in_baggage() -> None:
    with run("träin, a=b") as r, arc("a", id="x.y"), sub_arc("b", id="z"):
        sent = carrier()
    found = baggage.get_all(W3CBaggagePropagator().extract(sent, Context()))
    assert found == {
        "algo.run.id": r.id,
        "algo.run.name": "träin, a=b",
        "algo.arc.id": "x.y.z",
        "algo.arc.class": "b",
    }


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


def test_the_class_of_an_arc_is_carried_with_its_id(recorded: Recorded) -> None:
    attach(W3CBaggagePropagator().extract({"baggage": "algo.arc.id=a1,algo.arc.class=scoring"}, Context()))
    export({"score": 1})
    (exported,) = recorded.events()
    assert exported.attributes == {"algo.arc.id": "a1", "algo.arc.class": "scoring"}


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
    with run("outer") as outer, arc("a") as a:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                try:
                    with run("outer-of-the-child"):
                        assert [found.name for found in open_runs()] == ["outer-of-the-child"]
                    raise SystemExit(0)
                finally:
                    code = child_exit_code(outer, a, recorded)
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert [event.name for event in recorded.events()][-2:] == [semconv.EVENT_ARC_ENDED, semconv.EVENT_RUN_ENDED]


def child_exit_code(outer: Any, a: Any, recorded: Recorded) -> int:
    a.__exit__(None, None, None)
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
