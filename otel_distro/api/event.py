"""Events: a line of text, an exception or a map, with its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context

from otel_distro import semconv
from otel_distro.api import events, failure, mend
from otel_distro.api.context import here
from otel_distro.api.guard import Guard

__all__ = ["event", "record_event"]

_SEVERITIES: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}


def event(
    what: str | BaseException | Mapping[str, Any], *, severity: str | None = None, time_unix_nano: int | None = None
) -> None:
    """Notes something: a text or an exception on the current run, if there is one; a map for itself.

    Args:
        what: A text, an exception, or a map with a structure of the caller's.
        severity: ``debug``, ``info``, ``warning``, ``error`` or ``critical``; if not given, ``error`` for an
            exception and ``info`` for the rest.
        time_unix_nano: When, in nanoseconds since the epoch; now if not given.

    Raises:
        ValueError: The severity is unknown.
    """
    belongs = here()
    if semconv.RUN_ID in belongs and not isinstance(what, Mapping):
        record_event(semconv.EVENT_RUN_EVENT, what, severity, time_unix_nano, belongs)
    else:
        record_event(semconv.EVENT_NOTE, what, severity, time_unix_nano, belongs)


def record_event(
    name: str,
    what: object,
    severity: str | None,
    time_unix_nano: int | None,
    belongs: Mapping[str, Any],
    context: Context | None = None,
) -> None:
    """Emits a note.

    Args:
        name: ``semconv.EVENT_RUN_EVENT`` or ``semconv.EVENT_NOTE``.
        what: A text, an exception or a map.
        severity: As :func:`event` has it.
        time_unix_nano: When, in nanoseconds since the epoch; ``None`` for now.
        belongs: The attributes of the run and the ARC that it belongs to.
        context: Where it happened; the current context if not given.

    Raises:
        ValueError: The severity is unknown.
    """
    level = _severity(what, severity)
    with Guard("event"):
        attributes: dict[str, Any] = dict(belongs)
        body: Any
        if isinstance(what, BaseException):
            body = failure.summary(what)
            attributes.update(failure.exception_attributes(what))
        else:
            body = mend.mapping(what) if isinstance(what, Mapping) else mend.text(what)
        events.emit(
            name, attributes, body, time_unix_nano=events.moment(time_unix_nano), context=context, severity=level
        )


def _severity(what: object, given: object) -> SeverityNumber:
    if given is None:
        return SeverityNumber.ERROR if isinstance(what, BaseException) else SeverityNumber.INFO
    found = _SEVERITIES.get(given) if isinstance(given, str) else None
    if found is None:
        raise ValueError(f"severity must be one of {', '.join(_SEVERITIES)}, not {mend.text(given)!r}")
    return found
