"""How long a block or a function takes."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from otel_distro.api import wiring
from otel_distro.api.decorating import decorate
from otel_distro.api.metrics import Attributes, histogram

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Timer", "timer"]

F = TypeVar("F", bound=Callable[..., Any])


class Timer:
    """One timed block, or the decorator that times every call of a function.

    Attributes:
        seconds: How long the block took; ``None`` while it runs.
    """

    __slots__ = ("_attributes", "_histogram", "_started", "seconds")

    def __init__(self, name: str, attributes: Attributes | None) -> None:
        self._histogram = histogram(name, "s")
        self._attributes = attributes
        self._started = 0
        self.seconds: float | None = None

    def __enter__(self) -> Self:
        """Starts the clock."""
        self.seconds = None
        self._started = wiring.active().clock.elapsed_nano()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Stops the clock and records, whether the block raised or not."""
        self.seconds = (wiring.active().clock.elapsed_nano() - self._started) / 1e9
        self._histogram.record(self.seconds, attributes=self._attributes)

    def __call__(self, function: F) -> F:
        """Times every call of a function; of a generator, from its first step to its last."""
        return decorate(function, lambda: Timer(self._histogram.name, self._attributes), "@timer(...)")


def timer(name: str, *, attributes: Attributes | None = None) -> Timer:
    """Times a block or, as a decorator, every call of a function, in the histogram of that name, in seconds.

    >>> with timer("load"):
    ...     pass

    Each block wants a timer of its own.

    Args:
        name: The histogram's name.
        attributes: Which of the histogram's series.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return Timer(name, attributes)
