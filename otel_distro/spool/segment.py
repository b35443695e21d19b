"""A segment as its readers see it: whole records from any position on, and the leader's cursors in its header."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from otel_distro.spool.format import (
    RECORD_BYTES,
    RECORD_HEAD,
    RECORD_MAGIC,
    RECORD_TAIL,
    SLOT_BYTES,
    Account,
    FormatError,
    Header,
    SlotKey,
    pack_slot,
    unpack_header,
    unpack_slot,
)
from otel_distro.spool.record import DATA_KINDS, Kind, SpooledRecord

READ_BYTES: Final = 256 * 1024
_HEADER_BYTES: Final = 64 * 1024
_KINDS: Final = {int(kind): kind for kind in Kind}
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Found(NamedTuple):
    """What one reading of a segment gave.

    Attributes:
        records: Whole records, in the order in which they lie.
        end: Where reading goes on; equal to where it began when there was nothing whole.
        damaged: How many records in between were damaged. A torn write is none: it never was accepted.
    """

    records: list[SpooledRecord]
    end: int
    damaged: int


class Segment:
    """One open segment.

    Args:
        path: The file.
        writable: Whether cursors may be moved; for the leader alone.

    Raises:
        OSError: It cannot be opened.
        FormatError: It is no segment, or one of a format to come.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self.name = path.name
        self._descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | _FLAGS)
        try:
            self.header: Header = unpack_header(os.pread(self._descriptor, _HEADER_BYTES, 0))
        except (FormatError, OSError):
            self.close()
            raise
        self._resources: dict[bytes, bytes] = {}
        self._scopes: dict[bytes, bytes] = {}
        self._learned_to = self.header.bytes

    def close(self) -> None:
        """Closes the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def size(self) -> int:
        """Returns how long the file is now."""
        return os.fstat(self._descriptor).st_size

    # --- cursors -----------------------------------------------------------------------------------------------------

    def accounts(self) -> Mapping[tuple[str, str], tuple[SlotKey, Account]]:
        """Returns the account of each slot, by destination and slot name; a damaged one is at its begin."""
        data = os.pread(self._descriptor, SLOT_BYTES * len(self.header.slots), self.header.slots_offset)
        return {
            (key.destination, key.slot): (
                key,
                unpack_slot(data[n * SLOT_BYTES : (n + 1) * SLOT_BYTES]) or Account(cursor=self.header.bytes),
            )
            for n, key in enumerate(self.header.slots)
        }

    def write_account(self, destination: str, slot: str, account: Account) -> None:
        """Overwrites a slot in place, with one system call; works on a full disk."""
        for n, key in enumerate(self.header.slots):
            if (key.destination, key.slot) == (destination, slot):
                os.pwrite(self._descriptor, pack_slot(account), self.header.slots_offset + n * SLOT_BYTES)
                return

    # --- records -----------------------------------------------------------------------------------------------------

    def read(self, offset: int, *, complete: bool, limit_bytes: int = READ_BYTES) -> Found:
        """Reads whole data records.

        Args:
            offset: Where to begin: a cursor, or the ``end`` of the reading before.
            complete: Whether nothing will be appended any more; then a torn tail is passed over, else waited for.
            limit_bytes: How much to read at most, unless a single record is larger.
        """
        size = self.size()
        if offset >= size:
            return Found([], offset, 0)
        data = os.pread(self._descriptor, min(limit_bytes, size - offset), offset)
        if len(data) >= RECORD_BYTES and data.startswith(RECORD_MAGIC):
            length = RECORD_TAIL.unpack_from(data, RECORD_HEAD.size)[0] + RECORD_BYTES
            if len(data) < length <= size - offset:
                data = os.pread(self._descriptor, length, offset)
        return self._parse(data, offset, at_end=offset + len(data) >= size, complete=complete)

    def count(self, offset: int, takes: frozenset[Kind]) -> int:
        """Returns how many whole records of some kinds lie behind an offset: what a slot has queued."""
        total = 0
        while True:
            found = self.read(offset, complete=True)
            if found.end == offset:
                return total
            total += sum(record.kind in takes for record in found.records)
            offset = found.end

    def _parse(self, data: bytes, base: int, *, at_end: bool, complete: bool) -> Found:
        records: list[SpooledRecord] = []
        position = damaged = 0
        waiting = at_end
        while found := _next_whole(data, position):
            begin, entry = found
            if begin > position:
                damaged += _was_record(data, position, begin)
            position = begin
            if entry.kind in DATA_KINDS:
                resource = self._look_up(self._resources, entry.resource)
                scope = self._look_up(self._scopes, entry.scope)
                if resource is not None and scope is not None:
                    records.append(self._record(entry, resource, scope, base + position))
                elif complete:
                    damaged += 1
                else:
                    waiting = True  # its dictionary entries are being written
                    break
            position = entry.end
        if waiting:
            return Found(records, base + (len(data) if complete else position), damaged)
        if position == 0:  # nothing whole in all that is read at once: go on where a record may begin
            position = data.find(RECORD_MAGIC, 1) if RECORD_MAGIC in data[1:] else len(data) - 1
            damaged += 1
        return Found(records, base + position, damaged)

    def _record(self, entry: _Entry, resource: bytes, scope: bytes, offset: int) -> SpooledRecord:
        end = offset + RECORD_BYTES + len(entry.payload)
        return SpooledRecord(
            entry.kind, entry.payload, resource, scope, entry.appended, self.name, entry.sequence, offset, end
        )

    def _look_up(self, known: Mapping[bytes, bytes], name: bytes) -> bytes | None:
        """Finds a dictionary entry, wherever in the segment it lies."""
        content = known.get(name)
        if content is None:
            self._learn()
            content = known.get(name)
        return content

    def _learn(self) -> None:
        """Reads the dictionary entries of the whole segment, from where the last such reading ended."""
        data = os.pread(self._descriptor, max(0, self.size() - self._learned_to), self._learned_to)
        position = 0
        while found := _next_whole(data, position):
            _, entry = found
            if entry.kind is Kind.RESOURCE:
                self._resources[entry.resource] = entry.payload
            elif entry.kind is Kind.SCOPE:
                self._scopes[entry.scope] = entry.payload
            position = entry.end
        self._learned_to += position


class _Entry(NamedTuple):
    kind: Kind
    payload: bytes
    sequence: int
    appended: int
    resource: bytes
    scope: bytes
    end: int


def _whole_at(data: bytes, position: int) -> _Entry | None:
    """Reads the record that begins at a position; ``None`` if it is not whole and sound."""
    if len(data) - position < RECORD_BYTES:
        return None
    magic, number, _, crc = RECORD_HEAD.unpack_from(data, position)
    behind = position + RECORD_HEAD.size
    length, sequence, appended, resource, scope = RECORD_TAIL.unpack_from(data, behind)
    end = position + RECORD_BYTES + length
    kind = _KINDS.get(number)
    if magic != RECORD_MAGIC or kind is None or end > len(data) or crc32(memoryview(data)[behind:end], number) != crc:
        return None
    return _Entry(kind, data[position + RECORD_BYTES : end], sequence, appended, resource, scope, end)


def _next_whole(data: bytes, position: int) -> tuple[int, _Entry] | None:
    """Finds the first whole record at or behind a position."""
    while position >= 0:
        entry = _whole_at(data, position)
        if entry:
            return position, entry
        position = data.find(RECORD_MAGIC, position + 1)
    return None


def _was_record(data: bytes, begin: int, following: int) -> bool:
    """Returns whether what lies between two whole records was a record that had been accepted.

    A torn write was not: it claims more bytes than it has, and its record was written again.
    """
    if following - begin < RECORD_BYTES or not data.startswith(RECORD_MAGIC, begin):
        return True
    (length, *_) = RECORD_TAIL.unpack_from(data, begin + RECORD_HEAD.size)
    return begin + RECORD_BYTES + int(length) <= following
