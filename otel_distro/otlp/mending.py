"""What the encoder mended: counted by reason, and handed to a hook that can be replaced.

>>> from otel_distro.otlp import mending
>>> mending.on_mended = print          # doctest: +SKIP

Nothing here runs while every value can be encoded as it is. Where a field of the record itself is bad, the record is
read anew, so that a value mended before that field was met counts twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["REASONS", "mended_counts", "note", "on_mended"]

SURROGATE: Final = "surrogate"  # text held half of a surrogate pair: U+FFFD stands in its place
INTEGER: Final = "integer"  # an integer beyond 64 bits: its digits as text, or the nearest double of a point
OBJECT: Final = "object"  # an object of a type that OTLP lacks: its str()
UNPRINTABLE: Final = "unprintable"  # an object that could not even be read: "<unprintable TypeName>"
TOO_DEEP: Final = "too_deep"  # nested deeper than protobuf's parsers follow: "<too deep>"
CYCLE: Final = "cycle"  # a container inside itself: "<too deep>"
FIELD: Final = "field"  # a field of the record itself (a time, an id, a count): the nearest that fits, else left out

REASONS: Final = (SURROGATE, INTEGER, OBJECT, UNPRINTABLE, TOO_DEEP, CYCLE, FIELD)

# Every reason is there from the start, so that counting is one in-place addition: no lock, which a signal handler or a
# forked child could find held, and no call between reading and writing at which another thread could come in.
_counts: Final = dict.fromkeys(REASONS, 0)


def _count(reason: str) -> None:
    _counts[reason] += 1


on_mended: Callable[[str], None] = _count
"""Called with the reason (one of ``REASONS``) each time a value is mended; counts it unless it is replaced."""


def note(reason: str) -> None:
    """Tells the hook; a hook that raises is passed over, and the mending is counted here instead."""
    try:
        on_mended(reason)
    except Exception:
        _count(reason)


def mended_counts() -> dict[str, int]:
    """Returns how many values were mended since the process began, by reason; without reasons that never happened."""
    return {reason: count for reason, count in _counts.items() if count}
