"""Alerts judged from spooled events, over crashes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.forwarder.alerts import AlertEvaluator
from otel_distro.forwarder.destination import Batch
from otel_distro.otlp.decode import Event, decode_log
from otel_distro.otlp.encoder import encode_log
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.record import Kind, SpooledRecord
from otel_distro.spool.writer import SpoolWriter
from spools import RESOURCE, SCOPE, append, read_all, spool_directory

MINUTE = 60 * 10**9
START = 1_000 * MINUTE

RULE = {
    semconv.RUN_ID: "run",
    semconv.ALERT_NAME: "too high",
    semconv.ALERT_METRIC: "loss",
    semconv.ALERT_RULE: semconv.RULE_ABOVE,
    semconv.ALERT_THRESHOLD: 1.0,
    semconv.ALERT_FREQUENCY_MINUTES: 1.0,
    semconv.ALERT_WINDOW_MINUTES: 1.0,
}


class Judge:
    """An evaluator over a real spool, to which events are appended as a program would."""

    def __init__(self, root: Path) -> None:
        self.directory: SpoolDirectory = spool_directory(root)
        self.program = SpoolWriter(self.directory)
        self.judged: list[Event] = []
        self.now = START
        self._seen = 0
        self.begin()
        self.event(semconv.EVENT_RUN_STARTED, 0, {semconv.RUN_ID: "run"})

    def begin(self) -> None:
        """Begins as the leader after a crash does, with what lies on disk."""
        self.evaluator = AlertEvaluator(self.directory, self._append, clock=lambda: self.now)

    def _append(self, kind: Kind, payload: bytes, resource: bytes, scope: bytes) -> None:
        assert (kind, resource, scope) == (Kind.EVENT, RESOURCE, SCOPE)
        self.judged.append(decode_log(SpooledRecord(kind, payload, resource, scope, 0, "", 0, 0, 0)))

    def event(self, name: str, minutes: float, attributes: Mapping[str, Any], body: object = None) -> None:
        payload = encode_log(
            timestamp=START + int(minutes * MINUTE),
            observed_timestamp=1,
            severity_number=9,
            severity_text=None,
            body=body,
            attributes=attributes,
            event_name=name,
            trace_id=0,
            span_id=0,
            trace_flags=0,
        )
        append(self.program, payload, kind=Kind.EVENT)

    def log(self, minutes: float, loss: object, run: str = "run") -> None:
        self.event(semconv.EVENT_RUN_METRICS, minutes, {semconv.RUN_ID: run}, {"loss": loss, "other": 99.0})

    def deliver(self) -> None:
        """Hands everything new over in one batch."""
        records = read_all(self.directory)[self._seen :]
        self._seen += len(records)
        ends = {record.segment: record.end for record in records}
        self.evaluator.deliver(self.evaluator.slots[0], Batch("id", records, ends, self.directory.files))

    def said(self) -> list[tuple[str, float]]:
        self.deliver()
        return [(e.event_name.rpartition(".")[2], e.attributes[semconv.ALERT_OBSERVED]) for e in self.judged]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)


def test_a_rule_that_is_broken_fires(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.5, 3.0)
    judge.log(1.5, 0.0)
    judge.log(2.5, 0.0)

    assert judge.said() == [("fired", 3.0), ("resolved", 0.0)]
    assert judge.judged[0].attributes == {**RULE, semconv.ALERT_OBSERVED: 3.0}
    assert judge.judged[0].time_unix_nano == START + MINUTE


def test_the_end_of_the_run_is_judged(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.1, 3.0)
    judge.event(semconv.EVENT_RUN_ENDED, 0.2, {semconv.RUN_ID: "run"})
    judge.log(5.0, 3.0)

    assert judge.said() == [("fired", 3.0)]


def test_windows_are_counted_from_the_start_of_the_run_not_from_the_definition(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0.7, RULE)
    judge.log(0.9, 3.0)
    judge.log(1.1, 0.0)

    assert judge.said() == [("fired", 3.0)]
    assert judge.judged[0].time_unix_nano == START + MINUTE


def test_points_that_came_before_the_rule_count(judge: Judge) -> None:
    judge.log(0.1, 3.0)
    judge.event(semconv.EVENT_ALERT_DEFINED, 0.2, RULE)
    judge.event(semconv.EVENT_RUN_ENDED, 0.3, {semconv.RUN_ID: "run"})

    assert judge.said() == [("fired", 3.0)]


def test_another_runs_points_and_values_that_are_no_numbers_do_not_count(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.1, 3.0, run="another")
    judge.log(0.1, "three")
    judge.event(semconv.EVENT_RUN_ENDED, 0.2, {semconv.RUN_ID: "run"})

    assert judge.said() == []


def test_many_steps_in_one_event_count_each_at_its_time(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    times = [START + int(minutes * MINUTE) for minutes in (0.5, 1.5, 2.5)]
    judge.event(
        semconv.EVENT_RUN_METRICS,
        3,
        {semconv.RUN_ID: "run", semconv.RUN_STEPS: [0, 1, 2], semconv.RUN_TIMES_UNIX_NANO: times},
        {"loss": [3.0, 0.0, 0.0]},
    )

    assert judge.said() == [("fired", 3.0), ("resolved", 0.0)]


def test_a_crash_in_between_changes_nothing(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.2, 2.0)
    judge.deliver()
    judge.begin()
    judge.log(0.4, 4.0)
    judge.log(1.5, 0.0)

    assert judge.said() == [("fired", 3.0)]


def test_a_batch_that_comes_again_after_a_crash_counts_once(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.2, 2.0)
    judge.deliver()
    judge.begin()
    judge._seen = 0
    judge.log(0.4, 5.0)
    judge.log(1.5, 0.0)

    assert judge.said() == [("fired", 3.5)]


def test_a_run_that_falls_silent_is_judged_by_the_clock(judge: Judge) -> None:
    judge.event(semconv.EVENT_ALERT_DEFINED, 0, RULE)
    judge.log(0.2, 2.0)
    judge.deliver()

    judge.now = START + MINUTE
    judge.evaluator.idle()
    assert judge.said() == []  # what other processes recorded up to then may still be on its way

    judge.now = START + MINUTE + 3 * 10**9
    judge.evaluator.idle()
    assert judge.said() == [("fired", 2.0)]
