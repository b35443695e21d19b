"""How what is known of a run, an ARC, a folder or an alert grows, in whatever order its events arrive.

Each function changes one row: a map of column to Python value (lists and maps where the column holds JSON). The rules:

- A field holds what was said of it last by the time of the event, not by the order of arrival; ``field_times`` keeps
  when that was.
- A thing that is first met in the middle (metrics before the start) gets a row with what is known.
- Of a run's states, one that ended wins over ``running``, and the later of two. ``lost`` is only a guess: it never
  overrides another end, and any other end overrides it. Only an explicit ``running`` later than the end opens a run
  again.
- An ARC may be opened again under its id: a start later than its last end makes it ``running``.
- An alert that fired is not ``defined`` again by a definition that is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from otel_distro.semconv import STATUS_LOST, STATUS_RUNNING
from otel_exporter_local.rows import (
    AlertChanged,
    ArcEnded,
    ArcExported,
    ArcStarted,
    Failure,
    FolderUpdated,
    Origin,
    RunEnded,
    RunStarted,
    RunUpdated,
)

__all__ = [
    "Row",
    "change_alert",
    "end_arc",
    "end_run",
    "export_to_arc",
    "meet_run",
    "new_alert",
    "new_arc",
    "new_folder",
    "new_run",
    "start_arc",
    "start_run",
    "update_folder",
    "update_run",
]

Row = dict[str, Any]
_NEVER: Final = -1
_STATES: Final = ("defined", "fired", "resolved")  # of one time, the later in this order is the newer


# --- runs ------------------------------------------------------------------------------------------------------------


def new_run(run_id: str, time_unix_nano: int) -> Row:
    """Returns the row of a run of which nothing is known but that something of it has come."""
    return {
        "id": run_id,
        "name": "",
        "folder": "/",
        "status": STATUS_RUNNING,
        "time_unix_nano": time_unix_nano,
        "started_unix_nano": None,
        "ended_unix_nano": None,
        "duration_seconds": None,
        "tags": [],
        "metadata": {},
        "description": None,
        "exception_type": None,
        "exception_message": None,
        "exception_stacktrace": None,
        "resource_id": None,
        "field_times": {},
    }


def meet_run(row: Row, name: str) -> None:
    """Notes a run's name from any of its events."""
    row["name"] = row["name"] or name


def start_run(row: Row, op: RunStarted) -> None:
    """Merges the start of a run."""
    _say(row, op.time_unix_nano, name=op.name or None, folder=op.folder, tags=op.tags, description=op.description)
    _say_metadata(row, op.time_unix_nano, op.metadata)
    _started(row, op.time_unix_nano)


def update_run(row: Row, op: RunUpdated) -> None:
    """Merges a change of a run."""
    meet_run(row, op.name)
    _say(row, op.time_unix_nano, tags=op.tags, description=op.description)
    _say_metadata(row, op.time_unix_nano, op.metadata)
    if op.status is not None and _settles(row, op.status, op.time_unix_nano):
        row["status"] = op.status
        row["field_times"]["status"] = op.time_unix_nano
        if op.status == STATUS_RUNNING:
            _ended(row, None, None, Failure())


def end_run(row: Row, op: RunEnded) -> None:
    """Merges the end of a run."""
    meet_run(row, op.name)
    _say(row, op.time_unix_nano, folder=op.folder)
    if op.started_unix_nano is not None:
        _started(row, op.started_unix_nano)
    if _settles(row, op.status, op.time_unix_nano):
        row["status"] = op.status
        row["field_times"]["status"] = op.time_unix_nano
        _ended(row, op.time_unix_nano, op.duration_seconds, op.failure)


def _settles(row: Row, status: str, time_unix_nano: int) -> bool:
    """Tells whether a status said at a time takes the place of the one that the row has."""
    held, since = row["status"], row["field_times"].get("status", _NEVER)
    if held == STATUS_LOST and status not in {STATUS_LOST, STATUS_RUNNING}:
        return True
    if status == STATUS_LOST and held not in {STATUS_LOST, STATUS_RUNNING}:
        return False
    if status == STATUS_RUNNING != held:
        return bool(time_unix_nano > since)
    return bool(time_unix_nano >= since)


# --- folders ---------------------------------------------------------------------------------------------------------


def new_folder(path: str, time_unix_nano: int) -> Row:
    """Returns the row of a folder of which nothing is known."""
    return {
        "path": path,
        "tags": [],
        "metadata": {},
        "description": None,
        "time_unix_nano": time_unix_nano,
        "field_times": {},
    }


def update_folder(row: Row, op: FolderUpdated) -> None:
    """Merges a change of a folder."""
    _say(row, op.time_unix_nano, tags=op.tags, description=op.description)
    _say_metadata(row, op.time_unix_nano, op.metadata)
    row["time_unix_nano"] = max(row["time_unix_nano"], op.time_unix_nano)


# --- ARCs ------------------------------------------------------------------------------------------------------------


def new_arc(arc_id: str, arc_class: str, time_unix_nano: int) -> Row:
    """Returns the row of an ARC of which nothing is known but that something of it has come."""
    return {
        "id": arc_id,
        "class": arc_class,
        "parent_id": None,
        "status": STATUS_RUNNING,
        "time_unix_nano": time_unix_nano,
        "started_unix_nano": None,
        "ended_unix_nano": None,
        "duration_seconds": None,
        "run_id": None,
        "exports": {},
        "export_times": {},
        "exception_type": None,
        "exception_message": None,
        "exception_stacktrace": None,
        "trace_id": None,
        "span_id": None,
        "resource_id": None,
    }


def start_arc(row: Row, op: ArcStarted) -> None:
    """Merges the start of an ARC."""
    _place_arc(row, op.parent_id, op.origin)
    ended = row["ended_unix_nano"]
    if ended is not None and op.time_unix_nano > ended:
        row["status"] = STATUS_RUNNING
        _ended(row, None, None, Failure())
    _arc_started(row, op.time_unix_nano)


def end_arc(row: Row, op: ArcEnded) -> None:
    """Merges the end of an ARC, unless it was opened again since."""
    _place_arc(row, op.parent_id, op.origin)
    if op.time_unix_nano < max(row["started_unix_nano"] or 0, row["ended_unix_nano"] or 0):
        return
    if op.started_unix_nano is not None:
        _arc_started(row, op.started_unix_nano)
    row["status"] = op.status
    _ended(row, op.time_unix_nano, op.duration_seconds, op.failure)


def export_to_arc(row: Row, op: ArcExported) -> None:
    """Merges what was exported: of each key, the newest value; a map within it is replaced as a whole."""
    _place_arc(row, op.parent_id, op.origin)
    times = row["export_times"]
    for key, value in op.message.items():
        if op.time_unix_nano >= times.get(key, _NEVER):
            row["exports"][key] = value
            times[key] = op.time_unix_nano


def _arc_started(row: Row, time_unix_nano: int) -> None:
    """Notes a start; of two, the last: the ARC was opened again."""
    row["started_unix_nano"] = max(time_unix_nano, row["started_unix_nano"] or 0)
    row["time_unix_nano"] = row["started_unix_nano"]
    _measure(row)


def _place_arc(row: Row, parent_id: str | None, origin: Origin) -> None:
    """Notes what any event of an ARC tells: an export made elsewhere may know less, so the first to know holds."""
    found = {"parent_id": parent_id, "run_id": origin.run_id, "trace_id": origin.trace_id, "span_id": origin.span_id}
    for column, value in found.items():
        if row[column] is None:
            row[column] = value


# --- alerts ----------------------------------------------------------------------------------------------------------


def new_alert(op: AlertChanged) -> Row:
    """Returns the row of an alert that was met for the first time."""
    return {
        "name": op.name,
        "run_id": op.run_id,
        "metric": op.metric,
        "rule": op.rule,
        "frequency_minutes": op.frequency_minutes,
        "window_minutes": op.window_minutes,
        "threshold": op.threshold,
        "range_low": op.range_low,
        "range_high": op.range_high,
        "state": op.state,
        "observed": op.observed,
        "time_unix_nano": op.time_unix_nano,
        "defined_unix_nano": op.time_unix_nano if op.state == "defined" else None,
    }


def change_alert(row: Row, op: AlertChanged) -> None:
    """Merges one event of an alert that has a row."""
    if op.state == "defined":
        if op.time_unix_nano < (row["defined_unix_nano"] or 0):
            return
        rule = new_alert(op)
        for column in ("metric", "rule", "frequency_minutes", "window_minutes", "threshold", "range_low", "range_high"):
            row[column] = rule[column]
        row["defined_unix_nano"] = op.time_unix_nano
    elif row["state"] == "defined" or _newness(op.time_unix_nano, op.state) >= _newness(
        row["time_unix_nano"], row["state"]
    ):
        row["state"], row["observed"], row["time_unix_nano"] = op.state, op.observed, op.time_unix_nano


def _newness(time_unix_nano: int, state: str) -> tuple[int, int]:
    return time_unix_nano, _STATES.index(state)


# --- parts -----------------------------------------------------------------------------------------------------------


def _say(row: Row, time_unix_nano: int, **fields: Any) -> None:
    """Sets the fields that are given and about which nothing newer is known."""
    times = row["field_times"]
    for field, value in fields.items():
        if value is not None and time_unix_nano >= times.get(field, _NEVER):
            row[field] = value
            times[field] = time_unix_nano


def _say_metadata(row: Row, time_unix_nano: int, metadata: Mapping[str, Any]) -> None:
    times = row["field_times"]
    for key, value in metadata.items():
        if time_unix_nano >= times.get(f"metadata.{key}", _NEVER):
            row["metadata"][key] = value
            times[f"metadata.{key}"] = time_unix_nano


def _started(row: Row, time_unix_nano: int) -> None:
    """Notes a start; of two, the first: a run that goes on elsewhere is still one run."""
    known = row["started_unix_nano"]
    row["started_unix_nano"] = time_unix_nano if known is None else min(known, time_unix_nano)
    row["time_unix_nano"] = row["started_unix_nano"]
    _measure(row)


def _ended(row: Row, time_unix_nano: int | None, duration_seconds: float | None, failure: Failure) -> None:
    row["ended_unix_nano"], row["duration_seconds"] = time_unix_nano, duration_seconds
    _measure(row)
    row["exception_type"] = failure.type
    row["exception_message"] = failure.message
    row["exception_stacktrace"] = failure.stacktrace


def _measure(row: Row) -> None:
    """Fills in a duration that no event told, once start and end are known."""
    started, ended = row["started_unix_nano"], row["ended_unix_nano"]
    if row["duration_seconds"] is None and started is not None and ended is not None:
        row["duration_seconds"] = max(ended - started, 0) / 1e9
