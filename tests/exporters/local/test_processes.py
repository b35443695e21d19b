"""Several processes on one store: killed in the middle, racing to make the file, and forked."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from otel_distro.forwarder.errors import HeldError
from otel_distro.spool.record import Kind
from query.stores import START, Tape, deliver, destination, log_record

# Python warns of forks in a process with threads from 3.12 on; other tests may have left some.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

SEGMENTS, RECORDS, PIECE = 3, 400, 16
TESTS = Path(__file__).parents[2]

# Delivers what the store has not taken yet of all segments, in pieces, as a leader does that begins anew.
LEADER = f"""
import sys
import time
from pathlib import Path
from query.stores import batch, deliver, destination
from processes_tapes import tape

target = destination(Path(sys.argv[1]))
tapes = [tape(number) for number in range({SEGMENTS})]
while True:
    records = []
    for each in tapes:
        begin = target.resume(target.slots[0], each.segment)
        records += [record for record in each.records if record.offset >= begin][:{PIECE}]
    if not records:
        break
    deliver(target, batch(records))
    print(len(records), flush=True)
    time.sleep(0.01)
target.close()
"""
TAPES = f"""
from otel_distro import semconv
from query.stores import START, Tape

def tape(number):
    made = Tape(f"segment-{{number}}")
    for step in range({RECORDS}):
        made.run_event(semconv.EVENT_RUN_METRICS, {{semconv.RUN_STEP: step}}, {{f"m{{number}}": step}}, START + step)
    return made
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "processes_tapes.py").write_text(TAPES)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS), str(tmp_path)])}


def ask(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def start(path: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LEADER, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )


def each_record_once(path: Path) -> None:
    for number in range(SEGMENTS):
        points = f"FROM run_points JOIN run_series ON id = series_id WHERE name = 'm{number}'"
        assert ask(path, f"SELECT step {points} ORDER BY position") == [(step,) for step in range(RECORDS)]
        assert ask(path, f"SELECT DISTINCT count, sum {points}") == [(RECORDS, sum(range(RECORDS)))]


def test_leaders_killed_again_and_again_store_each_record_once(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "store.db"
    for batches_seen in (0, 1, 2, 3, 4, 5, 6):
        leader = start(path, environment)
        assert leader.stdout is not None
        for _ in range(batches_seen):
            leader.stdout.readline()
        time.sleep(0.003 * batches_seen)  # now and then it is within a transaction
        leader.send_signal(signal.SIGKILL)
        leader.wait()
        leader.stdout.close()
    assert 0 < ask(path, "SELECT count(*) FROM run_points")[0][0] < SEGMENTS * RECORDS
    finish([start(path, environment)])
    each_record_once(path)


def test_leaders_at_once_store_each_record_once(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "made by the first of them" / "store.db"
    finish([start(path, environment) for _ in range(3)])
    each_record_once(path)


def finish(leaders: Sequence[subprocess.Popen[str]]) -> None:
    for leader in leaders:
        leader.communicate(timeout=120)
        assert leader.returncode == 0


# --- forks -----------------------------------------------------------------------------------------------------------

fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def log_tape(segment: str) -> Tape:
    tape = Tape(segment)
    tape.add(Kind.LOG, log_record({}, f"of {segment}", START))
    return tape


def child(action: Any) -> int:
    """Runs something in a forked child; returns its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@fork_only
def test_what_a_forked_child_stores_outlives_the_parents_connection(tmp_path: Path) -> None:
    """Without care, the child takes the locks of the parent for its own, and its commit is thrown away."""
    path = tmp_path / "store.db"
    parent = destination(path)
    deliver(parent, log_tape("parent").batch())
    to_child, to_parent = os.pipe(), os.pipe()

    def in_child() -> None:
        deliver(parent, log_tape("child, early").batch())
        os.write(to_parent[1], b".")
        os.read(to_child[0], 1)
        deliver(parent, log_tape("child, late").batch())

    pid = os.fork()
    if pid == 0:
        try:
            in_child()
        finally:
            os._exit(0)
    for descriptor in (to_child[0], to_parent[1]):
        os.close(descriptor)
    assert os.read(to_parent[0], 1) == b"."
    parent.close()  # the last connection that SQLite knows of: it removes the write-ahead log
    os.write(to_child[1], b".")
    os.waitpid(pid, 0)
    for descriptor in (to_child[1], to_parent[0]):
        os.close(descriptor)
    assert ask(path, "SELECT message FROM logs ORDER BY key") == [
        ("of parent",),
        ("of child, early",),
        ("of child, late",),
    ]


@fork_only
def test_a_child_forked_within_a_transaction_does_not_touch_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otel_exporter_local.connection.FORK_TIMEOUT_SECONDS", 0.01)
    target = destination(tmp_path / "store.db")
    deliver(target, log_tape("parent").batch())

    def refused() -> None:
        with pytest.raises(HeldError, match="forked while"):
            deliver(target, log_tape("child").batch())

    with target._client.file.transaction():
        assert child(refused) == 0
    deliver(target, log_tape("parent, later").batch())
    target.close()
    assert len(ask(tmp_path / "store.db", "SELECT 1 FROM logs")) == 2


@fork_only
def test_a_fork_without_an_open_store_costs_a_child_nothing(tmp_path: Path) -> None:
    target = destination(tmp_path / "store.db")
    assert child(lambda: deliver(target, log_tape("child").batch())) == 0
    deliver(target, log_tape("parent").batch())
    target.close()
    assert len(ask(tmp_path / "store.db", "SELECT 1 FROM logs")) == 2
