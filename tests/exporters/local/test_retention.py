"""What goes when the store is beyond its bounds, in which order, and what is said of it."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.forwarder.destination import DestinationConfig
from otel_distro.query.local import LocalReader
from otel_distro.spool.record import Kind
from otel_exporter_local import LocalDestination
from otel_exporter_local.removals import LEAST_POINTS
from query.stores import DAY, SECOND, START, Tape, deliver, gauge, in_pieces, log_record, span

MIB = 1024**2
NOW = START + 100 * DAY
PLAIN = {"spans", "logs", "metric_points"}


class Times:
    """A clock that stands, and one that the test moves on."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def monotonic(self) -> float:
        return self.elapsed


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def make(tmp_path: Path, times: Times) -> Iterator[Callable[..., LocalDestination]]:
    made: list[LocalDestination] = []

    def build(max_bytes: int = MIB, max_age_days: str = "inf") -> LocalDestination:
        environ = {
            "OTEL_DISTRO_LOCAL_STORE": str(tmp_path / "store.db"),
            "OTEL_DISTRO_LOCAL_MAX_BYTES": str(max_bytes),
            "OTEL_DISTRO_LOCAL_MAX_AGE_DAYS": max_age_days,
        }
        config = DestinationConfig("local", "local", environ)
        made.append(LocalDestination(config, clock=lambda: NOW, monotonic=times.monotonic))
        return made[-1]

    yield build
    for target in made:
        target.close()


def ask(target: LocalDestination, statement: str) -> list[Any]:
    with closing(sqlite3.connect(target.config.path)) as connection:
        return [row[0] if len(row) == 1 else row for row in connection.execute(statement)]


def size(target: LocalDestination) -> int:
    """Returns the size of file and artifacts once the write-ahead log has been brought in."""
    with closing(sqlite3.connect(target.config.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = Path(f"{target.config.path}.artifacts").rglob("*")
    return target.config.path.stat().st_size + sum(file.stat().st_size for file in kept if file.is_file())


def dropped(target: LocalDestination) -> dict[tuple[str, str], int]:
    with LocalReader(target.config.path) as reader:
        return {(row["what"], row["reason"]): row["count"] for row in reader.dropped()}


def send(target: LocalDestination, tape: Tape) -> None:
    for piece in in_pieces(tape.records, 512):
        deliver(target, piece)


def settle(target: LocalDestination, times: Times) -> None:
    """Lets the next look at the bounds come, and all of its work be done."""
    times.elapsed += 1000
    target.idle()


def plain(segment: str = "plain", number: int = 1500) -> Tape:
    """A day each of spans, logs and points, some 1.5 MiB."""
    tape = Tape(segment)
    for index in range(number):
        at = START + index * 20 * DAY // number
        tape.add(Kind.SPAN, span("work", index + 1, at, text="x" * 300))
        tape.add(Kind.LOG, log_record({}, f"line {index} " + "y" * 300, at))
        tape.add(Kind.METRIC, gauge(f"gauge {index % 3}", 1.0 * index, at))
    return tape


def domain(segment: str = "domain", number: int = 30, *, end: bool = True, text: str = "", points: int = 20) -> Tape:
    """Runs with points, ARCs, annotations and incidents, one of each a day."""
    tape = Tape(segment)
    for index in range(number):
        run, at = f"{segment}-{index:03}", START + index * DAY
        tape.run_event(semconv.EVENT_RUN_STARTED, {semconv.RUN_DESCRIPTION: text}, time=at, run=run)
        steps = {semconv.RUN_STEPS: list(range(points)), semconv.RUN_TIMES_UNIX_NANO: [at] * points}
        tape.run_event(semconv.EVENT_RUN_METRICS, steps, {"loss": [1.0 * step for step in range(points)]}, at, run)
        tape.run_event(semconv.EVENT_RUN_EVENT, {}, "noted", at, run)
        if end:
            tape.run_event(semconv.EVENT_RUN_ENDED, {semconv.RUN_STATUS: "completed"}, time=at + SECOND, run=run)
        tape.event(semconv.EVENT_ARC_EXPORT, {semconv.ARC_ID: run, semconv.ARC_CLASS: "c"}, {"text": text}, at)
        tape.event(semconv.EVENT_ANNOTATION, {semconv.ANNOTATION_ID: run}, {"inputs": text}, at)
        tape.event(semconv.EVENT_INCIDENT, {semconv.INCIDENT_ID: run, semconv.INCIDENT_TITLE: text}, time=at)
    return tape


# --- size ------------------------------------------------------------------------------------------------------------


def test_plain_telemetry_goes_first_the_oldest_before_all(make: Callable[..., LocalDestination], times: Times) -> None:
    target = make()
    send(target, domain())
    send(target, plain())
    assert size(target) > MIB
    settle(target, times)
    assert size(target) <= MIB
    assert {what for what, _ in dropped(target)} == PLAIN
    assert {reason for _, reason in dropped(target)} == {"size"}
    for table, column in (("spans", "started_unix_nano"), ("logs", "time_unix_nano"), ("metric_points", "value")):
        kept, newest, oldest = ask(target, f"SELECT count(*), max({column}), min({column}) FROM {table}")[0]
        assert kept + dropped(target)[table, "size"] == 1500
        assert 0 < kept < 1500
        assert newest - oldest < (1500 if column == "value" else 20 * DAY)
        assert newest == (1499 if column == "value" else START + 1499 * 20 * DAY // 1500)
    assert ask(target, "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM run_points)") == [(30, 600)]


def test_within_the_bound_nothing_goes(make: Callable[..., LocalDestination], times: Times) -> None:
    target = make(8 * MIB)
    send(target, plain())
    settle(target, times)
    assert dropped(target) == {}


def test_then_points_of_ended_runs_are_thinned(make: Callable[..., LocalDestination], times: Times) -> None:
    target = make()
    send(target, plain(number=100))
    send(target, domain("ended", 3, points=30_000))
    send(target, domain("going-on", 1, points=5_000, end=False))
    settle(target, times)
    assert size(target) <= MIB
    assert set(dropped(target)) == {
        ("spans", "size"),
        ("logs", "size"),
        ("metric_points", "size"),
        ("run_points", "thinned"),
    }
    assert ask(target, "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM runs)") == [(0, 4)]
    left = "SELECT run_id, thinned, series.count, count(*), max(position) FROM run_points JOIN run_series AS series "
    for run, thinned, total, kept, last in ask(target, left + "ON id = series_id GROUP BY id"):
        if run.startswith("going-on"):
            assert (thinned, total, kept) == (0, 5_000, 5_000)
        else:
            assert thinned > 0
            assert (total, last) == (30_000, 29_999)
            assert kept == pytest.approx(total / 2**thinned, abs=2)
            assert kept > LEAST_POINTS / 2
    with LocalReader(target.config.path) as reader:
        (metric,) = [run["metrics"]["loss"] for run in reader.runs().items if run["id"] == "ended-000"]
        assert metric == {"last": 29_999.0, "min": 0.0, "max": 29_999.0, "count": 30_000, "last_step": 29_999}
        curve = reader.curve("ended-000", "loss", 10)
        assert curve == pytest.approx([1_500 + 3_000 * index for index in range(10)], abs=20)


def test_last_of_all_go_runs_arcs_annotations_and_incidents_the_oldest_first(
    make: Callable[..., LocalDestination], times: Times
) -> None:
    target = make()
    send(target, domain("old", 100, text="z" * 4_000))
    settle(target, times)
    assert size(target) <= MIB
    counts = dropped(target)
    assert set(counts) == {(table, "size") for table in ("runs", "run_points", "arcs", "annotations", "incidents")}
    for table in ("runs", "arcs", "annotations", "incidents"):
        assert 0 < counts[table, "size"] < 100
        assert ask(target, f"SELECT min(id) FROM {table}") == [f"old-{counts[table, 'size']:03}"]
    runs = ask(target, "SELECT count(*) FROM runs")
    assert ask(target, "SELECT count(*) FROM run_series") == runs
    assert ask(target, "SELECT count(DISTINCT run_id) FROM run_events") == runs


def test_runs_that_go_on_stay_and_it_is_said_once(
    make: Callable[..., LocalDestination], times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    target = make()
    tape = domain("going-on", 5, points=20_000, end=False)
    send(target, tape)
    with caplog.at_level(logging.WARNING):
        settle(target, times)
        settle(target, times)
    assert ask(target, "SELECT count(*) FROM run_points") == [100_000]
    (message,) = caplog.messages
    assert "is larger than 1048576 bytes" in message


def test_the_bytes_of_artifacts_count_and_go_with_their_rows(
    make: Callable[..., LocalDestination], times: Times, tmp_path: Path
) -> None:
    kept = tmp_path / "spool files"
    kept.mkdir()
    tape = Tape()
    contents = [os.urandom(300_000) for _ in range(5)]
    for index, content in enumerate(contents):
        (kept / f"file{index}").write_bytes(content)
        run = f"run-{index}"
        described = {semconv.ARTIFACT_ID: run, semconv.ARTIFACT_KEPT: f"file{index}"}
        tape.run_event(semconv.EVENT_ARTIFACT, described, time=START + index * DAY, run=run)
        tape.run_event(semconv.EVENT_RUN_ENDED, {}, time=START + index * DAY + 1, run=run)
    # Named by another row too, which stays: the bytes of the newest run, and of an old one.
    for index, number in ((4, 50), (0, 60)):
        files = [{semconv.FILE_NAME: "same", semconv.FILE_KEPT: f"file{index}"}]
        tape.event(semconv.EVENT_INCIDENT, {semconv.INCIDENT_FILES: files}, time=START + number * DAY)
    target = make()
    deliver(target, tape.batch(kept))
    settle(target, times)
    assert size(target) <= MIB
    folder = Path(f"{target.config.path}.artifacts")
    left = sorted(path.name for path in folder.rglob("*") if path.is_file())
    named = ask(target, "SELECT path FROM artifacts UNION SELECT path FROM incident_files")
    assert left == sorted(path.partition("/")[2] for path in named)
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    assert digests[0] in left
    assert digests[1] not in left
    assert sorted(ask(target, "SELECT path FROM files")) == sorted(named)


# --- age -------------------------------------------------------------------------------------------------------------


def test_what_is_too_old_goes_whatever_its_kind(make: Callable[..., LocalDestination], times: Times) -> None:
    target = make(64 * MIB, max_age_days="85")  # of 20 and 30 days of rows, the first 15 are older
    send(target, plain())
    send(target, domain())
    settle(target, times)
    assert {reason for _, reason in dropped(target)} == {"age"}
    boundary = NOW - 85 * DAY
    for table in ("logs", "metric_points", "runs", "arcs", "annotations", "incidents", "run_events"):
        assert len(ask(target, f"SELECT 1 FROM {table}")) > 0
        assert ask(target, f"SELECT 1 FROM {table} WHERE time_unix_nano < {boundary}") == []
    assert ask(target, "SELECT min(id) FROM runs") == ["domain-015"]
    assert ask(target, "SELECT count(*) FROM run_points") == [15 * 20]


def test_an_old_run_that_still_says_something_stays(make: Callable[..., LocalDestination], times: Times) -> None:
    tape = Tape()
    for run, last in (("silent", START + DAY), ("measured", NOW), ("noted", START), ("ended", START)):
        tape.run_event(semconv.EVENT_RUN_STARTED, {}, time=START, run=run)
        tape.run_event(semconv.EVENT_RUN_METRICS, {}, {"loss": 1.0}, last, run)
    tape.run_event(semconv.EVENT_RUN_EVENT, {}, "still here", NOW, "noted")
    tape.run_event(semconv.EVENT_RUN_ENDED, {}, time=NOW, run="ended")
    target = make(max_age_days="30")
    send(target, tape)
    settle(target, times)
    assert ask(target, "SELECT id FROM runs ORDER BY id") == ["ended", "measured", "noted"]


def test_series_resources_and_cursors_that_nobody_needs_go(make: Callable[..., LocalDestination], times: Times) -> None:
    target = make(max_age_days="30")
    old = Tape("old")
    old.add(Kind.METRIC, gauge("g", 1.0, START), appended_unix_nano=START)
    send(target, old)
    settle(target, times)
    assert ask(target, "SELECT (SELECT count(*) FROM metric_series), (SELECT count(*) FROM resources)") == [(0, 0)]
    assert target.resume(target.slots[0], "old") == old.end
    with closing(sqlite3.connect(target.config.path)) as connection, connection:
        connection.execute("UPDATE cursors SET updated_unix_nano = ?", (NOW - 91 * DAY,))
    settle(target, times)
    assert target.resume(target.slots[0], "old") == 0


def test_copies_whose_rows_were_never_written_go_after_a_while(
    make: Callable[..., LocalDestination], times: Times
) -> None:
    target = make()
    send(target, plain(number=1))
    folder = Path(f"{target.config.path}.artifacts") / "ab"
    folder.mkdir(parents=True)
    for name in ("old", "young", "12-1.tmp"):
        (folder / name).write_bytes(b"x")
    for name in ("old", "12-1.tmp"):
        os.utime(folder / name, (NOW / 1e9 - 4000, NOW / 1e9 - 4000))
    os.utime(folder / "young", (NOW / 1e9 - 10, NOW / 1e9 - 10))
    settle(target, times)
    assert [path.name for path in folder.iterdir()] == ["young"]


# --- when ------------------------------------------------------------------------------------------------------------


def test_it_looks_at_the_bounds_now_and_then_not_at_each_batch(
    make: Callable[..., LocalDestination], times: Times
) -> None:
    target = make()
    send(target, plain(number=5))
    settle(target, times)
    send(target, plain("more"))
    assert dropped(target) == {}
    times.elapsed += 11
    send(target, plain("one more", 1))
    assert dropped(target) != {}


def test_it_works_for_a_moment_and_goes_on_with_the_next_batch(
    make: Callable[..., LocalDestination], times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make()
    send(target, plain())
    times.elapsed += 1000
    ticks = count()
    slow = lambda: times.elapsed + 0.05 * next(ticks)  # noqa: E731 - each look at the clock costs a moment
    monkeypatch.setattr(target._retention, "_monotonic", slow)
    target.idle()
    first = sum(dropped(target).values())
    assert size(target) > MIB
    for _ in range(200):
        target.idle()
    assert size(target) <= MIB
    assert first < sum(dropped(target).values())


def test_a_busy_store_is_left_for_the_next_time(
    make: Callable[..., LocalDestination], times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_exporter_local.connection.BUSY_TIMEOUT_SECONDS", 0.05)
    target = make()
    send(target, plain())
    with closing(sqlite3.connect(target.config.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        settle(target, times)
        other.execute("ROLLBACK")
    assert dropped(target) == {}
    settle(target, times)
    assert size(target) <= MIB
