"""Appending: durable at once, from threads, signal handlers and forked children, on disks that refuse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from otel_distro.spool.record import Kind
from otel_distro.spool.segment import Segment
from otel_distro.spool.writer import SpoolWriter
from spools import RESOURCE, SCOPE, append, read_all, spool_directory


def test_what_was_appended_is_on_disk_at_once(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)

    append(writer, b"one", b"two")

    records = read_all(directory)
    assert [record.payload for record in records] == [b"one", b"two"]
    assert [record.sequence for record in records] == [1, 2]
    assert {(record.kind, record.resource, record.scope) for record in records} == {(Kind.LOG, RESOURCE, SCOPE)}
    writer.close()


def test_nothing_is_opened_before_the_first_record(tmp_path: Path) -> None:
    SpoolWriter(spool_directory(tmp_path)).close()

    assert list(tmp_path.iterdir()) == []


def test_files_and_directories_are_the_users_alone(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"one")

    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.path.iterdir()}

    assert set(modes.values()) == {0o600}
    assert directory.path.stat().st_mode & 0o777 == 0o700
    writer.close()


def test_a_full_segment_is_followed_by_another_under_the_same_descriptor(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, segment_bytes=4096)
    append(writer, b"first")
    descriptor = writer._descriptor

    payloads = [f"{n:04}".encode() * 20 for n in range(200)]
    append(writer, *payloads)

    assert writer._descriptor == descriptor
    assert len(directory.segments()) > 3
    assert [record.payload for record in read_all(directory)] == [b"first", *payloads]
    writer.close()


def test_an_old_segment_is_sealed_at_the_next_record(tmp_path: Path) -> None:
    now = [10**18]
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, segment_seconds=30, clock=lambda: now[0])
    append(writer, b"one")
    now[0] += 31 * 10**9
    append(writer, b"two")

    assert [name.number for name in directory.segments()] == [1, 2]
    writer.close()


def test_a_new_segment_knows_the_resources_of_the_old_one(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, segment_bytes=2000)
    append(writer, b"x" * 2000, b"y" * 2000, b"z")

    newest = Segment(directory.path / directory.segments()[-1].name, writable=False)
    records = newest.read(newest.header.bytes, complete=True).records

    assert [(record.payload, record.resource, record.scope) for record in records] == [(b"z", RESOURCE, SCOPE)]
    newest.close()
    writer.close()


def test_threads_that_append_and_roll_lose_nothing(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, segment_bytes=20_000)

    def work(thread: int) -> None:
        for n in range(500):
            writer.append(Kind.LOG, f"{thread}/{n}".encode(), b"resource %d" % (n % 7), b"scope %d" % thread)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = read_all(directory)
    assert len(records) == 2000
    assert all(record.scope == b"scope " + record.payload.split(b"/")[0] for record in records)
    assert all(record.resource == b"resource %d" % (int(record.payload.split(b"/")[1]) % 7) for record in records)
    assert len(directory.segments()) > 3
    writer.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this platform")
def test_a_signal_handler_may_append_while_the_program_appends(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, segment_bytes=20_000)
    from_handler = 0

    def handle(_number: int, _frame: object) -> None:
        nonlocal from_handler
        append(writer, b"handler")
        from_handler += 1

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        append(writer, *[b"program"] * 5000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.drain_ring()

    payloads = [record.payload for record in read_all(directory)]
    assert from_handler > 10
    assert (payloads.count(b"program"), payloads.count(b"handler")) == (5000, from_handler)
    writer.close()


def test_a_program_that_closes_all_descriptors_gets_a_new_segment_and_keeps_its_files(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"one")
    os.close(writer._descriptor)
    with (tmp_path / "database").open("wb", buffering=0) as database:  # takes over the number that was ours
        assert database.fileno() == writer._descriptor
        append(writer, b"two")

    assert (tmp_path / "database").read_bytes() == b""
    assert [record.payload for record in read_all(directory)] == [b"one", b"two"]
    writer.close()


def test_a_deleted_directory_is_made_again(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"gone with the directory")
    for path in directory.path.iterdir():
        path.unlink()
    directory.path.rmdir()

    append(writer, b"kept")

    assert [record.payload for record in read_all(directory)] == [b"kept"]
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_has_a_segment_of_its_own_and_opens_nothing_before(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    program = f"""
        import os, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from spools import append, spool_directory
        from otel_distro.spool.writer import SpoolWriter
        directory = spool_directory(Path({str(tmp_path)!r}))
        writer = SpoolWriter(directory)
        append(writer, b"parent")
        before = len(os.listdir(directory.path))
        pid = os.fork()
        if pid == 0:
            assert len(os.listdir(directory.path)) == before
            append(writer, b"child")
            os._exit(0)
        os.waitpid(pid, 0)
        append(writer, b"parent again")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)

    records = read_all(directory)
    owners = {record.payload: record.segment.rpartition("-")[0] for record in records}
    assert sorted(owners) == [b"child", b"parent", b"parent again"]
    assert owners[b"parent"] == owners[b"parent again"] != owners[b"child"]


class FullDisk:
    """A disk that refuses every new segment while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        self._open = os.open
        monkeypatch.setattr("otel_distro.spool.writer.os.open", self)

    def __call__(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return self._open(path, flags, mode)


def test_a_full_disk_makes_records_wait_in_memory_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, lines = [10**18], list[str]()
    disk = FullDisk(monkeypatch)
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory, on_trouble=lines.append, clock=lambda: now[0])

    append(writer, b"one", b"two", b"three")
    assert read_all(directory) == []
    assert len(lines) == 1
    assert "No space left" in lines[0]

    disk.full = False
    now[0] += 31 * 10**9
    append(writer, b"four")

    assert sorted(record.payload for record in read_all(directory)) == [b"four", b"one", b"three", b"two"]
    writer.close()
