"""The leader: what the one process that holds a directory's lock does with what lies in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from otel_distro.forwarder.cursor import SlotCursor
from otel_distro.forwarder.destination import Destination
from otel_distro.forwarder.parking import park
from otel_distro.forwarder.table import SegmentTable
from otel_distro.forwarder.worker import Worker
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.locks import FileLock

BUSY_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 0.5
_QUIET_LOOKS: Final = 20


class Leader:
    """Forwards everything in a directory for as long as this process holds its lock.

    Args:
        directory: The spool directory.
        destinations: Who the records are for.
        lock: The directory's leader lock, held.
        on_line: Called with a line that the user should see.
    """

    def __init__(
        self,
        directory: SpoolDirectory,
        destinations: Sequence[Destination],
        lock: FileLock,
        on_line: Callable[[str], None],
    ) -> None:
        self._destinations = destinations
        self._lock = lock
        self._lock_guard = threading.Lock()
        self._table = SegmentTable(directory, on_forget=self._forget, on_line=on_line)
        self._wake = threading.Event()
        self._stopping = False
        self._workers = [
            Worker(
                destination,
                slot,
                SlotCursor(directory, self._table, destination, slot, counts_damage=slot is destination.slots[0]),
                still_leads=self._still_leads,
                park=partial(park, directory),
                on_line=on_line,
            )
            for destination in destinations
            for slot in destination.slots
        ]

    def run(self) -> None:
        """Forwards until stopped or until the lock is lost."""
        self._start_workers()
        quiet = 0
        try:
            while not self._stopping and self._still_leads():
                quiet = 0 if self.look() else quiet + 1
                self._wake.wait(BUSY_SECONDS if quiet < _QUIET_LOOKS else IDLE_SECONDS)
                self._wake.clear()
        finally:
            self.stop()

    def look(self) -> bool:
        """Looks at the directory again and has what is new delivered; returns whether anything was appended."""
        grown = self._table.refresh()
        for worker in self._workers:
            worker.wake()
            if not worker.is_started():
                while worker.step() == 0 and not self._stopping:
                    pass
        return grown

    def hurry(self) -> None:
        """Has :meth:`run` look now."""
        self._wake.set()

    def _start_workers(self) -> None:
        """Starts the workers' threads; at the interpreter's end, when none can be started, :meth:`look` delivers."""
        try:
            for worker in self._workers:
                worker.start()
        except RuntimeError:
            return

    def stop(self) -> None:
        """Asks :meth:`run` to return."""
        self._stopping = True
        self._wake.set()
        for worker in self._workers:
            worker.stop()

    def finish(self, deadline: float, ended: frozenset[str] = frozenset()) -> None:
        """Waits for the workers, removes what every slot has passed, and closes everything.

        Args:
            deadline: Until when to wait, by the monotonic clock.
            ended: Owners that write no more.
        """
        joined = [worker.join(deadline - time.monotonic()) for worker in self._workers if worker.is_started()]
        if self._still_leads():
            self._table.refresh(ended)
        if all(joined):  # a worker that hangs in a request still uses them; the process is about to end
            self._table.close()
            for destination in self._destinations:
                destination.close()

    def has_queued(self) -> bool:
        """Returns whether any slot of its destinations still has something before it."""
        self._table.refresh()
        return self._table.has_queued([destination.name for destination in self._destinations])

    def abandon(self) -> None:
        """Closes the segments in the child of a fork, which shares the descriptors but forwards nothing."""
        self._table.abandon()

    def _still_leads(self) -> bool:
        """Takes the lock again, a no-op while it is held: a program that closes all files loses it unawares."""
        with self._lock_guard:
            try:
                return self._lock.try_acquire()
            except OSError:
                return False

    def _forget(self, segments: list[str]) -> None:
        for destination in self._destinations:
            destination.forget(segments)
