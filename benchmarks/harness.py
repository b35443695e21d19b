"""How a claim is measured: peer and ours in turn, in one process, the fastest round of each.

A benchmark is a module of this folder with a function ``claims()`` that yields :class:`Claim` objects. It makes its
data first, checks that peer and ours do the same work (equal results), and hands two functions to :func:`compare`.

Absolute times mean nothing on a shared machine, and a ratio of two runs one after the other means little: whatever
slows the machine down hits one of them. So rounds alternate, and of each side the fastest round counts: noise only
ever adds. CPU time is measured, not time on the wall, unless a benchmark hands in another clock.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 15
MICROSECONDS = 1e6
MEBIBYTES_OF_KIBIBYTES = 1 / 1024


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, measured.

    Attributes:
        claim: What is claimed, in words; it says which way the ratio goes.
        peer: What it is measured against.
        ratio: What was measured.
        target: What must be reached.
        at_most: Whether the ratio must not be above the target (sizes), rather than not below it (speed).
        detail: The numbers behind the ratio, for a reader.
    """

    claim: str
    peer: str
    ratio: float
    target: float
    at_most: bool = False
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


@dataclass(frozen=True, slots=True)
class Comparison:
    """The fastest rounds of two sides.

    Attributes:
        peer_seconds: For one operation of the peer.
        our_seconds: For one of ours.
        kind: What the seconds are: ``CPU seconds`` or ``seconds on the wall``.
    """

    peer_seconds: float
    our_seconds: float
    kind: str = "CPU seconds"

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.peer_seconds / self.our_seconds

    @property
    def detail(self) -> str:
        """Both times, what a million operations cost, and the peak of memory so far."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MEBIBYTES_OF_KIBIBYTES
        return (
            f"peer {self.peer_seconds * MICROSECONDS:.2f} us, ours {self.our_seconds * MICROSECONDS:.2f} us; "
            f"{self.kind} a million: peer {self.peer_seconds * MICROSECONDS:.1f}, "
            f"ours {self.our_seconds * MICROSECONDS:.1f}; peak memory of the process {peak:.0f} MiB"
        )


def compare(
    peer: Callable[[], object],
    ours: Callable[[], object],
    *,
    operations: int,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> Comparison:
    """Runs peer and ours in turn and returns the fastest round of each, for one operation.

    Args:
        peer: One round of the peer; it does ``operations`` operations.
        ours: One round of ours; as many.
        operations: How many operations a round has; enough of them that a round takes some milliseconds.
        rounds: How many rounds of each side are run, after one that only warms up.
        clock: Seconds; ``time.thread_time`` where only the calling thread is to be counted.
    """
    peer()
    ours()
    sides = [(peer, ours)[turn % 2] for turn in range(2 * rounds)]
    seconds = [_seconds(side, clock) for side in sides]
    kind = "seconds on the wall" if clock is time.perf_counter else "CPU seconds"
    return Comparison(min(seconds[::2]) / operations, min(seconds[1::2]) / operations, kind)


def _seconds(run: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()  # neither side pays for what the other left behind
    start = clock()
    run()
    return clock() - start
