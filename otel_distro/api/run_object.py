"""The run object: what a run records, from its start to its end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opentelemetry.context import Context, get_current
from opentelemetry.trace import Span, get_current_span

from otel_distro import semconv
from otel_distro.api import context, events, failure, mend, wiring
from otel_distro.api.alert import Rule, define_alert
from otel_distro.api.artifact import save_file, save_object
from otel_distro.api.counting import DROPPED, MENDED, count, warn_once
from otel_distro.api.decorating import decorate
from otel_distro.api.description import Description, folder_path
from otel_distro.api.event import record_event
from otel_distro.api.guard import Guard, swallow
from otel_distro.api.instruments import mirror, mirror_runs, record_seconds
from otel_distro.api.names import adjective_noun
from otel_distro.api.spans import end_span, start_span

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Run", "open_runs"]

F = TypeVar("F", bound=Callable[..., Any])

_FINAL_STATUSES: Final = tuple(status for status in semconv.RUN_STATUSES if status != semconv.STATUS_RUNNING)

# process ids that no process of ours has
_NOBODY: Final = 0
_ELSEWHERE: Final = -1

_open: dict[str, Run] = {}


class Run:
    """One run: a block, a decorator, or an object that is started and ended by calls. Made by :data:`run`.

    Attributes:
        id: 32 hexadecimal digits.
        name: As given, or an adjective and a noun.
        identity: The attributes by which an event belongs to this run.

    Args:
        described: What it is described by.
        run_id: The id of a run that another process started; a new run if not given.
    """

    def __init__(self, described: Description, run_id: str | None = None) -> None:
        self.id = run_id or wiring.active().new_id()
        self.name = described.name or ("" if run_id else adjective_noun(int(self.id, 16)))
        self.identity: dict[str, Any] = context.run_identity(self.id, self.name)
        self._described = described
        self._steps = itertools.count()
        self._owner = _ELSEWHERE if run_id else _NOBODY
        self._started_unix_nano: int | None = None
        self._started_elapsed = 0
        self._span: Span | None = None
        self._context: Context | None = None
        self._scope: context.Scope | None = None
        self._status: str | None = None

    # --- from start to end -------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Starts the run and makes it current.

        Raises:
            ValueError: It was started before.
        """
        self._start()
        self._scope = context.Scope()
        if self._context is not None:
            self._scope.enter(self._context)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Ends the run, with the status that the exception says; what was current before is so again.

        ``completed`` without an exception or by ``SystemExit`` with code 0, ``terminated`` by ``KeyboardInterrupt`` or
        a cancellation, ``failed`` by everything else. The exception goes on.
        """
        status = failure.status_of(error)
        self._end(self._status or status if status == semconv.STATUS_COMPLETED else status, error)
        if self._scope is not None:
            self._scope.leave()

    def __call__(self, function: F) -> F:
        """Makes a run of every call of a function; of a generator, from its first step to its last."""
        return decorate(function, lambda: Run(self._described), "@run(...)")

    def start(self) -> Run:
        """Starts the run without making it current: it counts, wherever none is current, until it is ended.

        Raises:
            ValueError: It was started before.
        """
        self._start()
        context.object_runs[self.id] = self
        return self

    def _start(self) -> None:
        if self._owner != _NOBODY:
            raise ValueError("this run was started before: call run(...) anew for each run")
        self._owner = os.getpid()
        clock = wiring.active().clock
        self._started_unix_nano, self._started_elapsed = clock.time_unix_nano(), clock.elapsed_nano()
        _open[self.id] = self
        with Guard("run"):
            _warn_if_lost(self.name)
            mirror_runs()
            self.identity.update(_resource())
            attributes = {**self.identity, **self._described.attributes()}
            self._span = start_span(semconv.SPAN_RUN, attributes, self._started_unix_nano)
            self._context = context.with_run(self, self._span, get_current())
            self._emit(semconv.EVENT_RUN_STARTED, attributes, self._started_unix_nano)

    def end(self, status: str | None = None) -> None:
        """Ends the run; a second call does nothing. What is recorded after it still belongs to the run.

        The process that started a run ends it: in a forked child, or one that was handed the run's id, this does
        nothing.

        Args:
            status: ``completed``, ``failed``, ``terminated`` or ``lost``; if not given, what :meth:`update` was given
                last, else ``completed``.

        Raises:
            ValueError: The status is unknown.
        """
        if status is not None and mend.text(status) not in _FINAL_STATUSES:
            raise ValueError(f"status must be one of {', '.join(_FINAL_STATUSES)}, not {mend.text(status)!r}")
        self._end(status or self._status or semconv.STATUS_COMPLETED, None)

    def owned(self) -> bool:
        """Returns whether this process started the run."""
        return self._owner == os.getpid()

    def _end(self, status: str, error: BaseException | None) -> None:
        if not self.owned() or _open.pop(self.id, None) is None:
            return
        context.object_runs.pop(self.id, None)
        with Guard("run"):
            clock = wiring.active().clock
            ended, seconds = clock.time_unix_nano(), (clock.elapsed_nano() - self._started_elapsed) / 1e9
            outcome: dict[str, Any] = {
                semconv.RUN_FOLDER: self._described.folder,
                semconv.RUN_STATUS: status,
                semconv.RUN_DURATION_SECONDS: seconds,
                semconv.RUN_STARTED_UNIX_NANO: self._started_unix_nano,
            }
            if error is not None and status == semconv.STATUS_FAILED:
                outcome.update(failure.exception_attributes(error))
            self._emit(semconv.EVENT_RUN_ENDED, {**self.identity, **outcome}, ended)
            end_span(self._span, {semconv.RUN_STATUS: status}, status, error, ended)
            record_seconds(semconv.METRIC_RUN_DURATION, seconds, {semconv.RUN_STATUS: status})

    # --- what is recorded --------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, float], step: int | None = None, time_unix_nano: int | None = None) -> None:
        """Records a step: the values that metrics have now.

        Args:
            values: Metric names with numbers; NaN and infinities are recorded as such. What is no number is left out,
                named once and counted, while the others go.
            step: The step's number; the last one's plus one if not given, beginning with 0.
            time_unix_nano: When, in nanoseconds since the epoch; now if not given.
        """
        try:
            body = _numbers(values)
            if not body:
                return
            when = events.moment(time_unix_nano)
            attributes = {**self.identity, semconv.RUN_STEP: self._step(step)}
            if self._started_unix_nano is not None:
                attributes[semconv.RUN_TIME_SECONDS] = (when - self._started_unix_nano) / 1e9
            mirror(body)
            self._emit(semconv.EVENT_RUN_METRICS, attributes, when, body)
        except Exception as error:
            swallow("run.log", error)

    def _step(self, given: object) -> int:
        """Counts the steps without a lock: ``next`` on a count, and putting another in its place, are one step each.

        A lock would hang where a signal handler or a finalizer logs while its own thread holds it.
        """
        if given is None:
            return next(self._steps)
        found = mend.number(given)
        if found is None or found != found or abs(found) >= 2**62:  # noqa: PLR0124 - NaN is unlike itself
            count(MENDED)
            return next(self._steps)
        self._steps = itertools.count(int(found) + 1)
        return int(found)

    def event(
        self, what: str | BaseException, *, severity: str | None = None, time_unix_nano: int | None = None
    ) -> None:
        """Notes a line of text, or an exception with its traceback.

        Args:
            what: A text or an exception.
            severity: ``debug``, ``info``, ``warning``, ``error`` or ``critical``; if not given, ``error`` for an
                exception and ``info`` for a text.
            time_unix_nano: When, in nanoseconds since the epoch; now if not given.

        Raises:
            ValueError: The severity is unknown.
        """
        record_event(semconv.EVENT_RUN_EVENT, what, severity, time_unix_nano, self.identity, self._where())

    def save(
        self, path: str | os.PathLike[str], category: str, *, name: str | None = None, copy: bool = False
    ) -> str | None:
        """Records a file as an artifact, with the bytes that it has now.

        A file that is not there or cannot be read is named in a warning and counted.

        Args:
            path: Where it lies.
            category: ``code``, ``input`` or ``output``.
            name: What it is to be called; its base name if not given.
            copy: Copy it however large it is; else a file of more than 64 MiB is only read when it is delivered.

        Returns:
            The artifact's id; ``None`` if nothing was recorded.

        Raises:
            ValueError: The category is unknown.
        """
        return save_file(path, category, name, self._belongs(), self._where(), copy=copy)

    def artifact(self, value: object, category: str, *, name: str | None = None) -> str | None:
        """Records an object as an artifact, as it is now.

        Args:
            value: A text, bytes, anything that JSON can hold, a NumPy array, a pandas data frame, a Matplotlib or
                Plotly figure; or a ``Path`` to a file.
            category: ``code``, ``input`` or ``output``.
            name: What it is to be called.

        Returns:
            The artifact's id; ``None`` if nothing was recorded.

        Raises:
            ValueError: The category is unknown, or an object was given no name.
        """
        if isinstance(value, os.PathLike):
            return save_file(value, category, name, self._belongs(), self._where())
        return save_object(value, category, name, self._belongs(), self._where())

    def alert(
        self,
        name: str,
        *,
        metric: str,
        rule: str,
        threshold: float | None = None,
        range_low: float | None = None,
        range_high: float | None = None,
        frequency_minutes: float = 1,
        window_minutes: float = 1,
    ) -> None:
        """Defines an alert over a metric of this run; the arguments are those of :func:`otel_distro.alert`.

        Raises:
            ValueError: The rule is unknown, lacks its limits or has others; a frequency or window is not above zero.
        """
        judged = Rule(metric, rule, threshold, range_low, range_high, frequency_minutes, window_minutes)
        define_alert(name, judged, self.identity, self._where())

    def update(
        self,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        description: str | None = None,
        status: str | None = None,
    ) -> None:
        """Changes what the run is described by; what is not given stays.

        Args:
            metadata: Added to the metadata; a key that was there before is overwritten.
            tags: Take the place of the tags.
            description: Takes the place of the description.
            status: The run's status from now on; one other than ``running`` is also what it ends with, unless an
                exception or the call of :meth:`end` says otherwise.

        Raises:
            ValueError: The status is unknown.
        """
        if status is not None:
            self._set_status(status)
        with Guard("run.update"):
            changed = mend.prefixed(semconv.RUN_METADATA, metadata)
            if tags is not None:
                changed[semconv.RUN_TAGS] = mend.strings(tags)
            if description is not None:
                changed[semconv.RUN_DESCRIPTION] = mend.text(description)
            if status is not None:
                changed[semconv.RUN_STATUS] = status
            if not changed:
                return
            self._emit(semconv.EVENT_RUN_UPDATED, {**self.identity, **changed}, events.moment(None))
            if self._span is not None:
                self._span.set_attributes(changed)

    def _set_status(self, status: str) -> None:
        if mend.text(status) not in semconv.RUN_STATUSES:
            raise ValueError(f"status must be one of {', '.join(semconv.RUN_STATUSES)}, not {mend.text(status)!r}")
        self._status = None if status == semconv.STATUS_RUNNING else status

    def folder(
        self,
        path: str,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        description: str | None = None,
    ) -> None:
        """Describes a folder, this run's or another; what is not given stays.

        Args:
            path: The folder, such as ``/tests``.
            metadata: Added to its metadata.
            tags: Take the place of its tags.
            description: Takes the place of its description.
        """
        with Guard("run.folder"):
            attributes = {
                semconv.FOLDER_PATH: folder_path(path),
                **mend.prefixed(semconv.FOLDER_METADATA, metadata),
            }
            if tags is not None:
                attributes[semconv.FOLDER_TAGS] = mend.strings(tags)
            if description is not None:
                attributes[semconv.FOLDER_DESCRIPTION] = mend.text(description)
            self._emit(semconv.EVENT_FOLDER_UPDATED, attributes, events.moment(None))

    # --- where it belongs --------------------------------------------------------------------------------------------

    def _emit(self, name: str, attributes: Mapping[str, Any], time_unix_nano: int, body: Any = None) -> None:
        events.emit(name, attributes, body, time_unix_nano=time_unix_nano, context=self._context)

    def _belongs(self) -> dict[str, Any]:
        return {**context.here(), **self.identity}

    def _where(self) -> Context | None:
        """Returns the current context where a span is current in it, else the run's own, which has the run's span."""
        current = get_current()
        return current if get_current_span(current).get_span_context().is_valid else self._context


def open_runs() -> list[Run]:
    """Returns the runs that this process started and has not ended, oldest first."""
    return [found for found in list(_open.values()) if found.owned()]


def _resource() -> dict[str, str]:
    found = context.get_resource()
    return {} if found is None else {semconv.RESOURCE_ID: found}


def _numbers(values: Mapping[str, Any]) -> dict[str, float | int | bool]:
    kept, left_out = mend.numbers(values)
    if left_out:
        count(MENDED if kept else DROPPED, len(left_out))
        for name in left_out:
            warn_once(f"run.log {name}", "run.log leaves out what is no number: %s", name)
    return kept


def _warn_if_lost(name: str) -> None:
    if events.can_record(semconv.EVENT_RUN_STARTED):
        return
    if wiring.installed():
        reason = "OpenTelemetry is switched off or no destination takes events"
    else:
        reason = "no OpenTelemetry SDK runs in this program; call otel_distro.configure() first"
    warn_once("run not recorded", "run %s is not recorded: %s", name, reason)
