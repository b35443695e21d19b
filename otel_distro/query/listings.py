"""What each listing of the local store reads, and what it may be filtered and sorted by."""

from __future__ import annotations

from typing import Final

from otel_distro.query.paging import NO_NUMBER, NO_TEXT, Column, Listing

__all__ = ["ALERTS", "ANNOTATIONS", "ARCS", "ARTIFACTS", "INCIDENTS", "METRICS", "RUNS", "RUN_EVENTS", "TRACES"]


def _columns(*names: str, **others: Column) -> dict[str, Column]:
    return {name: Column(name) for name in names} | others


def _text(expression: str) -> Column:
    return Column(expression, NO_TEXT)


def _number(expression: str) -> Column:
    return Column(expression, NO_NUMBER)


RUNS: Final = Listing(
    select="runs.*",
    source="runs",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "id",
        "name",
        "folder",
        "status",
        started_unix_nano=_number("started_unix_nano"),
        duration_seconds=_number("duration_seconds"),
        description=_text("description"),
        tags=Column("tags", is_list=True),
    ),
)
RUN_EVENTS: Final = Listing(
    select="run_events.*",
    source="run_events",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "event_name", "severity", "severity_number", "message", run_id=_text("run_id"), arc_id=_text("arc_id")
    ),
)
ARCS: Final = Listing(
    select="arcs.*",
    source="arcs",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "id",
        "class",
        "status",
        parent_id=_text("parent_id"),
        run_id=_text("run_id"),
        trace_id=_text("trace_id"),
        started_unix_nano=_number("started_unix_nano"),
        duration_seconds=_number("duration_seconds"),
    ),
)
ANNOTATIONS: Final = Listing(
    select="annotations.*",
    source="annotations",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "id",
        arc_id=_text("arc_id"),
        run_id=_text("run_id"),
        trace_id=_text("trace_id"),
        request_id=_text("request_id"),
        labels=Column("labels", is_list=True),
    ),
)
INCIDENTS: Final = Listing(
    select="incidents.*",
    source="incidents",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "id", "title", "severity", run_id=_text("run_id"), arc_id=_text("arc_id"), trace_id=_text("trace_id")
    ),
)
ALERTS: Final = Listing(
    select="alerts.*",
    source="alerts",
    key="key",
    time="time_unix_nano",
    fields=_columns("name", "metric", "rule", "state", run_id=_text("run_id"), observed=_number("observed")),
)
ARTIFACTS: Final = Listing(
    select="artifacts.*",
    source="artifacts",
    key="key",
    time="time_unix_nano",
    fields=_columns(
        "id",
        "name",
        "category",
        media_type=_text("media_type"),
        size_bytes=_number("size_bytes"),
        sha256=_text("sha256"),
        run_id=_text("run_id"),
        arc_id=_text("arc_id"),
    ),
)
TRACES: Final = Listing(
    select="spans.*, resources.service_name, scopes.name AS scope_name",
    source="spans LEFT JOIN resources ON resources.id = resource_id LEFT JOIN scopes ON scopes.id = scope_id",
    key="spans.key",
    time="started_unix_nano",
    time_field="started_unix_nano",
    fields=_columns(
        "trace_id",
        "span_id",
        "kind",
        "status",
        "duration_seconds",
        name=Column("spans.name"),
        parent_span_id=_text("parent_span_id"),
        service=_text("resources.service_name"),
        scope=_text("scopes.name"),
    ),
)
# Instruments and metrics of runs, told apart by the last bit of the key.
METRICS: Final = Listing(
    select="*",
    source="""(
        SELECT id * 2 AS key, id, name, unit, kind, attributes, last_time_unix_nano AS time, NULL AS run_id,
            NULL AS run_name, NULL AS last FROM metric_series
        UNION ALL
        SELECT run_series.id * 2 + 1, run_series.id, run_series.name, '', 'run', NULL, last_time_unix_nano, run_id,
            runs.name, last FROM run_series JOIN runs ON runs.id = run_id
    )""",
    key="key",
    time="time",
    fields=_columns("name", "unit", "kind", run_id=_text("run_id")),
)
