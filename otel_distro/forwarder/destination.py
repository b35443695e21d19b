"""What a plugin implements: a destination.

A plugin is found by an entry point of the group ``otel_distro_destination``; its object is a class (or function) that
is called with one :class:`DestinationConfig`. Building one does no I/O and never raises because of what is away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from otel_distro.spool.record import DATA_KINDS, Kind, SpooledRecord

ENTRY_POINT_GROUP = "otel_distro_destination"


@dataclass(frozen=True, slots=True)
class DestinationConfig:
    """What a destination is built from.

    Attributes:
        kind: The plugin's name, such as ``simvue``.
        name: What the user calls it; the kind itself unless it was named (``simvue:lab`` is named ``lab``).
        environ: The environment, handed in: the plugin reads its own variables from it and from nowhere else.
    """

    kind: str
    name: str
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Who a destination is: records of one fingerprint are never delivered to another.

    Attributes:
        kind: The plugin's name.
        endpoint: Where it delivers to: an address without user information, or a path.
        key_id: A keyed hash of the credential's id, never the credential; empty where there is none.
    """

    kind: str
    endpoint: str
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One cursor of a destination: a kind of request with a progress, a hold and a breaker of its own.

    Attributes:
        name: Unique within the destination; empty where it has only one.
        takes: The kinds of record that it is given; it passes over the others.
    """

    name: str = ""
    takes: frozenset[Kind] = DATA_KINDS


@dataclass(frozen=True, slots=True)
class Batch:
    """Records for one delivery, merged over all segments by the time of their append.

    Attributes:
        id: The same for the same records however often they are tried.
        records: At most 512, in order; only kinds that the slot takes.
        ends: For each segment touched, where its next record begins: the cursor once this batch has been delivered.
            It may name segments of which no record is in ``records`` (all that was read there is of other kinds).
        files: The directory of the files kept for upload.
    """

    id: str
    records: Sequence[SpooledRecord]
    ends: Mapping[str, int]
    files: Path


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch that the destination took.

    Attributes:
        delivered: How many of its records arrived.
        lost: How many did not, by reason (one of ``otel_distro.spool.ledger.REASONS``); with ``delivered`` they add
            up to the batch.
    """

    delivered: int
    lost: Mapping[str, int] = field(default_factory=dict)


class Destination(Protocol):
    """Where records go. One thread at a time calls each slot; different slots may be called at once."""

    @property
    def name(self) -> str:
        """What the user calls it: unique among the destinations of a program."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Who it is."""

    @property
    def slots(self) -> Sequence[Slot]:
        """Its cursors, at least one."""

    def deliver(self, slot: Slot, batch: Batch) -> Delivery:
        """Delivers a batch, all of it or, by raising, none that counts.

        Raises:
            PermanentError: The batch is refused for what is in it.
            HeldError: Everything is refused until somebody mends something.
            ThrottledError: The destination asks for a pause.
            Exception: Anything else is transient; the same batch comes again.
        """

    def resume(self, slot: Slot, segment: str) -> int:
        """Returns how far the destination itself knows a segment to be delivered, in bytes; 0 if it keeps no account.

        A destination that writes data and cursor in one transaction answers from it, so that a crash between that
        transaction and the spool's own cursor delivers nothing twice.
        """

    def forget(self, segments: Sequence[str]) -> None:
        """Drops what it keeps about segments that are gone."""

    def close(self) -> None:
        """Releases connections and files. It may be used again afterwards."""


@runtime_checkable
class HasIdle(Protocol):
    """A destination that wants to be called about once a second while it has nothing to deliver."""

    def idle(self) -> None:
        """Does what time alone makes due."""
