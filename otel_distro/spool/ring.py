"""The memory ring: where records wait while the disk refuses, bounded in bytes."""

from __future__ import annotations

from collections import deque
from typing import Final

RING_BYTES: Final = 16 * 1024 * 1024


class MemoryRing:
    """Whole records in memory, oldest first; the oldest go when the bound is reached, and are counted.

    It takes no lock, as appending does not: single operations of ``deque`` are atomic, and the size is an estimate
    that concurrent callers may put off by a record.

    Args:
        max_bytes: How much it holds.
    """

    def __init__(self, max_bytes: int = RING_BYTES) -> None:
        self._max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, data: bytes) -> None:
        """Takes a record in; drops the oldest ones to make room for it."""
        self._waiting.append(data)
        self._bytes += len(data)
        while self._bytes > self._max_bytes and self.take() is not None:
            self.dropped += 1

    def put_back(self, data: bytes) -> None:
        """Puts a record back to the front."""
        self._waiting.appendleft(data)
        self._bytes += len(data)

    def take(self) -> bytes | None:
        """Takes the oldest record out; ``None`` if there is none."""
        try:
            data = self._waiting.popleft()
        except IndexError:
            return None
        self._bytes -= len(data)
        return data

    def clear(self) -> None:
        """Forgets all of it, uncounted: in a child, whose parent still holds these records."""
        self._waiting.clear()
        self._bytes = 0
        self.dropped = 0
