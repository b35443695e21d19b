"""ARCs: algorithm run contexts, one for each time that an algorithm does its work, with parts below them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.context import get_current

from otel_distro import semconv
from otel_distro.api import context, events, failure, mend, wiring
from otel_distro.api.counting import OUTSIDE_ARC, count, warn_once
from otel_distro.api.decorating import decorate
from otel_distro.api.guard import Guard
from otel_distro.api.instruments import record_seconds
from otel_distro.api.spans import end_span, start_span

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Arc", "arc", "current_arc", "export", "sub_arc"]

F = TypeVar("F", bound=Callable[..., Any])


class Arc:
    """One ARC: a block, or the decorator that makes one of every call of a function.

    Attributes:
        id: The full id: the ids of all levels joined with ``.``; of a sub-ARC, known once its block is entered.
        arc_class: What other ARCs it is compared with; of another process's ARC, empty where only its id was carried.
        parent_id: The full id of the ARC around it; ``None`` at the top.
    """

    def __init__(self, arc_class: str, own_id: str | None, *, below_current: bool) -> None:
        self.arc_class = arc_class
        self.id = own_id or wiring.active().new_id()
        self.parent_id: str | None = None
        self.identity: dict[str, Any] = context.arc_identity(self.id, arc_class)
        self._given_id = own_id
        self._below_current = below_current
        self._scope: context.Scope | None = None
        self._owner = 0

    def __enter__(self) -> Self:
        """Starts the ARC and makes it current.

        Raises:
            ValueError: It was started before.
        """
        if self._scope is not None:
            raise ValueError("this ARC was started before: call arc(...) or sub_arc(...) anew for each block")
        self._owner = os.getpid()
        self._scope = context.Scope()
        with Guard("arc"):
            self._start(self._scope)
        return self

    def _start(self, scope: context.Scope) -> None:
        clock = wiring.active().clock
        self._started_unix_nano, self._started_elapsed = clock.time_unix_nano(), clock.elapsed_nano()
        around = current_arc() if self._below_current else None
        if around is not None:
            self.parent_id, self.id = around.id, f"{around.id}.{self.id}"
        identity = context.arc_identity(self.id, self.arc_class)
        if self.parent_id is not None:
            identity[semconv.ARC_PARENT_ID] = self.parent_id
        self._span = start_span(semconv.SPAN_ARC, identity, self._started_unix_nano)
        self._context = scope.enter(context.with_arc(self, self._span, get_current()))
        self.identity = {**context.here(), **identity}
        self._emit(semconv.EVENT_ARC_STARTED, self.identity, self._started_unix_nano)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Ends the ARC: ``completed``, or ``failed`` if an exception passes. What was current before is so again.

        In a forked child that leaves its parent's block, the ARC goes on: it is the parent's to end.
        """
        if self._owner == os.getpid():
            with Guard("arc"):
                self._end(error)
        if self._scope is not None:
            self._scope.leave()

    def _end(self, error: BaseException | None) -> None:
        clock = wiring.active().clock
        ended, seconds = clock.time_unix_nano(), (clock.elapsed_nano() - self._started_elapsed) / 1e9
        completed = failure.status_of(error) == semconv.STATUS_COMPLETED
        status = semconv.STATUS_COMPLETED if completed else semconv.STATUS_FAILED
        outcome: dict[str, Any] = {
            semconv.ARC_STATUS: status,
            semconv.ARC_DURATION_SECONDS: seconds,
            semconv.ARC_STARTED_UNIX_NANO: self._started_unix_nano,
        }
        described = {} if completed or error is None else failure.exception_attributes(error)
        self._emit(semconv.EVENT_ARC_ENDED, {**self.identity, **outcome, **described}, ended)
        end_span(self._span, {semconv.ARC_STATUS: status}, status, error, ended)
        by = {semconv.ARC_CLASS: self.arc_class, semconv.ARC_STATUS: status}
        record_seconds(semconv.METRIC_ARC_DURATION, seconds, by)

    def _emit(self, name: str, attributes: Mapping[str, Any], time_unix_nano: int) -> None:
        events.emit(name, attributes, time_unix_nano=time_unix_nano, context=self._context)

    def __call__(self, function: F) -> F:
        """Makes an ARC of every call of a function; of a generator, from its first step to its last."""
        return decorate(
            function, lambda: Arc(self.arc_class, self._given_id, below_current=self._below_current), "@arc(...)"
        )

    def export(self, message: Mapping[str, Any], *, time_unix_nano: int | None = None) -> None:
        """Records what is known of this ARC: indicators of how it did, and what to tell it from others by.

        Args:
            message: Names with values of any kind; several exports of an ARC are merged by whoever reads them.
            time_unix_nano: When, in nanoseconds since the epoch; now if not given.
        """
        with Guard("export"):
            body = mend.mapping(message)
            when = events.moment(time_unix_nano)
            events.emit(semconv.EVENT_ARC_EXPORT, self.identity, body, time_unix_nano=when)


def arc(arc_class: str, *, id: str | None = None) -> Arc:  # noqa: A002 - the public name is fixed
    """Starts an ARC at the top, for a block or, as a decorator, for every call of a function.

    >>> with arc("scoring") as a:
    ...     export({"score": 0.5, "region": "eu"})

    Args:
        arc_class: What other ARCs it is compared with, such as the algorithm's name.
        id: Its id, where it has one already; dots in it make levels. Else one is made.

    Raises:
        ValueError: The class is missing.
    """
    return Arc(_class(arc_class), _id(id), below_current=False)


def sub_arc(arc_class: str, *, id: str | None = None) -> Arc:  # noqa: A002 - the public name is fixed
    """Starts a part of the current ARC, or an ARC at the top where none is current; used as :func:`arc` is.

    Args:
        arc_class: What other parts it is compared with.
        id: Its own id, to which the current ARC's is put in front; one is made if not given.

    Raises:
        ValueError: The class is missing.
    """
    return Arc(_class(arc_class), _id(id), below_current=True)


def export(message: Mapping[str, Any], *, time_unix_nano: int | None = None) -> None:
    """Records what is known of the current ARC; see :meth:`Arc.export`. Outside any ARC it is counted and left out.

    Args:
        message: Names with values of any kind.
        time_unix_nano: When, in nanoseconds since the epoch; now if not given.
    """
    current = current_arc()
    if current is None:
        count(OUTSIDE_ARC)
        warn_once("export outside arc", 'export is left out: no ARC is current; call it inside "with arc(...):"')
        return
    current.export(message, time_unix_nano=time_unix_nano)


def current_arc() -> Arc | None:
    """Returns the ARC whose block this is, in this process or in the one that called it; ``None`` outside any."""
    entry = context.arc_entry()
    carried = context.carried_ids()
    if context.comes_from_elsewhere(entry, carried.arc_id):
        return _of_another_process(carried)
    return entry.value if entry is not None else None


@lru_cache(maxsize=64)
def _of_another_process(carried: context.Carried) -> Arc:
    found = Arc(carried.arc_class, carried.arc_id, below_current=False)
    if carried.run_id:
        found.identity.update(context.run_identity(carried.run_id, carried.run_name))
    return found


def _class(given: object) -> str:
    if given is None or callable(given) or not mend.text(given):
        raise ValueError('arc_class is needed: what the ARC is compared with, as in arc("scoring") or @arc("scoring")')
    return mend.text(given)


def _id(given: object) -> str | None:
    return None if given is None else mend.text(given) or None
