"""Holds that what is known of a thing does not depend on the order in which its events arrive."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.query.local import LocalReader
from otel_distro.query.reader import Selection
from otel_exporter_local import merge
from otel_exporter_local.rows import (
    AlertChanged,
    ArcEnded,
    ArcExported,
    ArcStarted,
    Failure,
    FolderUpdated,
    Origin,
    RunEnded,
    RunStarted,
    RunUpdated,
)
from query.stores import RUN, SECOND, START, Tape, deliver, destination, in_pieces

NOWHERE = Origin(None, None, None, None)
FAILED = Failure("ValueError", "no", "Traceback")


def started(at: int = 0, **metadata: Any) -> RunStarted:
    return RunStarted(RUN, "one", "/a", ["x"], {"lr": 1, **metadata}, "first", at)


def updated(at: int, *, status: str | None = None, tags: list[str] | None = None, **metadata: Any) -> RunUpdated:
    return RunUpdated(RUN, "one", tags, metadata, None, status, at)


def ended(at: int, status: str = "completed", failure: Failure = Failure()) -> RunEnded:  # noqa: B008 - immutable
    return RunEnded(RUN, "one", "/a", status, 0, at / SECOND, failure, at)


def run_row(*operations: RunStarted | RunUpdated | RunEnded) -> merge.Row:
    row = merge.new_run(RUN, 99)
    for operation in operations:
        if isinstance(operation, RunStarted):
            merge.start_run(row, operation)
        elif isinstance(operation, RunUpdated):
            merge.update_run(row, operation)
        else:
            merge.end_run(row, operation)
    return row


def same_in_any_order(make: Any, operations: tuple[Any, ...]) -> merge.Row:
    rows = [make(*order) for order in permutations(operations)]
    for row in rows:
        assert row == rows[0]
    first: merge.Row = rows[0]
    return first


def test_a_run_is_the_same_in_any_order_of_its_events() -> None:
    row = same_in_any_order(
        run_row, (started(), updated(1, lr=2, b=1), updated(2, tags=["y"], lr=3), ended(3 * SECOND, "failed", FAILED))
    )
    assert row["metadata"] == {"lr": 3, "b": 1}
    assert (row["tags"], row["description"], row["folder"]) == (["y"], "first", "/a")
    assert (row["status"], row["duration_seconds"], row["ended_unix_nano"]) == ("failed", 3.0, 3 * SECOND)
    assert (row["started_unix_nano"], row["time_unix_nano"]) == (0, 0)
    assert row["exception_type"] == "ValueError"


@pytest.mark.parametrize("status", ["completed", "failed", "terminated"])
@pytest.mark.parametrize("lost_at", [1, 5, 9])
def test_lost_never_overrides_an_end_and_any_end_overrides_lost(status: str, lost_at: int) -> None:
    row = same_in_any_order(run_row, (started(), ended(5, status), ended(lost_at, "lost")))
    assert (row["status"], row["ended_unix_nano"]) == (status, 5)


def test_lost_ends_a_run_that_says_nothing_more() -> None:
    row = same_in_any_order(run_row, (started(), updated(2, b=1), ended(5, "lost")))
    assert (row["status"], row["ended_unix_nano"]) == ("lost", 5)


def test_of_two_ends_the_later_holds() -> None:
    assert same_in_any_order(run_row, (started(), ended(5), ended(6, "failed")))["status"] == "failed"


def test_an_end_wins_over_running_of_the_same_time() -> None:
    assert same_in_any_order(run_row, (updated(5, status="running"), ended(5)))["status"] == "completed"


@pytest.mark.parametrize("end", ["completed", "lost"])
def test_a_run_is_opened_again_only_by_a_later_word(end: str) -> None:
    again = same_in_any_order(run_row, (started(), ended(5, end, FAILED), updated(7, status="running")))
    assert (again["status"], again["ended_unix_nano"], again["duration_seconds"]) == ("running", None, None)
    assert again["exception_type"] is None
    earlier = same_in_any_order(run_row, (started(), ended(5, end), updated(3, status="running")))
    assert earlier["status"] == end


def test_a_start_met_last_gives_a_duration_that_no_event_told() -> None:
    bare = RunEnded(RUN, "", None, "completed", None, None, Failure(), 3 * SECOND)
    row = same_in_any_order(run_row, (RunStarted(RUN, "one", None, None, {}, None, SECOND), bare))
    assert (row["duration_seconds"], row["name"], row["folder"]) == (2.0, "one", "/")


# --- ARCs ------------------------------------------------------------------------------------------------------------


def arc_started(at: int) -> ArcStarted:
    return ArcStarted("a.b", "scoring", "a", Origin(RUN, None, "t", "s"), at)


def arc_ended(at: int, since: int, status: str = "completed") -> ArcEnded:
    return ArcEnded("a.b", "scoring", "a", status, since, (at - since) / SECOND, Failure(), NOWHERE, at)


def exported(at: int, **message: Any) -> ArcExported:
    return ArcExported("a.b", "scoring", None, message, NOWHERE, at)


def arc_row(*operations: ArcStarted | ArcEnded | ArcExported) -> merge.Row:
    row = merge.new_arc("a.b", "scoring", 99)
    for operation in operations:
        if isinstance(operation, ArcStarted):
            merge.start_arc(row, operation)
        elif isinstance(operation, ArcEnded):
            merge.end_arc(row, operation)
        else:
            merge.export_to_arc(row, operation)
    return row


def test_an_arc_is_the_same_in_any_order_of_its_events() -> None:
    row = same_in_any_order(
        arc_row,
        (
            arc_started(1),
            exported(2, score=0.1, top={"a": 1, "b": 2}),
            exported(3, score=0.5, region="eu"),
            exported(4, top={"c": 3}),
            arc_ended(SECOND + 1, 1),
        ),
    )
    assert row["exports"] == {"score": 0.5, "region": "eu", "top": {"c": 3}}
    assert (row["status"], row["duration_seconds"], row["time_unix_nano"]) == ("completed", 1.0, 1)
    assert (row["parent_id"], row["run_id"], row["trace_id"]) == ("a", RUN, "t")


def test_an_arc_opened_again_runs_until_its_second_end() -> None:
    events = (arc_started(1), arc_ended(3, 1, "failed"), arc_started(5))
    row = same_in_any_order(arc_row, events)
    assert (row["status"], row["started_unix_nano"], row["ended_unix_nano"]) == ("running", 5, None)
    row = same_in_any_order(arc_row, (*events, arc_ended(9, 5)))
    assert (row["status"], row["started_unix_nano"], row["ended_unix_nano"]) == ("completed", 5, 9)


def test_an_arc_that_takes_no_time_is_over() -> None:
    assert same_in_any_order(arc_row, (arc_started(1), arc_ended(1, 1)))["status"] == "completed"


# --- alerts, folders -------------------------------------------------------------------------------------------------


def alert(state: str, at: int, threshold: float = 1.0, observed: float | None = None) -> AlertChanged:
    return AlertChanged("high", RUN, "one", "loss", "is above", 1.0, 5.0, threshold, None, None, state, observed, at)


def alert_row(first: AlertChanged, *operations: AlertChanged) -> merge.Row:
    row = merge.new_alert(first)
    for operation in operations:
        merge.change_alert(row, operation)
    return row


def test_an_alert_is_in_its_newest_state_in_any_order() -> None:
    row = same_in_any_order(alert_row, (alert("defined", 1), alert("fired", 2, observed=3.0), alert("resolved", 3)))
    assert (row["state"], row["time_unix_nano"]) == ("resolved", 3)


def test_an_alert_that_fired_is_not_defined_again() -> None:
    row = same_in_any_order(
        alert_row, (alert("defined", 1), alert("fired", 2, 1.0, 3.0), alert("defined", 5, threshold=2.0))
    )
    assert (row["state"], row["observed"], row["time_unix_nano"]) == ("fired", 3.0, 2)
    assert (row["threshold"], row["defined_unix_nano"]) == (2.0, 5)


def test_a_folder_is_the_same_in_any_order() -> None:
    def make(*operations: FolderUpdated) -> merge.Row:
        row = merge.new_folder("/a", 0)
        for operation in operations:
            merge.update_folder(row, operation)
        return row

    row = same_in_any_order(
        make, (FolderUpdated("/a", ["x"], {"k": 1}, "one", 1), FolderUpdated("/a", None, {"k": 2, "l": 3}, None, 2))
    )
    assert row["metadata"] == {"k": 2, "l": 3}
    assert (row["tags"], row["description"], row["time_unix_nano"]) == (["x"], "one", 2)


# --- the same through the file ---------------------------------------------------------------------------------------


def events_of_a_run(tape: Tape) -> None:
    tape.run_event(semconv.EVENT_RUN_STARTED, {semconv.RUN_FOLDER: "/f", f"{semconv.RUN_METADATA}.a": 1})
    tape.run_event(semconv.EVENT_RUN_UPDATED, {semconv.RUN_TAGS: ["t"]}, time=START + 1)
    tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: 0}, {"loss": 2.0}, START + 2)
    ended = {semconv.RUN_STATUS: "completed", semconv.RUN_STARTED_UNIX_NANO: START, semconv.RUN_DURATION_SECONDS: 1.0}
    tape.run_event(semconv.EVENT_RUN_ENDED, ended, time=START + SECOND)


def test_the_file_holds_the_same_run_whatever_the_order_and_the_size_of_batches(tmp_path: Path) -> None:
    found = []
    for number, order in enumerate(permutations(range(4))):
        tape, shuffled = Tape(), Tape(f"segment-{number}")
        events_of_a_run(tape)
        for index in order:
            shuffled.add(tape.records[index].kind, tape.records[index].payload)
        path = tmp_path / f"{number}.db"
        target = destination(path)
        for batch in in_pieces(shuffled.records, 1 + number % 3):
            deliver(target, batch)
        target.close()
        with LocalReader(path) as reader:
            found.append(reader.runs(Selection()).items)
    assert len(found[0]) == 1
    assert found[0][0]["metrics"] == {"loss": {"last": 2.0, "min": 2.0, "max": 2.0, "count": 1, "last_step": 0}}
    assert (found[0][0]["status"], found[0][0]["tags"]) == ("completed", ["t"])
    for runs in found:
        assert runs == found[0]
