"""ARCs: ids, levels, exports, and how they end."""

from __future__ import annotations

import re

import pytest
from opentelemetry.trace import StatusCode

from api.fakes import SECOND, START, Recorded
from otel_distro import semconv
from otel_distro.api import arc, counting, current_arc, export, run, set_resource, sub_arc, wiring


def test_an_arc_is_complete_by_its_events(recorded: Recorded) -> None:
    with arc("scoring") as a:
        recorded.clock.advance(0.5)
        a.export({"score": 0.5, "region": "eu"})
        recorded.clock.advance(0.5)
    identity = {"algo.arc.id": a.id, "algo.arc.class": "scoring"}
    assert [(event.name, event.timestamp - START, event.attributes, event.body) for event in recorded.events()] == [
        (semconv.EVENT_ARC_STARTED, 0, identity, None),
        (semconv.EVENT_ARC_EXPORT, SECOND // 2, identity, {"score": 0.5, "region": "eu"}),
        (
            semconv.EVENT_ARC_ENDED,
            SECOND,
            {
                **identity,
                "algo.arc.status": "completed",
                "algo.arc.duration_seconds": 1.0,
                "algo.arc.started_unix_nano": START,
            },
            None,
        ),
    ]
    assert re.fullmatch("[0-9a-f]{32}", a.id)
    assert (a.arc_class, a.parent_id) == ("scoring", None)


def test_a_part_has_the_id_of_all_levels_and_a_span_below(recorded: Recorded) -> None:
    with arc("scoring", id="a") as a, sub_arc("features", id="b") as b, sub_arc("scaling", id="c") as c:
        assert (a.id, b.id, c.id) == ("a", "a.b", "a.b.c")
        assert current_arc() is c
    started = recorded.events(semconv.EVENT_ARC_STARTED)
    assert [event.attributes.get("algo.arc.parent_id") for event in started] == [None, "a", "a.b"]
    scaling, features, scoring = recorded.spans()
    assert scaling.parent is not None
    assert features.parent is not None
    assert features.context is not None
    assert scoring.context is not None
    assert (scaling.parent.span_id, features.parent.span_id) == (features.context.span_id, scoring.context.span_id)
    assert scoring.parent is None
    assert dict(scaling.attributes or {}) == {
        "algo.arc.id": "a.b.c",
        "algo.arc.class": "scaling",
        "algo.arc.parent_id": "a.b",
        "algo.arc.status": "completed",
    }


def test_dots_in_an_id_of_the_callers_make_levels() -> None:
    with arc("scoring", id="x.y") as a, sub_arc("part", id="p.q") as b:
        assert (a.id, b.id, b.parent_id) == ("x.y", "x.y.p.q", "x.y")


def test_an_arc_inside_an_arc_is_one_of_its_own() -> None:
    with arc("outer", id="outer"), arc("inner", id="inner") as inner:
        assert (inner.id, inner.parent_id) == ("inner", None)


def test_a_part_outside_any_arc_is_at_the_top() -> None:
    with sub_arc("part", id="p") as part:
        assert (part.id, part.parent_id) == ("p", None)


def test_an_arc_belongs_to_its_run_and_its_resource(recorded: Recorded) -> None:
    set_resource("model-7")
    with run("train") as r, arc("scoring") as a:
        export({"score": 1})
    expected = {
        "algo.run.id": r.id,
        "algo.run.name": "train",
        "algo.resource.id": "model-7",
        "algo.arc.id": a.id,
        "algo.arc.class": "scoring",
    }
    for name in (semconv.EVENT_ARC_STARTED, semconv.EVENT_ARC_EXPORT, semconv.EVENT_ARC_ENDED):
        assert recorded.one(name).attributes.items() >= expected.items()


def test_ids_do_not_tell_of_the_machine(recorded: Recorded) -> None:
    del recorded
    wiring.uninstall()
    ids = {arc("scoring").id for _ in range(100)}
    assert len({found[20:] for found in ids}) == 100, "the end of a uuid1 is the address of the machine's network card"
    assert len({found[:8] for found in ids}) == 100


@pytest.mark.parametrize(("error", "status"), [(ValueError("no"), "failed"), (KeyboardInterrupt(), "failed")])
def test_an_exception_fails_it_and_goes_on(recorded: Recorded, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), arc("scoring"):
        raise error
    ended = recorded.one(semconv.EVENT_ARC_ENDED).attributes
    assert (ended["algo.arc.status"], ended["exception.type"]) == (status, type(error).__name__)
    assert recorded.spans()[0].status.status_code is StatusCode.ERROR
    assert recorded.values("algo.arc.duration") == {("scoring", "failed"): (1, 0.0)}
    assert current_arc() is None


def test_an_export_goes_to_the_current_arc_or_to_the_one_that_is_asked(recorded: Recorded) -> None:
    with arc("outer", id="o") as outer, sub_arc("inner", id="i"):
        export({"to": "inner"})
        outer.export({"to": "outer"}, time_unix_nano=START + 5)
    outer.export({"to": "outer"})
    exports = recorded.events(semconv.EVENT_ARC_EXPORT)
    assert [(event.attributes["algo.arc.id"], event.body["to"]) for event in exports] == [
        ("o.i", "inner"),
        ("o", "outer"),
        ("o", "outer"),
    ]
    assert exports[1].timestamp == START + 5


def test_an_export_outside_any_arc_is_counted_and_warned_of_once(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    export({"score": 1})
    export({"score": 2})
    assert recorded.events() == []
    assert counting.counts() == {"outside_arc": 2}
    assert [record.getMessage() for record in caplog.records] == [
        'export is left out: no ARC is current; call it inside "with arc(...):"'
    ]


def test_an_export_is_a_copy_of_the_map(recorded: Recorded) -> None:
    message = {"score": 1}
    with arc("scoring"):
        export(message)
        message["score"] = 2
    assert recorded.one(semconv.EVENT_ARC_EXPORT).body == {"score": 1}
