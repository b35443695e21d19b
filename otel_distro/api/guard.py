"""The guard around every recording call: an error of ours is counted and never reaches the application.

In production a lost record is better than a lost program. In tests it is the other way round: there
:func:`raise_internal_errors` lets every error through.
"""

from __future__ import annotations

from types import TracebackType

from otel_distro.api.counting import INTERNAL_ERROR, count, warn_once

__all__ = ["Guard", "raise_internal_errors", "swallow"]


class _Mode:
    raises: bool = False


def raise_internal_errors(raises: bool = True) -> None:
    """Chooses whether errors of ours are raised, for tests, or swallowed and counted, for production."""
    _Mode.raises = raises


def swallow(where: str, error: Exception) -> None:
    """Counts an error of ours and names it once for each place and type; raises it in tests.

    Args:
        where: The public call in which it happened.
        error: What was caught.
    """
    if _Mode.raises:
        raise error
    count(INTERNAL_ERROR)
    kind = type(error).__name__
    warn_once(f"internal_error {where} {kind}", "%s could not record: %s: %s", where, kind, _Shown(error))


class _Shown:
    """An error's text, made when it is printed; some errors raise even then."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __str__(self) -> str:
        try:
            return str(self._error)
        except Exception:
            return "its text could not be had"


class Guard:
    """A block in which an ``Exception`` ends the block and nothing else.

    Args:
        where: The public call that the block belongs to.
    """

    __slots__ = ("_where",)

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Begins the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """Ends the block, counting an error that passes; ``KeyboardInterrupt`` and its like go on."""
        if not isinstance(error, Exception):
            return False
        swallow(self._where, error)
        return True
