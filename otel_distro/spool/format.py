r"""The segment file, format 1: how header, cursor slots and records lie on disk.

All numbers are little-endian. A golden segment of each format version is kept under ``tests/golden/spool``.

::

    +--------------------------------------------------------------------------------------------------+
    | preamble   magic "OTDSPOOL" | version u16 | slots u16 | header bytes u32 | created unix nano u64 |
    |            | description bytes u32 | crc32 u32 of all before it and of the description            |
    +--------------------------------------------------------------------------------------------------+
    | description   JSON: service, owner, one {destination, slot, takes} for each slot                 |
    +--------------------------------------------------------------------------------------------------+
    | slots      160 bytes each, at a multiple of 64; overwritten in place by the leader alone         |
    |            cursor u64 | delivered u64 | parked u64 | lost by reason 16 x u64 | flags u32 | crc32 |
    +--------------------------------------------------------------------------------------------------+
    | records    appended by the owner alone, from "header bytes" on                                   |
    |   magic F5 D1 | kind u8 | 0 u8 | crc32 u32 | length u32 | sequence u64 | appended unix nano u64   |
    |   | resource name 6 bytes | scope name 6 bytes | payload, "length" bytes                         |
    +--------------------------------------------------------------------------------------------------+

A record's CRC starts from its kind and covers everything behind the CRC itself. A resource or scope is written once a
segment, as a record of its kind whose payload is its content and whose name is the hash of that content; data records
refer to it by that name, so one costs 40 bytes beside its payload. The bytes F5 and D1 never follow one another in
UTF-8 text, so a reader that lost its place finds the next record by its magic and knows it by its CRC.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final
from zlib import crc32

from otel_distro.spool.record import Kind

FORMAT_VERSION: Final = 1
FILE_MAGIC: Final = b"OTDSPOOL"
RECORD_MAGIC: Final = b"\xf5\xd1"
NO_NAME: Final = bytes(6)

# Losses of a destination, by reason. The order is part of the file format: append, never reorder.
REASONS: Final = (
    "corrupt",  # damaged on disk, or not to be decoded
    "evicted_bytes",  # the spool reached its bound in bytes
    "evicted_disk",  # the disk had too little room left
    "evicted_age",  # older than the bound
    "rejected",  # partial success: the destination named records that it did not take
    "unsupported",  # the destination has nothing that could carry the record
    "superseded",  # a newer snapshot of the same series was sent instead
    "discarded",  # thrown away by hand
)
REASON_SLOTS: Final = 16

_PREAMBLE: Final = struct.Struct("<8sHHIQII")
_CHECKED_PREAMBLE: Final = struct.Struct("<8sHHIQI")
_SLOT_BODY: Final = struct.Struct(f"<QQQ{REASON_SLOTS}QI")
_CRC: Final = struct.Struct("<I")
SLOT_BYTES: Final = _SLOT_BODY.size + _CRC.size
_SLOT_ALIGNMENT: Final = 64
_HEADER_ALIGNMENT: Final = 512

RECORD_HEAD: Final = struct.Struct("<2sBBI")
RECORD_TAIL: Final = struct.Struct("<IQQ6s6s")
_pack_head: Final = RECORD_HEAD.pack
_pack_tail: Final = RECORD_TAIL.pack
RECORD_BYTES: Final = RECORD_HEAD.size + RECORD_TAIL.size

# Flags of a slot.
FLAG_AWAY: Final = 1  # the destination's last try failed: nobody waits for it at exit


class FormatError(ValueError):
    """A file is not a segment of a format that this version reads."""


@dataclass(frozen=True, slots=True)
class SlotKey:
    """Which cursor a slot is.

    Attributes:
        destination: The destination's name.
        slot: The slot's name within it; empty where it has one only.
        takes: The kinds of record that count for it.
    """

    destination: str
    slot: str
    takes: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the records that one slot has passed.

    Attributes:
        cursor: Where the slot goes on reading, in bytes from the segment's begin.
        delivered: Records that arrived.
        parked: Records set aside because the destination refused them.
        lost: Records that are gone, by reason.
        flags: ``FLAG_AWAY`` or 0.
    """

    cursor: int
    delivered: int = 0
    parked: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    flags: int = 0

    @property
    def passed(self) -> int:
        """How many records lie behind the cursor."""
        return self.delivered + self.parked + sum(self.lost.values())

    def plus(self, other: Account) -> Account:
        """Returns the sum of two accounts; cursor and flags are this one's."""
        return Account(
            cursor=self.cursor,
            delivered=self.delivered + other.delivered,
            parked=self.parked + other.parked,
            lost={
                reason: self.lost.get(reason, 0) + other.lost.get(reason, 0) for reason in {**self.lost, **other.lost}
            },
            flags=self.flags,
        )


@dataclass(frozen=True, slots=True)
class Header:
    """The part of a segment that never changes.

    Attributes:
        service: Name of the service that writes it.
        owner: Id of the process that writes it.
        slots: Its cursors, in the order in which they lie in the file.
        created_unix_nano: When it was made.
        bytes: Where the records begin.
        slots_offset: Where the first slot lies.
    """

    service: str
    owner: str
    slots: Sequence[SlotKey]
    created_unix_nano: int
    bytes: int
    slots_offset: int


def pack_header(service: str, owner: str, slots: Sequence[SlotKey], created_unix_nano: int) -> bytes:
    """Returns the whole header of a new segment, its slots at their begin."""
    description = json.dumps(
        {
            "service": service,
            "owner": owner,
            "slots": [{"destination": key.destination, "slot": key.slot, "takes": sorted(key.takes)} for key in slots],
        }
    ).encode()
    slots_offset = _aligned(_PREAMBLE.size + len(description), _SLOT_ALIGNMENT)
    header_bytes = _aligned(slots_offset + SLOT_BYTES * len(slots), _HEADER_ALIGNMENT)
    checked = _CHECKED_PREAMBLE.pack(
        FILE_MAGIC, FORMAT_VERSION, len(slots), header_bytes, created_unix_nano, len(description)
    )
    preamble = checked + _CRC.pack(crc32(description, crc32(checked)))
    first = pack_slot(Account(cursor=header_bytes))
    return ((preamble + description).ljust(slots_offset, b"\0") + first * len(slots)).ljust(header_bytes, b"\0")


def unpack_header(data: bytes) -> Header:
    """Reads a header back.

    Args:
        data: The file's begin, at least its whole header.

    Raises:
        FormatError: It is no segment, a damaged one, or one of a format to come.
    """
    if len(data) < _PREAMBLE.size or not data.startswith(FILE_MAGIC):
        raise FormatError("not a segment of the spool")
    _, version, slots, header_bytes, created, description_bytes, crc = _PREAMBLE.unpack_from(data)
    if version > FORMAT_VERSION:
        raise FormatError(f"format {version} of a newer version of otel-distro; this one reads up to {FORMAT_VERSION}")
    description = data[_PREAMBLE.size : _PREAMBLE.size + description_bytes]
    if crc32(description, crc32(data[: _CHECKED_PREAMBLE.size])) != crc or len(data) < header_bytes:
        raise FormatError("damaged header")
    described = json.loads(description)
    return Header(
        service=described["service"],
        owner=described["owner"],
        slots=[
            SlotKey(slot["destination"], slot["slot"], frozenset(Kind(kind) for kind in slot["takes"]))
            for slot in described["slots"][:slots]
        ],
        created_unix_nano=created,
        bytes=header_bytes,
        slots_offset=_aligned(_PREAMBLE.size + description_bytes, _SLOT_ALIGNMENT),
    )


def pack_slot(account: Account) -> bytes:
    """Returns the 160 bytes of a slot."""
    lost = [account.lost.get(reason, 0) for reason in REASONS]
    lost += [0] * (REASON_SLOTS - len(lost))
    body = _SLOT_BODY.pack(account.cursor, account.delivered, account.parked, *lost, account.flags)
    return body + _CRC.pack(crc32(body))


def unpack_slot(data: bytes) -> Account | None:
    """Reads a slot back; ``None`` if it is damaged."""
    body, crc = data[: _SLOT_BODY.size], data[_SLOT_BODY.size : SLOT_BYTES]
    if len(data) < SLOT_BYTES or _CRC.pack(crc32(body)) != crc:
        return None
    cursor, delivered, parked, *lost, flags = _SLOT_BODY.unpack(body)
    counts = dict(zip(REASONS, lost, strict=False))
    return Account(cursor, delivered, parked, {reason: n for reason, n in counts.items() if n}, flags)


def pack_record(
    kind: int,
    payload: bytes,
    sequence: int,
    appended_unix_nano: int,
    resource: bytes = NO_NAME,
    scope: bytes = NO_NAME,
) -> bytes:
    """Returns one whole record."""
    behind = _pack_tail(len(payload), sequence, appended_unix_nano, resource, scope) + payload
    return _pack_head(RECORD_MAGIC, kind, 0, crc32(behind, kind)) + behind


def content_name(content: bytes) -> bytes:
    """Returns the 6-byte name of a resource or scope: the hash of its content."""
    return blake2b(content, digest_size=6).digest()


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
