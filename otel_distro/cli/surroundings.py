"""What the commands are given from outside: environment, clock, reader, and the hook that takes up what waits.

Tests hand in their own; nothing else in the command line reads the environment or the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otel_distro.query.reader import Reader

if TYPE_CHECKING:
    import click


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a command runs.

    Attributes:
        environ: The environment.
        now_unix_nano: Tells the present, in nanoseconds since the epoch.
        open_reader: Makes the reader of a store; it opens nothing before it is entered.
        take_up: Is given the environment and how many seconds it may take; delivers what waits for the store and
            has no leader, and returns how many records still wait.
    """

    environ: Mapping[str, str]
    now_unix_nano: Callable[[], int]
    open_reader: Callable[[Path], Reader]
    take_up: Callable[[Mapping[str, str], float], int]

    def store(self) -> Path:
        """Returns where the local store lies, by the environment."""
        from otel_distro.query.schema import store_path  # noqa: PLC0415 - help and completion need no database

        return store_path(self.environ)


def surroundings(context: click.Context) -> Surroundings:
    """Returns what a command was given."""
    given = context.find_object(Surroundings)
    if given is None:
        raise RuntimeError("a command was called outside of the group otel-distro")
    return given


def real_surroundings() -> Surroundings:
    """Returns the process's own."""
    return Surroundings(dict(os.environ), time.time_ns, _local_reader, _take_up)


def reading_errors() -> tuple[type[Exception], ...]:
    """Returns the errors that a store raises when it cannot be read; each message says why."""
    from otel_distro.query.schema import StoreError  # noqa: PLC0415 - help and completion need no database

    return StoreError, OSError


def _local_reader(path: Path) -> Reader:
    from otel_distro.query.local import LocalReader  # noqa: PLC0415 - help and completion need no database

    return LocalReader(path)


def _take_up(environ: Mapping[str, str], timeout_seconds: float) -> int:
    from otel_distro.forwarder.maintenance import take_up_local  # noqa: PLC0415 - it loads the destination

    return take_up_local(environ, timeout_seconds)
