"""A slot's reading of all segments: merged by the time of append, cut into batches, its progress written back."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

from otel_distro.forwarder.destination import Batch, Delivery, Destination, Slot
from otel_distro.forwarder.table import SegmentTable, Tracked
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import FLAG_AWAY, Account
from otel_distro.spool.record import SpooledRecord

BATCH_RECORDS: Final = 512
BATCH_BYTES: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class _Reading:
    """How far one segment has been read ahead, and what of it waits for its batch."""

    account: Account
    position: int
    waiting: deque[SpooledRecord] = field(default_factory=deque)
    damaged: int = 0

    @property
    def end(self) -> int:
        """Where the cursor may go once all that was handed out has been delivered."""
        return self.waiting[0].offset if self.waiting else self.position


class SlotCursor:
    """The progress of one slot over all segments of a directory.

    Args:
        directory: The spool directory.
        table: Its open segments.
        destination: Whose slot it is.
        slot: Which.
        counts_damage: Whether damaged records count here; only one slot of a destination counts them.
    """

    def __init__(
        self,
        directory: SpoolDirectory,
        table: SegmentTable,
        destination: Destination,
        slot: Slot,
        *,
        counts_damage: bool,
    ) -> None:
        self._directory = directory
        self._table = table
        self._destination = destination
        self._slot = slot
        self._key = (destination.name, slot.name)
        self._counts_damage = counts_damage
        self._readings: dict[str, _Reading] = {}
        self._away = False

    def next_batch(self) -> Batch | None:
        """Returns the next records, or ``None`` when there is nothing to deliver.

        What was read is remembered: the batch must be passed with :meth:`passed` before the next is asked for.
        """
        with self._table.lock:
            self._read_ahead()
            records = self._take()
            if not records:
                self._pass_over()
                return None
            ends = {
                name: reading.end for name, reading in self._readings.items() if reading.end > reading.account.cursor
            }
        return Batch(_batch_id(self._key, records), records, ends, self._directory.files)

    def passed(self, batch: Batch, delivery: Delivery, parked: int = 0) -> None:
        """Moves the cursor behind a batch and notes what became of its records."""
        with self._table.lock:
            records = Counter(record.segment for record in batch.records)
            outcome = _Outcome(delivery, parked)
            for name, end in batch.ends.items():
                self._advance(name, end, outcome.share(records[name]))

    def set_away(self, *, away: bool) -> None:
        """Marks the destination as away, or back, in every segment, for those who wait at their exit."""
        if away == self._away:
            return
        self._away = away
        with self._table.lock:
            for name in self._table.segments:
                if name in self._readings:
                    self._advance(name, self._readings[name].account.cursor, Account(0))

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read_ahead(self) -> None:
        segments = self._table.segments
        for name in self._readings.keys() - segments.keys():
            del self._readings[name]
        for name, tracked in segments.items():
            reading = self._readings.get(name) or self._begin(name, tracked)
            while reading and not reading.waiting:
                found = tracked.segment.read(reading.position, complete=tracked.complete)
                if found.end == reading.position:
                    break
                reading.position = found.end
                reading.damaged += found.damaged if self._counts_damage else 0
                reading.waiting.extend(record for record in found.records if record.kind in self._slot.takes)

    def _begin(self, name: str, tracked: Tracked) -> _Reading | None:
        """Starts to read a segment where the slot, or the destination's own account, stands."""
        entry = tracked.segment.accounts().get(self._key)
        if entry is None:
            return None  # made for other destinations
        account = entry[1]
        resumed = self._destination.resume(self._slot, name)
        reading = self._readings[name] = _Reading(account, account.cursor)
        if resumed > account.cursor:
            delivered = tracked.segment.count(account.cursor, self._slot.takes)
            delivered -= tracked.segment.count(resumed, self._slot.takes)
            reading.position = resumed
            self._advance(name, resumed, Account(0, delivered))
        return reading

    def _take(self) -> list[SpooledRecord]:
        """Takes records from all segments, oldest first, as many as one request may hold."""
        heads = [
            (reading.waiting[0].appended_unix_nano, name) for name, reading in self._readings.items() if reading.waiting
        ]
        heapq.heapify(heads)
        records: list[SpooledRecord] = []
        size = 0
        while heads and len(records) < BATCH_RECORDS:
            _, name = heads[0]
            waiting = self._readings[name].waiting
            size += len(waiting[0].payload)
            if records and size > BATCH_BYTES:
                break
            records.append(waiting.popleft())
            if waiting:
                heapq.heapreplace(heads, (waiting[0].appended_unix_nano, name))
            else:
                heapq.heappop(heads)
        return records

    # --- progress ----------------------------------------------------------------------------------------------------

    def _pass_over(self) -> None:
        """Moves the cursor over records of other kinds."""
        for name, reading in self._readings.items():
            if reading.position > reading.account.cursor:
                self._advance(name, reading.position, Account(0))

    def _advance(self, name: str, end: int, counts: Account) -> None:
        reading = self._readings.get(name)
        tracked = self._table.segments.get(name)
        if reading is None or tracked is None:
            return
        if reading.damaged:
            counts = counts.plus(Account(0, lost={"corrupt": reading.damaged}))
            reading.damaged = 0
        flags = FLAG_AWAY if self._away else 0
        reading.account = replace(reading.account.plus(counts), cursor=end, flags=flags)
        tracked.segment.write_account(*self._key, reading.account)


class _Outcome:
    """Shares what became of a batch out among the segments that its records came from."""

    def __init__(self, delivery: Delivery, parked: int) -> None:
        self._lost = dict(delivery.lost)
        self._parked = parked

    def share(self, records: int) -> Account:
        """Returns the counts for so many records of one segment; losses go to the first segments asked for."""
        parked = min(records, self._parked)
        self._parked -= parked
        lost: dict[str, int] = {}
        left = records - parked
        for reason, count in self._lost.items():
            lost[reason] = min(left, count)
            self._lost[reason] -= lost[reason]
            left -= lost[reason]
        return Account(0, left, parked, {reason: count for reason, count in lost.items() if count})


def _batch_id(key: tuple[str, str], records: list[SpooledRecord]) -> str:
    """Returns a name that is the same for the same records, whoever forwards them."""
    digest = blake2b("/".join(key).encode(), digest_size=16)
    for record in records:
        digest.update(f"{record.segment}:{record.offset};".encode())
    return digest.hexdigest()
