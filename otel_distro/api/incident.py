"""Incidents: something that somebody ought to look at."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from opentelemetry._logs import SeverityNumber

from otel_distro import semconv
from otel_distro.api import events, mend, wiring
from otel_distro.api.context import here
from otel_distro.api.files import kept_file
from otel_distro.api.guard import Guard
from otel_distro.api.instruments import add_incident

__all__ = ["incident"]

Path = str | PathLike[str]


def incident(
    title: str,
    description: str | None = None,
    *,
    files: Iterable[Path] | Path = (),
    time_unix_nano: int | None = None,
) -> str:
    """Reports an incident, with the current run, ARC and span.

    A file that is not there or cannot be read is named in a warning and counted; the incident goes without it.

    Args:
        title: What happened, in one line.
        description: All there is to say.
        files: Paths of what helps to understand it, as they are now.
        time_unix_nano: When, in nanoseconds since the epoch; now if not given.

    Returns:
        The incident's id.
    """
    incident_id = wiring.active().new_id()
    with Guard("incident"):
        attributes: dict[str, Any] = {
            semconv.INCIDENT_ID: incident_id,
            semconv.INCIDENT_TITLE: mend.text(title),
            **here(),
        }
        if description is not None:
            attributes[semconv.INCIDENT_DESCRIPTION] = mend.text(description)
        kept = _kept(files) if events.can_record(semconv.EVENT_INCIDENT) else []
        if kept:
            attributes[semconv.INCIDENT_FILES] = kept
        events.emit(
            semconv.EVENT_INCIDENT,
            attributes,
            time_unix_nano=events.moment(time_unix_nano),
            severity=SeverityNumber.ERROR,
        )
    add_incident()
    return incident_id


def _kept(files: object) -> list[dict[str, Any]]:
    found = (kept_file(path) for path in mend.listed(files))
    return [described for described in found if described is not None]
