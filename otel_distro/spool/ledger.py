"""The ledger: what became of the records of segments that are gone.

While a segment lives, its own slots hold its counts, written together with the cursor. When the leader removes it, the
counts are added here first. The file holds two copies, written in turn and in place (so it works on a full disk): the
one with the higher generation and a sound CRC holds. A copy names the segment that it added last, so a crash between
adding and removing counts nothing twice.

::

    copy 0 at byte 0, copy 1 at byte 16,384:
    magic "OTDLEDGE" | generation u64 | length u32 | crc32 u32 | JSON {"added": segment, "slots": [[destination, slot,
    {"delivered": n, "parked": n, "lost": {reason: n}}]]}
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zlib import crc32

from otel_distro.spool.format import Account

_COPY_BYTES: Final = 16 * 1024
_COPY: Final = struct.Struct("<8sQII")
_MAGIC: Final = b"OTDLEDGE"
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

Accounts = dict[tuple[str, str], Account]


class Ledger:
    """The ledger of one spool directory; only the leader adds to it.

    Args:
        path: Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Accounts:
        """Returns the counts by destination and slot; their cursors mean nothing."""
        return self._newest()[2]

    def added_last(self) -> str:
        """Returns the name of the segment whose counts were added last."""
        return self._newest()[1]

    def add(self, segment: str, accounts: Mapping[tuple[str, str], Account]) -> None:
        """Adds the counts of a segment that is about to be removed; adding it again changes nothing.

        Raises:
            OSError: The file cannot be written; the segment must then stay.
        """
        generation, added, totals = self._newest()
        if added == segment:
            return
        for key, account in accounts.items():
            totals[key] = totals.get(key, Account(0)).plus(account)
        content = json.dumps({"added": segment, "slots": [[*key, _counts(total)] for key, total in totals.items()]})
        self._write(generation + 1, content.encode())

    def _newest(self) -> tuple[int, str, Accounts]:
        """Returns generation, segment added last, and totals of the copy that holds."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return 0, "", {}
        copies = [copy for copy in (_unpack(data[:_COPY_BYTES]), _unpack(data[_COPY_BYTES:])) if copy]
        return max(copies, key=lambda copy: copy[0], default=(0, "", {}))

    def _write(self, generation: int, content: bytes) -> None:
        if len(content) > _COPY_BYTES - _COPY.size:
            raise OSError("the ledger has more destinations than it can hold")
        copy = _COPY.pack(_MAGIC, generation, len(content), crc32(content)) + content
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
        try:
            if os.fstat(descriptor).st_size < 2 * _COPY_BYTES:
                os.pwrite(descriptor, bytes(2 * _COPY_BYTES), 0)
            os.pwrite(descriptor, copy.ljust(_COPY_BYTES, b"\0"), generation % 2 * _COPY_BYTES)
        finally:
            os.close(descriptor)


def _counts(account: Account) -> dict[str, object]:
    return {"delivered": account.delivered, "parked": account.parked, "lost": dict(account.lost)}


def _unpack(data: bytes) -> tuple[int, str, Accounts] | None:
    if len(data) < _COPY.size:
        return None
    magic, generation, length, crc = _COPY.unpack_from(data)
    content = data[_COPY.size : _COPY.size + length]
    if magic != _MAGIC or crc32(content) != crc:
        return None
    described = json.loads(content)
    totals = {
        (destination, slot): Account(0, counts["delivered"], counts["parked"], counts["lost"])
        for destination, slot, counts in described["slots"]
    }
    return generation, described["added"], totals
