"""Runs: a training, a simulation, a job, with its metrics, events, artifacts and alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar, overload

from otel_distro.api import context
from otel_distro.api.decorating import decorate
from otel_distro.api.description import describe
from otel_distro.api.run_object import Run, open_runs

__all__ = ["Run", "RunFactory", "current_run", "open_runs", "run"]

F = TypeVar("F", bound=Callable[..., Any])


class RunFactory:
    """Makes runs: as blocks, as decorators, as objects.

    >>> with run("train", tags=["demo"]) as r:      # ends with the block, failed if an exception passes
    ...     r.log({"loss": 0.3})

    >>> @run                                        # a run of every call; @run("train", ...) describes it
    ... def train(): ...

    >>> r = run.start("train")                      # for notebooks and callbacks: ended by a call, or at exit
    >>> r.log({"loss": 0.3})
    >>> r.end()
    """

    @overload
    def __call__(self, name: F) -> F: ...

    @overload
    def __call__(
        self,
        name: str | None = None,
        *,
        folder: str = "/",
        tags: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> Run: ...

    def __call__(
        self,
        name: F | str | None = None,
        *,
        folder: str = "/",
        tags: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> F | Run:
        """Makes a run for a ``with`` statement or for use as a decorator; it starts with the block.

        Args:
            name: An adjective and a noun if not given. As ``@run``, the function.
            folder: Where it is filed.
            tags: What to find it by.
            metadata: What is known of it at its start.
            description: What it is, in words.
        """
        if callable(name):
            described = describe(None, folder, tags, metadata, description)
            return decorate(name, lambda: Run(described), "@run")
        return Run(describe(name, folder, tags, metadata, description))

    def start(
        self,
        name: str | None = None,
        *,
        folder: str = "/",
        tags: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> Run:
        """Starts a run that :meth:`Run.end` ends; wherever no other run is current, it is.

        Args:
            name: An adjective and a noun if not given.
            folder: Where it is filed.
            tags: What to find it by.
            metadata: What is known of it at its start.
            description: What it is, in words.
        """
        return Run(describe(name, folder, tags, metadata, description)).start()


run: Final = RunFactory()


def current_run() -> Run | None:
    """Returns the run whose block this is, or the newest open run of the object form; ``None`` without one.

    In a process that was handed the ids in baggage, it is an object for the run of the other process: what it records
    belongs to that run, which only its own process ends.
    """
    entry = context.run_entry()
    carried = context.carried_ids()
    if context.comes_from_elsewhere(entry, carried.run_id):
        return _of_another_process(carried.run_id, carried.run_name)
    return entry.value if entry is not None else context.default_run()


@lru_cache(maxsize=64)
def _of_another_process(run_id: str, name: str) -> Run:
    """Keeps the object, which counts the steps."""
    return Run(describe(name, None, None, None, None), run_id)
