"""The file: each record once, whoever delivers it; and what is done about a file that is not as it should be."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.forwarder.destination import Batch, Delivery
from otel_distro.forwarder.errors import HeldError, PermanentError
from otel_distro.query.schema import APPLICATION_ID, LATEST
from otel_distro.spool.record import Kind
from otel_exporter_local import LocalDestination
from query.stores import START, Tape, batch, deliver, destination, in_pieces, log_record, span


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deeper" / "store.db"


def steps(count: int, segment: str = "segment-a") -> Tape:
    tape = Tape(segment)
    for step in range(count):
        tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: step}, {"loss": float(step)}, START + step)
    return tape


def ask(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] if len(row) == 1 else row for row in connection.execute(statement)]


def stored_steps(path: Path) -> list[int]:
    return ask(path, "SELECT step FROM run_points ORDER BY position")


@contextmanager
def open_destination(path: Path, **settings: str) -> Iterator[LocalDestination]:
    target = destination(path, **settings)
    try:
        yield target
    finally:
        target.close()


# --- exactly once ----------------------------------------------------------------------------------------------------


def test_a_batch_that_comes_again_is_stored_once(path: Path) -> None:
    tape = steps(3)
    with open_destination(path) as target:
        assert deliver(target, tape.batch()) == Delivery(3)
        assert deliver(target, tape.batch()) == Delivery(3)
    assert stored_steps(path) == [0, 1, 2]
    assert ask(path, "SELECT count FROM run_series") == [3]


def test_two_leaders_with_overlapping_batches_store_each_record_once(path: Path) -> None:
    a, b = steps(10, "segment-a"), steps(10, "segment-b")
    with open_destination(path) as one, open_destination(path) as other:
        deliver(one, a.batch(end=4))
        deliver(other, batch([*a.records[:6], *b.records[:3]]))
        deliver(one, batch([*a.records[4:8], *b.records[1:5]]))
        deliver(other, batch([*a.records[6:], *b.records[3:]]))
        deliver(one, batch([*a.records[8:], *b.records[5:]]))
    assert sorted(stored_steps(path)) == sorted([*range(10), *range(10)])
    assert ask(path, "SELECT count, sum, max FROM run_series") == [(20, 90.0, 9.0)]


def test_only_whole_batches_are_stored(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = steps(4)
    with open_destination(path) as target:
        deliver(target, tape.batch(end=2))
        monkeypatch.setattr("otel_exporter_local.client.ADVANCE_CURSOR", "INSERT INTO no_such_table VALUES (?, ?, ?)")
        with pytest.raises(sqlite3.OperationalError):
            deliver(target, tape.batch(begin=2))
        assert stored_steps(path) == [0, 1]
        monkeypatch.undo()
        deliver(target, tape.batch(begin=2))
    assert stored_steps(path) == [0, 1, 2, 3]


def test_ids_found_in_a_transaction_that_was_rolled_back_are_not_remembered(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Tape("segment-a"), Tape("segment-b", b"")
    first.add(Kind.SPAN, span("one"))
    second.add(Kind.SPAN, span("two"))
    with open_destination(path) as target:
        monkeypatch.setattr("otel_exporter_local.client.ADVANCE_CURSOR", "INSERT INTO no_such_table VALUES (?, ?, ?)")
        with pytest.raises(sqlite3.OperationalError):
            deliver(target, first.batch())
        monkeypatch.undo()
        deliver(target, second.batch())
        deliver(target, first.batch())
    joined = "SELECT spans.name, service_name FROM spans JOIN resources ON resources.id = resource_id ORDER BY key"
    assert ask(path, joined) == [("two", None), ("one", "tests")]


def test_the_store_says_how_far_it_has_taken_a_segment(path: Path) -> None:
    tape = steps(3)
    with open_destination(path) as target:
        (slot,) = target.slots
        assert target.resume(slot, tape.segment) == 0
        assert not path.exists()
        deliver(target, tape.batch(end=2))
        assert target.resume(slot, tape.segment) == tape.records[1].end
        assert target.resume(slot, "another") == 0
        target.forget(["another", tape.segment])
        target.idle()
        assert target.resume(slot, tape.segment) == 0


@pytest.mark.parametrize("by", ["the next batch", "closing"])
def test_cursors_of_segments_that_are_gone_are_dropped(path: Path, by: str) -> None:
    gone, next_one = steps(1, "gone"), steps(1, "next")
    with open_destination(path) as target:
        deliver(target, gone.batch())
        target.forget(["gone"])
        if by == "closing":
            target.close()
        else:
            deliver(target, next_one.batch())
        assert "gone" not in ask(path, "SELECT segment FROM cursors")


def test_forgetting_never_raises_and_never_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otel_exporter_local.connection.BUSY_TIMEOUT_SECONDS", 0.05)
    with open_destination(path) as target:
        deliver(target, steps(1, "gone").batch())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            target.forget(["gone"])
            target.idle()
            other.execute("ROLLBACK")
        target.idle()
        assert ask(path, "SELECT segment FROM cursors") == []


def test_a_cursor_never_goes_back(path: Path) -> None:
    tape = steps(3)
    with open_destination(path) as target:
        deliver(target, tape.batch())
        deliver(target, tape.batch(end=1))
        assert target.resume(target.slots[0], tape.segment) == tape.end


def test_a_segment_of_which_nothing_was_for_the_store_moves_on_too(path: Path) -> None:
    with open_destination(path) as target:
        assert deliver(target, Batch("empty", [], {"segment-x": 500}, path.parent)) == Delivery(0)
        assert target.resume(target.slots[0], "segment-x") == 500


def test_what_cannot_be_read_is_counted_and_the_rest_is_stored(path: Path) -> None:
    tape = steps(1)
    tape.add(Kind.EVENT, b"\xff\xff")
    tape.add(Kind.LOG, log_record({}, "after"))
    with open_destination(path) as target:
        assert deliver(target, tape.batch()) == Delivery(2, {"corrupt": 1})
    assert ask(path, "SELECT message FROM logs") == ["after"]


def test_a_value_that_fits_no_column_is_refused_for_good(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otel_exporter_local.attributes.INT64_MAX", 2**70)
    tape = Tape()
    tape.event(semconv.EVENT_RUN_EVENT, {}, "from far away", time=2**64 - 1)
    with open_destination(path) as target, pytest.raises(PermanentError):
        deliver(target, tape.batch())


def test_values_of_a_metric_that_are_no_numbers_are_counted(path: Path) -> None:
    tape = Tape()
    tape.run_event(semconv.EVENT_RUN_METRICS, {}, {"loss": 1.0, "name": "text", "list": [1, "x"]})
    with open_destination(path) as target:
        assert deliver(target, tape.batch()) == Delivery(1)
    assert ask(path, "SELECT what, reason, count FROM dropped") == [("run_points", "not a number", 2)]
    assert ask(path, "SELECT name FROM run_series ORDER BY name") == ["list", "loss"]


def test_the_last_value_is_the_newest_not_the_one_that_came_last(path: Path) -> None:
    early, late = Tape("segment-a"), Tape("segment-b")
    early.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: 1}, {"loss": 1.0}, START + 1)
    late.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: 2}, {"loss": 2.0}, START + 2)
    with open_destination(path) as target:
        deliver(target, late.batch())
        deliver(target, early.batch())
    assert ask(path, "SELECT last, last_step, last_time_unix_nano FROM run_series") == [(2.0, 2, START + 2)]


# --- the file --------------------------------------------------------------------------------------------------------


def test_building_a_destination_and_letting_it_idle_makes_no_file(path: Path) -> None:
    target = destination(path)
    target.idle()
    target.forget(["segment-a"])
    target.close()
    assert not path.parent.exists()


def test_folder_and_file_are_their_owners_alone(path: Path) -> None:
    previous = os.umask(0)
    try:
        with open_destination(path) as target:
            deliver(target, steps(1).batch())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(previous)
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_file_is_as_documented(path: Path) -> None:
    with open_destination(path) as target:
        deliver(target, steps(1).batch())
        pragmas = ("journal_mode", "auto_vacuum", "user_version", "application_id")
        assert [ask(path, f"PRAGMA {name}")[0] for name in pragmas] == ["wal", 2, LATEST, APPLICATION_ID]


def test_closing_leaves_one_file_and_it_may_be_used_again(path: Path) -> None:
    tape = steps(2)
    with open_destination(path) as target:
        deliver(target, tape.batch(end=1))
        target.close()
        assert [file.name for file in path.parent.iterdir()] == ["store.db"]
        deliver(target, tape.batch(begin=1))
    assert stored_steps(path) == [0, 1]


def test_a_store_deleted_while_it_is_open_is_begun_anew(path: Path) -> None:
    tape = steps(2)
    with open_destination(path) as target:
        deliver(target, tape.batch(end=1))
        for file in path.parent.iterdir():
            file.unlink()
        deliver(target, tape.batch(begin=1))
    assert stored_steps(path) == [1]
    assert ask(path, "SELECT service_name FROM resources") == ["tests"]


def test_a_leader_that_is_slower_at_making_the_file_uses_the_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_late(source: Path, target: Path) -> None:
        monkeypatch.undo()
        with open_destination(path) as faster:
            deliver(faster, steps(1).batch())
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    with open_destination(path) as slower:
        deliver(slower, steps(1, "segment-b").batch())
    assert stored_steps(path) == [0, 0]
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_a_file_system_without_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    with open_destination(path) as target:
        deliver(target, steps(1).batch())
    assert stored_steps(path) == [0]
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_a_file_that_is_empty_gets_the_tables(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with open_destination(path) as target:
        deliver(target, steps(1).batch())
    assert stored_steps(path) == [0]
    assert ask(path, "PRAGMA auto_vacuum") == [2]


@pytest.mark.parametrize("damage", ["header", "schema", "page"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with open_destination(path) as target:
        deliver(target, steps(2000).batch())
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:16] = b"not a database!!"
    elif damage == "schema":
        content[100:140] = b"\xff" * 40
    else:
        content[4096:] = b"\x07" * (len(content) - 4096)
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING), open_destination(path) as target:
        deliver(target, steps(3, "segment-b").batch())
    assert stored_steps(path) == [0, 1, 2]
    (aside,) = [file for file in path.parent.iterdir() if "corrupt" in file.name]
    assert aside.name == "store.db.corrupt-20231114T221320.000000Z"
    assert aside.read_bytes() == content
    (warning,) = caplog.messages
    assert str(aside) in warning


def test_a_file_set_aside_by_another_leader_is_not_set_aside_again(path: Path) -> None:
    with open_destination(path) as one, open_destination(path) as other:
        deliver(one, steps(2).batch())
        deliver(other, steps(2, "segment-b").batch())
        one._client.file.set_aside()
        deliver(one, steps(2, "segment-c").batch())
        other._client.file.set_aside()  # it still had the file that the first one set aside
        deliver(other, steps(2, "segment-d").batch())
    asides = {file.name.partition("Z")[0] for file in path.parent.iterdir() if "corrupt" in file.name}
    assert len(asides) == 1
    assert ask(path, "SELECT segment FROM cursors ORDER BY segment") == ["segment-c", "segment-d"]


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with open_destination(path) as target, pytest.raises(HeldError, match="another program: name another file"):
        deliver(target, steps(1).batch())
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    with open_destination(path) as target:
        deliver(target, steps(1).batch())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {LATEST + 1}")
    with open_destination(path) as target, pytest.raises(HeldError, match="install the newer otel-distro"):
        deliver(target, steps(2).batch())
    assert stored_steps(path) == [0]


def test_a_full_disk_is_transient_and_loses_nothing(path: Path) -> None:
    tape = Tape()
    for number in range(400):
        tape.add(Kind.LOG, log_record({}, "x" * 1000, START + number))
    with open_destination(path) as target:
        deliver(target, tape.batch(end=1))
        with target._client.file.transaction() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            deliver(target, tape.batch(begin=1))
        with target._client.file.transaction() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert deliver(target, tape.batch(begin=1)) == Delivery(399)
    assert ask(path, "SELECT count(*) FROM logs") == [400]


def test_a_busy_store_is_transient(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otel_exporter_local.connection.BUSY_TIMEOUT_SECONDS", 0.05)
    tape = steps(2)
    with open_destination(path) as target:
        deliver(target, tape.batch(end=1))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                deliver(target, tape.batch(begin=1))
            other.execute("ROLLBACK")
        deliver(target, tape.batch(begin=1))
    assert stored_steps(path) == [0, 1]


def test_a_long_segment_in_small_batches(path: Path) -> None:
    tape = steps(100)
    with open_destination(path) as target:
        for piece in in_pieces(tape.records, 7):
            deliver(target, piece)
    assert stored_steps(path) == list(range(100))
