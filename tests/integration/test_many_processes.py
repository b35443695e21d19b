"""Many processes append to one spool while its leader is killed: every record arrives once."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import struct
import time
from pathlib import Path
from typing import Any

import pytest

import programs

SOAK = os.environ.get("OTEL_DISTRO_TEST_SOAK") == "1"
RECORDS = 50_000 if SOAK else 10_000
PROCESSES = 8
KILLS = 6 if SOAK else 2

# Counts in a file, mapped and shared, what each call returned for: that is what had been accepted when it was killed.
WORKER = """
    import mmap, sys
    from otel_distro import configure, run
    count_path, name, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(count_path, "r+b") as file:
        accepted = mmap.mmap(file.fileno(), 8)
    configure()
    r = run.start(name)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(records):
        r.log({"n": n}, step=n)
        accepted[:] = (n + 1).to_bytes(8, "little")
    print("done", flush=True)
    sys.stdin.readline()
"""


class Worker:
    """One appending process."""

    def __init__(self, folder: Path, program: Path, name: str) -> None:
        self.name = name
        self._count = folder / f"{name}.count"
        self._count.write_bytes(bytes(8))
        arguments = (str(self._count), name, str(RECORDS))
        self.process = programs.start(program, arguments, OTEL_DISTRO_EXIT_TIMEOUT_SECONDS="60")
        self.killed = False

    @property
    def accepted(self) -> int:
        """How many of its calls returned."""
        return int.from_bytes(self._count.read_bytes(), "little")

    def tell(self) -> None:
        """Lets it go on."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def expect(self, word: str) -> None:
        """Waits for what it says."""
        assert self.process.stdout.readline() == f"{word}\n", self.process.stderr.read()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.killed = True

    def end(self) -> None:
        """Closes the pipes, once it has ended."""
        self.process.communicate(timeout=120)


def leader(spool: Path) -> int:
    """Returns the process id of the one that holds a spool's leader lock; 0 if nobody does. struct flock of Linux."""
    (lock,) = spool.glob("*/*/*/leader.lock")
    with lock.open("r+b") as file:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return 0 if answer[0] == fcntl.F_UNLCK else answer[4]


def leading(spool: Path, workers: list[Worker]) -> Worker:
    """Waits until one of the workers leads."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pid = leader(spool)
        for worker in workers:
            if worker.process.pid == pid and not worker.killed:
                return worker
        time.sleep(0.02)
    pytest.fail("nobody took over")


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not hasattr(fcntl, "F_GETLK") or os.uname().sysname != "Linux", reason="asks Linux who leads")
def test_every_record_arrives_once_while_the_leader_is_killed(tmp_path: Path, own_home: Path) -> None:
    program = programs.write(tmp_path, WORKER, "worker.py")
    spool = own_home / "state" / "otel-distro" / "spool"
    workers = [Worker(tmp_path, program, f"worker-{n}") for n in range(PROCESSES + KILLS)]
    for worker in workers:
        worker.expect("ready")
    for worker in workers:
        worker.tell()

    for _ in range(KILLS):
        time.sleep(1)
        leading(spool, workers).kill()
    leading(spool, workers)  # somebody takes over
    for worker in workers:
        if not worker.killed:
            worker.expect("done")
            worker.tell()
    for worker in workers:
        worker.end()

    drained = programs.command("spool", "drain", "--timeout", "60")
    assert drained.returncode == 0, drained.stderr
    stored = points_by_run(own_home / "state" / "otel-distro" / "local.db")
    assert sum(not worker.killed for worker in workers) == PROCESSES
    for worker in workers:
        values = stored[worker.name]
        assert values == [float(n) for n in range(len(values))]
        if worker.killed:
            assert worker.accepted <= len(values) <= worker.accepted + 1
        else:
            assert len(values) == RECORDS
    status = programs.spool_status()["local"]
    assert (status["queued"], status["parked"], status["lost"]) == (0, 0, {})
    assert status["accepted"] == status["delivered"]


def points_by_run(store: Path) -> dict[str, list[float]]:
    """Returns every stored point of each run, by the run's name, sorted."""
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    rows: list[tuple[str, Any]] = connection.execute(
        "SELECT runs.name, run_points.value FROM run_points JOIN run_series ON run_series.id = run_points.series_id "
        "JOIN runs ON runs.id = run_series.run_id ORDER BY runs.name, run_points.value"
    ).fetchall()
    connection.close()
    values: dict[str, list[float]] = {}
    for name, value in rows:
        values.setdefault(name, []).append(value)
    return values
