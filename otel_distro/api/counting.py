"""Counts of what the API mended, left out or swallowed, by reason; and warnings that are given once.

The API raises nothing because of data, so these counts are how a loss is known: the exit summary reads them.
"""

from __future__ import annotations

import itertools
import logging
from typing import Final

__all__ = [
    "DROPPED",
    "FILE_MISSING",
    "FILE_UNREADABLE",
    "INTERNAL_ERROR",
    "MENDED",
    "NOT_A_FILE",
    "OUTSIDE_ARC",
    "OUTSIDE_RUN",
    "count",
    "counts",
    "warn_once",
]

MENDED: Final = "mended"  # recorded, with a value changed or left out
DROPPED: Final = "dropped"  # not recorded: nothing in it could be
INTERNAL_ERROR: Final = "internal_error"  # not recorded: a fault of ours, of the SDK or of one of its processors
OUTSIDE_ARC: Final = "outside_arc"  # not recorded: an export with no ARC to belong to
OUTSIDE_RUN: Final = "outside_run"  # recorded, but nothing evaluates it: an alert with no run to belong to
FILE_MISSING: Final = "file_missing"
NOT_A_FILE: Final = "not_a_file"  # a directory, a pipe, a device
FILE_UNREADABLE: Final = "file_unreadable"

_WARNINGS_KEPT: Final = 1_000  # so that names made from data cannot fill the memory; beyond it, silence

_logger = logging.getLogger("otel_distro")


class _Tally:
    """A count that may be raised from any thread, signal handler or finalizer at any moment, without a lock.

    ``next`` on ``itertools.count`` is one indivisible step of the interpreter. Reading takes a number as well, so the
    numbers that readers took are counted and subtracted.
    """

    __slots__ = ("_raised", "_read")

    def __init__(self) -> None:
        self._raised = itertools.count()
        self._read = itertools.count()

    def add(self, n: int) -> None:
        for _ in range(n):
            next(self._raised)

    def value(self) -> int:
        return next(self._raised) - next(self._read)


_tallies: dict[str, _Tally] = {}
_warned: set[str] = set()


def count(reason: str, n: int = 1) -> None:
    """Counts something that could not be recorded as it was given.

    Args:
        reason: One of the reasons of this module, or another short name.
        n: How many.
    """
    tally = _tallies.get(reason)
    if tally is None:
        tally = _tallies.setdefault(reason, _Tally())
    tally.add(n)


def counts() -> dict[str, int]:
    """Returns how many were counted since the program's start, by reason."""
    return {reason: tally.value() for reason, tally in list(_tallies.items())}


def warn_once(key: str, message: str, *args: object) -> None:
    """Logs a warning to the logger ``otel_distro``, the first time only.

    Args:
        key: What the warning is about; a second one with the same key is not given.
        message: Its text, in the form that ``logging`` takes.
        args: What is put into the text.
    """
    if key in _warned or len(_warned) >= _WARNINGS_KEPT:
        return
    _warned.add(key)
    try:
        _logger.warning(message, *args)
    except Exception:  # a handler of the application that raises must not break the call that warned
        count(INTERNAL_ERROR)
