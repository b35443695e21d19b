"""Runs: what each form and each call records."""

from __future__ import annotations

import re

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import StatusCode, get_current_span

from api.fakes import SECOND, START, Recorded
from otel_distro import semconv
from otel_distro.api import current_run, run
from otel_distro.api.run import open_runs

ID = "0" * 31 + "1"


def test_a_run_is_complete_by_its_events(recorded: Recorded) -> None:
    with run("train", folder="/demo", tags=["a", "b"], metadata={"rate": 0.1}, description="first") as r:
        recorded.clock.advance(2)
        r.log({"loss": 0.5})
        recorded.clock.advance(1)
    assert [(event.name, event.timestamp - START, event.attributes, event.body) for event in recorded.events()] == [
        (
            semconv.EVENT_RUN_STARTED,
            0,
            {
                "algo.run.id": ID,
                "algo.run.name": "train",
                "algo.run.folder": "/demo",
                "algo.run.tags": ["a", "b"],
                "algo.run.metadata.rate": 0.1,
                "algo.run.description": "first",
            },
            None,
        ),
        (
            semconv.EVENT_RUN_METRICS,
            2 * SECOND,
            {"algo.run.id": ID, "algo.run.name": "train", "algo.run.step": 0, "algo.run.time_seconds": 2.0},
            {"loss": 0.5},
        ),
        (
            semconv.EVENT_RUN_ENDED,
            3 * SECOND,
            {
                "algo.run.id": ID,
                "algo.run.name": "train",
                "algo.run.folder": "/demo",
                "algo.run.status": "completed",
                "algo.run.duration_seconds": 3.0,
                "algo.run.started_unix_nano": START,
            },
            None,
        ),
    ]
    assert {event.severity for event in recorded.events()} == {SeverityNumber.INFO}


def test_its_span_lasts_from_start_to_end_and_its_events_lie_in_it(recorded: Recorded) -> None:
    with run("train", tags=["a"]) as r:
        r.log({"loss": 1.0})
        recorded.clock.advance(3)
    (span,) = recorded.spans()
    assert (span.name, span.start_time, span.end_time) == ("algo.run", START, START + 3 * SECOND)
    assert span.attributes is not None
    assert dict(span.attributes) == {
        "algo.run.id": ID,
        "algo.run.name": "train",
        "algo.run.folder": "/",
        "algo.run.tags": ("a",),
        "algo.run.status": "completed",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.context is not None
    assert {event.span.span_id for event in recorded.events()} == {span.context.span_id}


def test_the_events_belong_to_the_scope_of_the_distribution(recorded: Recorded) -> None:
    name, version, schema_url = recorded.logger.scope
    assert (name, schema_url) == (semconv.SCOPE_NAME, semconv.SCHEMA_URL)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version or "")


def test_a_run_without_a_name_is_an_adjective_and_a_noun() -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+", run().name)
    assert run("").name != run("").name


def test_id_and_name_are_known_before_the_start() -> None:
    r = run("train")
    assert (r.id, r.name) == (ID, "train")


# --- how it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "described"),
    [
        (ValueError("no"), "failed", True),
        (SystemExit(3), "failed", True),
        (SystemExit(0), "completed", False),
        (SystemExit(), "completed", False),
        (KeyboardInterrupt(), "terminated", False),
        (GeneratorExit(), "completed", False),
    ],
    ids=lambda value: repr(value) if isinstance(value, BaseException) else None,
)
def test_an_exception_decides_how_it_ends_and_goes_on(
    recorded: Recorded, error: BaseException, status: str, described: bool
) -> None:
    with pytest.raises(type(error)) as caught, run("train"):
        raise error
    assert caught.value is error
    ended = recorded.one(semconv.EVENT_RUN_ENDED)
    assert ended.attributes["algo.run.status"] == status
    assert ("exception.type" in ended.attributes) is described
    expected = StatusCode.UNSET if status == "completed" else StatusCode.ERROR
    assert recorded.spans()[0].status.status_code is expected


def test_a_failed_run_carries_the_exception_with_its_traceback(recorded: Recorded) -> None:
    def diverge() -> None:
        raise RuntimeError("loss is not finite") from KeyError("cause")

    with pytest.raises(RuntimeError), run("train"):
        diverge()
    attributes = recorded.one(semconv.EVENT_RUN_ENDED).attributes
    assert attributes["exception.type"] == "RuntimeError"
    assert attributes["exception.message"] == "loss is not finite"
    assert "in diverge" in attributes["exception.stacktrace"]
    assert "KeyError: 'cause'" in attributes["exception.stacktrace"]
    (span,) = recorded.spans()
    assert span.status.description == "RuntimeError: loss is not finite"
    assert [event.name for event in span.events] == ["exception"]


def test_the_duration_is_a_histogram_by_status(recorded: Recorded) -> None:
    for status in ("completed", "failed", "failed"):
        r = run.start()
        recorded.clock.advance(2)
        r.end(status)
    assert recorded.values("algo.run.duration") == {("completed",): (1, 2.0), ("failed",): (2, 4.0)}


def test_ending_twice_ends_once(recorded: Recorded) -> None:
    r = run.start()
    r.end("failed")
    r.end()
    with run() as r:
        r.end("terminated")
    assert [event.attributes["algo.run.status"] for event in recorded.events(semconv.EVENT_RUN_ENDED)] == [
        "failed",
        "terminated",
    ]
    assert len(recorded.spans()) == 2


def test_what_is_recorded_after_the_end_still_belongs_to_it(recorded: Recorded) -> None:
    r = run.start("train")
    r.end()
    r.log({"loss": 1.0})
    r.event("late")
    r.update(tags=["late"])
    r.alert("high", metric="loss", rule="is above", threshold=1)
    assert recorded.names()[2:] == [
        semconv.EVENT_RUN_METRICS,
        semconv.EVENT_RUN_EVENT,
        semconv.EVENT_RUN_UPDATED,
        semconv.EVENT_ALERT_DEFINED,
    ]
    assert {event.attributes["algo.run.id"] for event in recorded.events()} == {r.id}


def test_open_runs_are_those_not_ended(recorded: Recorded) -> None:
    first = run.start()
    with run() as second:
        assert open_runs() == [first, second]
    first.end()
    assert open_runs() == []
    assert len(recorded.events(semconv.EVENT_RUN_ENDED)) == 2


# --- the object form -------------------------------------------------------------------------------------------------


def test_the_object_form_is_the_default_where_no_run_is_current() -> None:
    assert current_run() is None
    first, second = run.start("first"), run.start("second")
    assert current_run() is second
    with run("block") as block:
        assert current_run() is block
    second.end()
    assert current_run() is first
    first.end()
    assert current_run() is None


def test_the_object_form_leaves_the_context_alone(recorded: Recorded) -> None:
    r = run.start("train")
    assert not get_current_span().get_span_context().is_valid
    r.log({"loss": 1.0})
    r.event("text")
    r.end()
    (span,) = recorded.spans()
    assert span.context is not None
    assert {event.span.span_id for event in recorded.events()} == {span.context.span_id}


def test_a_run_may_be_made_first_and_started_later(recorded: Recorded) -> None:
    r = run("train").start()
    assert recorded.names() == [semconv.EVENT_RUN_STARTED]
    r.end()


# --- event, update, folder -------------------------------------------------------------------------------------------


def test_a_text_is_the_body_of_its_event(recorded: Recorded) -> None:
    with run("train") as r:
        r.event("epoch 3 done")
        r.event("hot", severity="warning", time_unix_nano=START + 7)
    first, second = recorded.events(semconv.EVENT_RUN_EVENT)
    assert (first.body, first.severity, first.timestamp) == ("epoch 3 done", SeverityNumber.INFO, START)
    assert (second.body, second.severity, second.timestamp) == ("hot", SeverityNumber.WARN, START + 7)
    assert first.attributes == {"algo.run.id": ID, "algo.run.name": "train"}


def test_an_exception_is_described(recorded: Recorded) -> None:
    with run() as r:
        try:
            raise OSError(28, "No space left on device")  # noqa: TRY301 - the traceback is what is tested
        except OSError as error:
            r.event(error)
    event = recorded.one(semconv.EVENT_RUN_EVENT)
    assert event.body == "OSError: [Errno 28] No space left on device"
    assert event.severity is SeverityNumber.ERROR
    assert event.attributes["exception.type"] == "OSError"
    assert event.attributes["exception.stacktrace"].startswith("Traceback (most recent call last)")


def test_an_update_carries_what_changed_and_no_more(recorded: Recorded) -> None:
    with run("train") as r:
        r.update()
        r.update(metadata={"best": 0.9})
        r.update(tags=["good"], description="better")
        r.update(tags=[])
    identity = {"algo.run.id": ID, "algo.run.name": "train"}
    assert [event.attributes for event in recorded.events(semconv.EVENT_RUN_UPDATED)] == [
        {**identity, "algo.run.metadata.best": 0.9},
        {**identity, "algo.run.tags": ["good"], "algo.run.description": "better"},
        {**identity, "algo.run.tags": []},
    ]
    assert (recorded.spans()[0].attributes or {})["algo.run.description"] == "better"


@pytest.mark.parametrize(
    ("updates", "ends_as"), [(["failed"], "failed"), (["failed", "running"], "completed"), ([], "completed")]
)
def test_a_status_of_an_update_is_what_it_ends_with(recorded: Recorded, updates: list[str], ends_as: str) -> None:
    with run() as r:
        for status in updates:
            r.update(status=status)
    assert recorded.one(semconv.EVENT_RUN_ENDED).attributes["algo.run.status"] == ends_as


def test_an_exception_outdoes_the_status_of_an_update(recorded: Recorded) -> None:
    @run
    def train() -> None:
        found = current_run()
        assert found is not None
        found.update(status="terminated")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        train()
    assert recorded.one(semconv.EVENT_RUN_ENDED).attributes["algo.run.status"] == "failed"


def test_a_folder_is_described(recorded: Recorded) -> None:
    with run() as r:
        r.folder("tests", metadata={"environment": "testing"}, tags=["test"], description="My first tests")
        r.folder("/tests/more")
    assert [event.attributes for event in recorded.events(semconv.EVENT_FOLDER_UPDATED)] == [
        {
            "algo.folder.path": "/tests",
            "algo.folder.metadata.environment": "testing",
            "algo.folder.tags": ["test"],
            "algo.folder.description": "My first tests",
        },
        {"algo.folder.path": "/tests/more"},
    ]


# --- where nothing is recorded ---------------------------------------------------------------------------------------


def test_a_run_that_nothing_records_warns_once(recorded: Recorded, caplog: pytest.LogCaptureFixture) -> None:
    recorded.logger.is_enabled = False
    for name in ("first", "second"):
        with run(name):
            pass
    assert [record.getMessage() for record in caplog.records] == [
        "run first is not recorded: OpenTelemetry is switched off or no destination takes events"
    ]
