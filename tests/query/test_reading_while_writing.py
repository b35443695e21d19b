"""A reader sees whole batches while a leader writes, and holds up nobody."""

from __future__ import annotations

import threading
from pathlib import Path

from otel_distro import semconv
from otel_distro.query.local import LocalReader
from otel_distro.query.reader import Selection
from query.stores import RUN, START, Tape, deliver, destination, in_pieces

PIECE, PIECES = 10, 60


def test_a_reader_sees_whole_batches_while_a_leader_writes(tmp_path: Path) -> None:
    path, tape = tmp_path / "store.db", Tape()
    for step in range(PIECE * PIECES):
        tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: step}, {"a": step, "b": -step}, START + step)
    seen: list[int] = []
    ended = threading.Event()

    def write() -> None:
        target = destination(path)
        for piece in in_pieces(tape.records, PIECE):
            deliver(target, piece)
        target.close()
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    with LocalReader(path) as reader:
        while not ended.is_set() or not seen:
            for run in reader.runs(Selection()).items:
                metrics = run["metrics"]
                assert metrics["a"]["count"] == metrics["b"]["count"]
                assert metrics["a"]["last"] == metrics["a"]["count"] - 1 == -metrics["b"]["last"]
                seen.append(metrics["a"]["count"])
        writer.join()
        (run,) = reader.runs(Selection()).items
        assert run["metrics"]["a"]["count"] == PIECE * PIECES
        assert len(reader.curve(RUN, "a", 10_000)) == PIECE * PIECES
    assert seen == sorted(seen)
    assert all(count % PIECE == 0 for count in seen)


def test_an_open_page_holds_up_no_leader_and_does_not_change(tmp_path: Path) -> None:
    path, tape = tmp_path / "store.db", Tape()
    for step in range(20):
        tape.run_event(semconv.EVENT_RUN_METRICS, {}, {"a": step}, START + step)
    target = destination(path)
    deliver(target, tape.batch(end=10))
    with LocalReader(path) as reader:
        with reader._reading() as connection:
            assert connection is not None
            count = "SELECT count FROM run_series"
            assert connection.execute(count).fetchone()[0] == 10
            deliver(target, tape.batch(begin=10))
            assert connection.execute(count).fetchone()[0] == 10
        assert reader.runs().items[0]["metrics"]["a"]["count"] == 20
    target.close()
