"""The writer: a process's own end of the spool.

Appending takes no lock. The record is built first, its number comes from ``itertools.count``, then one ``os.write`` on
a descriptor opened with O_APPEND: so it may be called from any thread, a signal handler, a finalizer, or from within
itself. Rolling to a new segment is under a lock that is tried, never waited for, and puts the new segment under the
*same descriptor number* with ``dup2``; the number is never closed, so no record can land in a file that the program
opened meanwhile. Before each write the descriptor is known to be ours, by process id, device and inode.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import content_name, pack_header, pack_record
from otel_distro.spool.identity import Owner
from otel_distro.spool.locks import FileLock, above_standard_streams
from otel_distro.spool.record import Kind
from otel_distro.spool.ring import MemoryRing

SEGMENT_BYTES: Final = 4 * 1024 * 1024
SEGMENT_SECONDS: Final = 30
_RETRY_DISK_SECONDS: Final = 30
_FIRST_OPEN_SECONDS: Final = 1.0
_NOBODY: Final = (-1, -1)
_MAX_KNOWN: Final = 1000
_SEGMENT_FLAGS: Final = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class _Known:
    """The resources and scopes that a segment has, by content, each with its name."""

    def __init__(
        self, resources: Mapping[bytes, bytes] | None = None, scopes: Mapping[bytes, bytes] | None = None
    ) -> None:
        self.resources = dict(resources or {})
        self.scopes = dict(scopes or {})

    def copy(self) -> _Known:
        """Returns what the next segment begins with: all of it, or nothing when it grew large."""
        if len(self.resources) + len(self.scopes) > _MAX_KNOWN:
            return _Known()
        return _Known(self.resources.copy(), self.scopes.copy())

    def pack(self, now: int) -> bytes:
        """Returns all of it as dictionary records."""
        resources = [_entry(Kind.RESOURCE, content, now) for content in self.resources]
        return b"".join(resources + [_entry(Kind.SCOPE, content, now) for content in self.scopes])


class SpoolWriter:
    """Appends records to this process's own segment of a spool directory.

    Args:
        directory: Where to.
        segment_bytes: A segment larger than this is sealed and a new one begun.
        segment_seconds: A segment older than this likewise, at the next record.
        on_first_record: Called once a process, after its first record; the forwarder's thread starts here.
        on_trouble: Called with one line when the disk refuses, at most once until it takes records again.
        clock: Wall clock, nanoseconds since the epoch.
    """

    def __init__(
        self,
        directory: SpoolDirectory,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
        on_first_record: Callable[[], None] = lambda: None,
        on_trouble: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._segment_nanos = int(segment_seconds * 1e9)
        self._on_first_record = on_first_record
        self._on_trouble = on_trouble
        self._clock = clock
        self._ring = MemoryRing()
        self._begin()
        _WRITERS.add(self)

    def _begin(self) -> None:
        """Puts everything that belongs to one process at its begin; also what a forked child starts from."""
        self._pid = os.getpid()
        self._owner: Owner | None = None
        self._alive: FileLock | None = None
        self._descriptor = -1
        self._identity = self._next_identity = _NOBODY
        self._created_unix_nano = 0
        self._number = 0
        self._generation = 0  # odd while a segment is being replaced
        self._known = _Known()
        self._sequence = itertools.count(1)
        self._accepted = [itertools.count() for _ in range(max(Kind) + 1)]  # by the number of the kind
        self._asked = [itertools.count() for _ in range(max(Kind) + 1)]
        self._rolling = threading.Lock()
        self._roller = 0
        self._next_try_unix_nano = 0
        self._started = False
        self._ring.clear()

    @property
    def owner(self) -> str:
        """Id of this process here; empty before its first record."""
        return str(self._owner) if self._owner else ""

    def accepted(self, kinds: Iterable[Kind]) -> int:
        """Returns how many records of some kinds this process appended.

        Counting, like numbering, is one step of ``itertools.count``; asking takes a number too, and is subtracted.
        """
        return sum(next(self._accepted[kind]) - next(self._asked[kind]) for kind in kinds)

    @property
    def in_memory(self) -> int:
        """How many records the disk refused: those that wait in memory, and those that had no room there any more."""
        return len(self._ring) + self._ring.dropped

    def append(self, kind: Kind, payload: bytes, resource: bytes, scope: bytes) -> None:
        """Appends one record; it is accepted, and survives the death of the process, once this has returned.

        Never raises and never waits for a disk that refuses: the record then goes to a ring in memory.

        Args:
            kind: What the payload is.
            payload: Inner bytes of one Span, LogRecord or Metric.
            resource: Serialised fields 1 and 3 of the enclosing ResourceSpans, -Logs or -Metrics.
            scope: Serialised fields 1 and 3 of the enclosing ScopeSpans, -Logs or -Metrics.
        """
        now = self._clock()
        known = self._known
        rolling = self._generation & 1  # read after known: see _replace
        resource_name = known.resources.get(resource)
        scope_name = known.scopes.get(scope)
        entries = b""
        if resource_name is None or scope_name is None:
            resource_name, scope_name = content_name(resource), content_name(scope)
            entries = self._entries(resource, scope)
        record = pack_record(kind, payload, next(self._sequence), now, resource_name, scope_name)
        if not self._write(entries + record if entries else record, now):
            self._ring.put((entries or self._entries(resource, scope)) + record)
        elif known is not self._known:
            # A roll happened meanwhile: the segment that took the record may lack what it refers to.
            self._write(self._entries(resource, scope), now)
        elif entries and not rolling:
            known.resources[resource] = resource_name
            known.scopes[scope] = scope_name
        next(self._accepted[kind])
        if not self._started:
            self._started = True
            self._on_first_record()

    def claim(self) -> str:
        """Returns this process's id here, beginning its first segment if need be: a kept file is named after it.

        Raises:
            OSError: The disk refuses.
        """
        if self._size_of_ours() < 0 and not self._open(self._clock()):
            raise OSError(errno.EIO, "the spool cannot be written")
        return self.owner

    def extents(self) -> list[tuple[Path, int]]:
        """Returns this process's segments that still exist, each with its size: what a flush waits for."""
        owner = self.owner
        extents = []
        for name in self._directory.segments():
            if name.owner == owner:
                path = self._directory.path / name.name
                try:
                    extents.append((path, path.stat().st_size))
                except OSError:  # forwarded and removed since it was listed
                    continue
        return extents

    def drain_ring(self) -> None:
        """Writes what waits in memory, if the disk takes it again."""
        while data := self._ring.take():
            if not self._write(data, self._clock()):
                self._ring.put_back(data)
                return

    def close(self) -> None:
        """Seals this process's segment and gives its liveness up; a later record begins anew.

        In the child of a fork it gives up what was inherited; the parent's segment and liveness stay what they are.
        """
        self._close_descriptor()
        if self._alive:
            self._alive.release()
        self._begin()

    # --- writing -----------------------------------------------------------------------------------------------------

    def _write(self, data: bytes, now: int) -> bool:
        """Writes one or more whole records with one system call; returns whether they are whole on disk."""
        try:
            try:
                status = os.fstat(self._descriptor)
                ours = (status.st_dev, status.st_ino) == self._identity and os.getpid() == self._pid
            except OSError:
                ours = False
            if not ours or status.st_nlink == 0:
                if self._size_of_ours() < 0 and not self._open(now):  # it may be ours of a moment ago: see _replace
                    return False
            elif status.st_size >= self._segment_bytes or now - self._created_unix_nano >= self._segment_nanos:
                self._roll(now)
            return os.write(self._descriptor, data) == len(data)
        except OSError as error:
            self._trouble(error, now)
            return False

    def _size_of_ours(self) -> int:
        """Returns the size of our segment; -1 if we have none, or the descriptor is somebody else's file."""
        if self._descriptor < 0 or os.getpid() != self._pid:
            return -1
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return -1
        identity = (status.st_dev, status.st_ino)
        if identity not in (self._identity, self._next_identity) or status.st_nlink == 0:
            return -1
        return status.st_size

    def _open(self, now: int) -> bool:
        """Opens a segment when there is none: at the first record, in a child, or after the program closed ours."""
        if os.getpid() != self._pid:
            self.close()
        if now < self._next_try_unix_nano or self._roller == threading.get_ident():
            return False
        # Waiting is for a thread whose first record meets another's: without it, it would not be on disk on return.
        # The thread that holds the lock never comes here again (above), so nothing can hang.
        if not self._rolling.acquire(timeout=_FIRST_OPEN_SECONDS):
            return False
        self._roller = threading.get_ident()
        try:
            if self._size_of_ours() < 0:
                self._replace(now)
        finally:
            self._roller = 0
            self._rolling.release()
        self.drain_ring()
        return True

    def _roll(self, now: int) -> None:
        """Goes on in a new segment; if another thread is at it, or the disk refuses, in the old one."""
        if now < self._next_try_unix_nano or not self._rolling.acquire(blocking=False):
            return
        self._roller = threading.get_ident()
        try:
            self._replace(now)
        except OSError as error:
            self._trouble(error, now)
        finally:
            self._roller = 0
            self._rolling.release()

    def _replace(self, now: int) -> None:
        """Puts a new segment in place of the one there is. The caller holds the lock.

        What is known to be in the segment is replaced between making the new one and putting it in place, all while
        the generation is odd. So an append that read the old knowledge writes its entries once more, one that read the
        new finds its names in either segment, and what one learns meanwhile is not taken for known.
        """
        self._generation += 1
        try:
            known = self._known.copy()
            descriptor = self._new_segment(now, known)
            self._known = known
            self._put_in_place(descriptor)
        finally:
            self._generation += 1

    def _put_in_place(self, descriptor: int) -> None:
        """Puts a new segment's descriptor in place of the old one, under the old one's number if it still is ours."""
        if self._is_ours():
            try:
                os.dup2(descriptor, self._descriptor, inheritable=False)
            finally:
                os.close(descriptor)
        else:
            self._descriptor = descriptor
        self._identity = self._next_identity

    def _new_segment(self, now: int, known: _Known) -> int:
        """Makes this process's next segment, what is known written into it, and returns its descriptor.

        It is made under a temporary name and renamed into place once its owner's liveness lock is held, so that the
        leader never meets a segment whose owner looks dead before it began.
        """
        self._directory.make()
        if self._owner is None or self._alive is None:
            self._owner = Owner.of_this_process()
            self._alive = FileLock(self._directory.alive(self._owner))
        if not self._alive.try_acquire():
            raise OSError(f"{self._directory.alive(self._owner)} is locked by another process")
        path = self._directory.segment(self._owner, self._number + 1)
        temporary = path.with_name(f".{path.name}.tmp")
        descriptor = above_standard_streams(os.open(temporary, _SEGMENT_FLAGS, 0o600))
        try:
            header = pack_header(self._directory.service, str(self._owner), self._directory.slots, now)
            begin = header + known.pack(now)
            if os.write(descriptor, begin) != len(begin):
                raise OSError(errno.ENOSPC, "no room for a new segment")  # noqa: TRY301 - one way out for every refusal
            status = os.fstat(descriptor)
            temporary.rename(path)
        except OSError:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
        self._number += 1
        self._created_unix_nano = now
        self._next_identity = (status.st_dev, status.st_ino)
        return descriptor

    def _entries(self, resource: bytes, scope: bytes) -> bytes:
        """Returns the dictionary records that one data record refers to."""
        now = self._clock()
        return _entry(Kind.RESOURCE, resource, now) + _entry(Kind.SCOPE, scope, now)

    def _trouble(self, error: OSError, now: int) -> None:
        if now >= self._next_try_unix_nano:
            self._next_try_unix_nano = now + int(_RETRY_DISK_SECONDS * 1e9)
            self._on_trouble(f"the spool {self._directory.path} cannot be written ({error}): records wait in memory")

    def _close_descriptor(self) -> None:
        if self._is_ours():
            os.close(self._descriptor)
        self._descriptor = -1

    def _is_ours(self) -> bool:
        """Whether the descriptor's number still is a segment of ours."""
        if self._descriptor < 0:
            return False
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity


def _entry(kind: Kind, content: bytes, now: int) -> bytes:
    name = content_name(content)
    return pack_record(kind, content, 0, now, name, name)


_WRITERS: weakref.WeakSet[SpoolWriter] = weakref.WeakSet()


def open_owners() -> frozenset[str]:
    """Returns the owner ids under which this process is writing now, in whichever directory."""
    return frozenset(writer.owner for writer in list(_WRITERS) if writer.owner)


def _close_in_child() -> None:
    for writer in list(_WRITERS):
        writer.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
