"""Locks and owners across real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from otel_distro.spool.identity import Owner, start_time
from otel_distro.spool.locks import FileLock, above_standard_streams, is_locked

HOLD = """
import sys
from pathlib import Path
from otel_distro.spool.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leader.lock"


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "True\n"
    return process


def test_one_process_holds_a_lock_and_its_death_frees_it(path: Path) -> None:
    with holder(path) as process:
        lock = FileLock(path)
        assert not lock.try_acquire()
        assert is_locked(path)
        process.kill()
        process.wait()
        assert not is_locked(path)
        assert lock.try_acquire()
        lock.release()


def test_taking_a_lock_again_keeps_it(path: Path) -> None:
    lock = FileLock(path)

    assert lock.try_acquire()
    assert lock.try_acquire()
    assert is_locked(path)

    with_other = subprocess.run(
        [sys.executable, "-c", HOLD, str(path)], input="", capture_output=True, text=True, check=True
    )
    assert with_other.stdout == "False\n"
    lock.release()


def test_a_lock_whose_file_was_replaced_is_taken_anew(path: Path) -> None:
    lock = FileLock(path)
    assert lock.try_acquire()
    path.unlink()
    with holder(path):
        assert not lock.try_acquire()
    lock.release()


def test_a_descriptor_is_moved_out_of_the_standard_streams(tmp_path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from otel_distro.spool.locks import above_standard_streams
os.close(0)
raw = os.open({str(tmp_path / "file")!r}, os.O_CREAT | os.O_RDWR)
assert raw == 0
assert above_standard_streams(raw) > 2
try:
    os.fstat(0)
except OSError:
    pass
else:
    raise SystemExit("0 is still open")
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert above_standard_streams(7) == 7


def test_an_owner_is_read_back() -> None:
    owner = Owner.of_this_process()

    assert Owner.parse(str(owner)) == owner
    assert owner.process_exists()
    assert Owner.parse("not an owner") is None


def test_a_process_id_that_is_used_again_is_another_owner() -> None:
    owner = Owner.of_this_process()

    assert not Owner(owner.boot, owner.pid, owner.started + 1, owner.salt).process_exists()
    assert not Owner("another boot", owner.pid, owner.started, owner.salt).process_exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc on this platform")
def test_a_zombie_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert start_time(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert start_time(process.pid) is None
