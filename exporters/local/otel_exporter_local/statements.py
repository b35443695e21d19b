"""The statements by which the writer changes the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = [
    "ADD_ANNOTATION",
    "ADD_ARTIFACT",
    "ADD_EVENT",
    "ADD_FILE",
    "ADD_INCIDENT",
    "ADD_INCIDENT_FILE",
    "ADD_LOG",
    "ADD_METRIC_POINT",
    "ADD_METRIC_SERIES",
    "ADD_RESOURCE",
    "ADD_RUN_POINT",
    "ADD_RUN_SERIES",
    "ADD_SCOPE",
    "ADD_SPAN",
    "ADVANCE_CURSOR",
    "COUNT_DROPPED",
    "FORGET_SEGMENT",
    "SEE_RESOURCE",
    "UPDATE_METRIC_SERIES",
    "UPDATE_RUN_SERIES",
    "upsert",
]


def insert(table: str, columns: Sequence[str]) -> str:
    """Returns a statement that inserts one row, whose values stand in the order of the columns."""
    names, values = ", ".join(columns), ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - names are literals of this package


def upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> str:
    """Returns a statement that inserts a row, or puts its values in the place of the row that has its key."""
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return f"{insert(table, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"


# A cursor only ever moves forward, whichever of several leaders comes last.
ADVANCE_CURSOR: Final = (
    "INSERT INTO cursors (segment, offset, updated_unix_nano) VALUES (?, ?, ?) ON CONFLICT (segment) DO UPDATE "
    "SET offset = max(offset, excluded.offset), updated_unix_nano = excluded.updated_unix_nano"
)
FORGET_SEGMENT: Final = "DELETE FROM cursors WHERE segment = ?"
COUNT_DROPPED: Final = (
    "INSERT INTO dropped (what, reason, count) VALUES (?, ?, ?) ON CONFLICT (what, reason) DO UPDATE "
    "SET count = count + excluded.count"
)

_ENCLOSING: Final = ("attributes", "schema_url")
ADD_RESOURCE: Final = insert(
    "resources", ("digest", "seen_unix_nano", "service_name", "service_instance_id", *_ENCLOSING)
)
SEE_RESOURCE: Final = "UPDATE resources SET seen_unix_nano = ? WHERE id = ?"
ADD_SCOPE: Final = insert("scopes", ("digest", "name", "version", *_ENCLOSING))

_SERIES_STATE: Final = ("count", "nan_count", "sum", "min", "max", "last", "last_step", "last_time_unix_nano")
ADD_RUN_SERIES: Final = insert("run_series", ("run_id", "name", *_SERIES_STATE))
UPDATE_RUN_SERIES: Final = (
    "UPDATE run_series SET count = ?, nan_count = ?, sum = ?, min = ?, max = ?, last = ?, last_step = ?, "
    "last_time_unix_nano = ? WHERE id = ?"
)
ADD_RUN_POINT: Final = insert("run_points", ("series_id", "position", "step", "time_unix_nano", "value"))

# Columns in the order of EventNoted, Annotated, IncidentOpened, ... with their origin; see writer.
ADD_EVENT: Final = insert(
    "run_events",
    (
        "run_id",
        "arc_id",
        "trace_id",
        "span_id",
        "event_name",
        "severity",
        "severity_number",
        "message",
        "body",
        "attributes",
        "time_unix_nano",
        "resource_id",
    ),
)
_ANNOTATION_COLUMNS: Final = (
    "run_id",
    "arc_id",
    "trace_id",
    "span_id",
    "id",
    "inputs",
    "outputs",
    "metadata",
    "labels",
    "request_id",
    "time_unix_nano",
    "resource_id",
)
# An annotation that is stored again under its id takes the place of the older one.
ADD_ANNOTATION: Final = (
    upsert("annotations", _ANNOTATION_COLUMNS, ("id",)) + " WHERE excluded.time_unix_nano >= time_unix_nano"
)
ADD_INCIDENT: Final = (
    insert(
        "incidents",
        (
            "run_id",
            "arc_id",
            "trace_id",
            "span_id",
            "id",
            "title",
            "description",
            "severity",
            "time_unix_nano",
            "resource_id",
        ),
    )
    + " ON CONFLICT (id) DO NOTHING"
)
_FILE_COLUMNS: Final = (
    "name",
    "media_type",
    "size_bytes",
    "sha256",
    "uri",
    "original_path",
    "path",
    "problem",
)
ADD_INCIDENT_FILE: Final = (
    insert("incident_files", ("incident_id", "position", *_FILE_COLUMNS)) + " ON CONFLICT DO NOTHING"
)
ADD_ARTIFACT: Final = (
    insert("artifacts", ("id", "category", "run_id", "arc_id", "time_unix_nano", "resource_id", *_FILE_COLUMNS))
    + " ON CONFLICT (id) DO NOTHING"
)
ADD_FILE: Final = insert("files", ("path", "size_bytes")) + " ON CONFLICT (path) DO NOTHING"

ADD_SPAN: Final = insert(
    "spans",
    (
        "trace_id",
        "span_id",
        "parent_span_id",
        "name",
        "kind",
        "status",
        "status_message",
        "started_unix_nano",
        "duration_seconds",
        "attributes",
        "events",
        "links",
        "trace_state",
        "resource_id",
        "scope_id",
    ),
)
ADD_LOG: Final = insert(
    "logs",
    (
        "time_unix_nano",
        "severity",
        "severity_number",
        "event_name",
        "message",
        "body",
        "attributes",
        "trace_id",
        "span_id",
        "resource_id",
        "scope_id",
    ),
)

ADD_METRIC_SERIES: Final = insert(
    "metric_series",
    (
        "digest",
        "name",
        "unit",
        "description",
        "kind",
        "temporality",
        "monotonic",
        "attributes",
        "resource_id",
        "scope_id",
        "count",
        "last_time_unix_nano",
    ),
)
UPDATE_METRIC_SERIES: Final = "UPDATE metric_series SET count = ?, last_time_unix_nano = ? WHERE id = ?"
# A cumulative point that came before, or again, says nothing new.
ADD_METRIC_POINT: Final = (
    insert(
        "metric_points",
        (
            "series_id",
            "position",
            "time_unix_nano",
            "start_unix_nano",
            "value",
            "count",
            "sum",
            "min",
            "max",
            "bounds",
            "counts",
            "detail",
        ),
    )
    + " ON CONFLICT (series_id, time_unix_nano, position) DO NOTHING"
)
