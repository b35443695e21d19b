"""What tests of spool and forwarder share: a directory, a writer, a destination that remembers what it got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from otel_distro.forwarder.destination import Batch, Delivery, Fingerprint, Slot
from otel_distro.spool.directory import Addressee, SpoolDirectory
from otel_distro.spool.format import SlotKey
from otel_distro.spool.record import DATA_KINDS, Kind, SpooledRecord
from otel_distro.spool.segment import Segment
from otel_distro.spool.writer import SpoolWriter

RESOURCE = b"\x0a\x04\x0a\x02\x0a\x00"
SCOPE = b"\x0a\x03\x0a\x01s"


def spool_directory(root: Path, *names: str, takes: frozenset[Kind] = DATA_KINDS) -> SpoolDirectory:
    """Returns a spool directory for destinations with one slot each."""
    addressees = [Addressee(name, "memory", name, "", [SlotKey(name, "", takes)]) for name in names or ("memory",)]
    return SpoolDirectory.below(root, "service", addressees)


def append(writer: SpoolWriter, *payloads: bytes, kind: Kind = Kind.LOG) -> None:
    """Appends records of one resource and scope."""
    for payload in payloads:
        writer.append(kind, payload, RESOURCE, SCOPE)


def read_all(directory: SpoolDirectory) -> list[SpooledRecord]:
    """Returns every record of every segment, segment by segment."""
    records: list[SpooledRecord] = []
    for name in directory.segments():
        segment = Segment(directory.path / name.name, writable=False)
        offset = segment.header.bytes
        while True:
            found = segment.read(offset, complete=True)
            records += found.records
            if found.end == offset:
                break
            offset = found.end
        segment.close()
    return records


class MemoryDestination:
    """A destination that keeps what it is given, and fails when told to."""

    def __init__(
        self,
        name: str = "memory",
        *,
        slots: Sequence[Slot] = (Slot(),),
        fail: Callable[[Batch], None] = lambda _batch: None,
        lost: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.fingerprint = Fingerprint("memory", name)
        self.slots = slots
        self.fail = fail
        self.lost = dict(lost or {})
        self.batches: list[Batch] = []
        self.forgotten: list[str] = []
        self.resumes: dict[str, int] = {}
        self.got_something = threading.Event()

    @property
    def payloads(self) -> list[bytes]:
        """What arrived, in order."""
        return [record.payload for batch in self.batches for record in batch.records]

    def deliver(self, slot: Slot, batch: Batch) -> Delivery:  # noqa: ARG002 - part of the protocol
        self.fail(batch)
        self.batches.append(batch)
        self.got_something.set()
        return Delivery(len(batch.records) - sum(self.lost.values()), self.lost)

    def resume(self, slot: Slot, segment: str) -> int:  # noqa: ARG002 - part of the protocol
        return self.resumes.get(segment, 0)

    def forget(self, segments: Sequence[str]) -> None:
        self.forgotten += segments

    def close(self) -> None:
        """Holds nothing open."""
