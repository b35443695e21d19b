"""When a failed delivery is tried again: 1 s, doubling to 60 s, with full jitter, without end."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0


class Backoff:
    """The pauses between the tries of one slot.

    Full jitter (a uniform draw between nothing and the bound) spreads the tries of many clients best; see
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    Args:
        draw: Returns a number between its two arguments; handed in by tests.
    """

    def __init__(self, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._draw = draw
        self._bound_seconds = FIRST_SECONDS

    def pause_seconds(self) -> float:
        """Returns how long to wait now, and doubles the bound for the next time."""
        pause = self._draw(0.0, self._bound_seconds)
        self._bound_seconds = min(2 * self._bound_seconds, LONGEST_SECONDS)
        return pause

    def reset(self) -> None:
        """Begins anew, after a delivery that worked."""
        self._bound_seconds = FIRST_SECONDS
