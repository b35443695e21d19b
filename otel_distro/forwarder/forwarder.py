"""The forwarder: a process's thread that leads its spool directory, or waits to."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from otel_distro.forwarder.destination import Destination
from otel_distro.forwarder.leader import Leader
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import FLAG_AWAY, Account, FormatError
from otel_distro.spool.locks import FileLock, is_locked
from otel_distro.spool.segment import Segment
from otel_distro.spool.writer import SpoolWriter

STANDBY_SECONDS: Final = 0.5
_FIRST_LOOK_SECONDS: Final = 0.002
_LONGEST_LOOK_SECONDS: Final = 0.05


class Forwarder:
    """Leads a directory when no other process does, and waits for the leader's progress when asked to flush.

    Args:
        directory: The spool directory.
        writer: This process's end of it.
        build_destinations: Makes the destinations; called in the forwarder's thread, once a process that leads.
        on_line: Called with a line that the user should see.
        leads: Whether to lead at all; ``False`` leaves it to ``otel-distro spool drain``.
    """

    def __init__(
        self,
        directory: SpoolDirectory,
        writer: SpoolWriter,
        build_destinations: Callable[[], Sequence[Destination]],
        on_line: Callable[[str], None],
        *,
        leads: bool = True,
    ) -> None:
        self._directory = directory
        self._writer = writer
        self._build_destinations = build_destinations
        self._on_line = on_line
        self._leads = leads
        self._begin()
        _FORWARDERS.add(self)

    def _begin(self) -> None:
        self._lock = FileLock(self._directory.leader_lock)
        self._leader: Leader | None = None
        self._trouble = ""
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Starts the thread; called after a process's first record."""
        if not self._leads or self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name="otel-distro forwarder", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending: flush forwards in the thread that calls it
            return
        self._thread = thread

    def flush(self, timeout_seconds: float) -> bool:
        """Waits until every slot has passed what this process appended before, whoever forwards.

        A destination that is known to be away is not waited for, and nor is a leader where there is none.

        Returns:
            Whether all was passed.
        """
        deadline = time.monotonic() + timeout_seconds
        self._writer.drain_ring()
        while extents := self._writer.extents():
            if not self._wait_for(extents, deadline):
                return False
            if self._writer.extents() == extents:  # else the leader itself appended meanwhile: an alert that fired
                break
        return self._writer.in_memory == 0

    def stop(self, timeout_seconds: float) -> None:
        """Stops forwarding and removes this process's traces as far as everything has been passed."""
        deadline = time.monotonic() + timeout_seconds
        self._stopping.set()
        ended = frozenset({self._writer.owner})
        self._writer.close()
        if self._leader:
            self._leader.stop()
        if self._thread:
            self._thread.join(timeout_seconds)
        if self._leader:
            self._leader.finish(deadline, ended)
        self._lock.release()
        self._begin()

    def forget(self) -> None:
        """Forgets thread, lock and connections: for the child of a fork, which begins anew with its first record."""
        if self._leader:
            self._leader.abandon()
        self._lock.release()
        self._begin()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._lock.try_acquire():
                    self._lead()
            except Exception as error:  # the thread goes on, whatever happens: nobody else forwards
                self._report(f"forwarding stopped and is tried again: {str(error) or type(error).__name__}")
            self._stopping.wait(STANDBY_SECONDS)

    def _lead(self) -> None:
        leader = self._new_leader()
        if self._stopping.is_set():
            return
        try:
            leader.run()
        finally:
            if not self._stopping.is_set():  # the lock was lost, or the disk failed; stop() finishes otherwise
                self._leader = None
                leader.finish(time.monotonic() + STANDBY_SECONDS)

    def _report(self, trouble: str) -> None:
        """Says what went wrong, once as long as it stays the same."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._on_line(trouble)

    def _new_leader(self) -> Leader:
        self._leader = Leader(self._directory, self._build_destinations(), self._lock, self._on_line)
        return self._leader

    def _nudge(self) -> None:
        """Has the leader look now, if it is in this process; leads itself where no thread could be started."""
        if self._leads and self._thread is None and self._lock.try_acquire():
            (self._leader or self._new_leader()).look()
        elif self._leader:
            self._leader.hurry()

    def _is_led(self) -> bool:
        """Returns whether another process leads the directory."""
        return is_locked(self._directory.leader_lock)

    def _wait_for(self, extents: list[tuple[Path, int]], deadline: float) -> bool:
        pause = _FIRST_LOOK_SECONDS
        while True:
            self._nudge()
            extents = [(path, size) for path, size in extents if not _passed(path, size)]
            if not extents:
                return True
            if time.monotonic() >= deadline or not (self._leads or self._is_led()):
                return False
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(2 * pause, _LONGEST_LOOK_SECONDS)


def _passed(path: Path, size: int) -> bool:
    """Returns whether every slot of a segment has passed a size, or its destination is away, or the segment is gone."""
    try:
        segment = Segment(path, writable=False)
    except FileNotFoundError:
        return True
    except (OSError, FormatError):
        return False
    try:
        return all(_is_done(account, size) for _, account in segment.accounts().values())
    finally:
        segment.close()


def _is_done(account: Account, size: int) -> bool:
    return account.cursor >= size or bool(account.flags & FLAG_AWAY)


_FORWARDERS: weakref.WeakSet[Forwarder] = weakref.WeakSet()


def _forget_in_child() -> None:
    for forwarder in list(_FORWARDERS):
        forwarder.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
