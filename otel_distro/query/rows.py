"""Rows of the local store as the records that readers return."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import Row
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from otel_distro.query.records import (
        Alert,
        Annotation,
        Arc,
        Artifact,
        Incident,
        Metric,
        Run,
        RunEvent,
        RunMetric,
        Span,
    )

__all__ = ["alert", "annotation", "arc", "artifact", "incident", "metric", "run", "run_event", "span"]

# Attributes of a run's metric in the listing of metrics, named as in the events of the run.
_RUN_ID: Final = "algo.run.id"
_RUN_NAME: Final = "algo.run.name"


def run(row: Row, series: Sequence[Row]) -> Run:
    """Returns a run with its metrics."""
    return {
        "id": row["id"],
        "name": row["name"],
        "folder": row["folder"],
        "status": row["status"],
        "started_unix_nano": row["started_unix_nano"],
        "duration_seconds": row["duration_seconds"],
        "tags": json.loads(row["tags"]),
        "metadata": json.loads(row["metadata"]),
        "description": row["description"],
        "metrics": {each["name"]: _run_metric(each) for each in series},
    }


def _run_metric(row: Row) -> RunMetric:
    return {
        "last": _number(row["last"]),
        "min": _number(row["min"]),
        "max": _number(row["max"]),
        "count": row["count"],
        "last_step": row["last_step"],
    }


def run_event(row: Row) -> RunEvent:
    """Returns what a run noted."""
    return {
        "run_id": row["run_id"],
        "message": row["message"],
        "severity": row["severity"],
        "time_unix_nano": row["time_unix_nano"],
        "attributes": json.loads(row["attributes"]),
    }


def arc(row: Row) -> Arc:
    """Returns an ARC."""
    return {
        "id": row["id"],
        "class": row["class"],
        "parent_id": row["parent_id"],
        "status": row["status"],
        "started_unix_nano": row["started_unix_nano"],
        "duration_seconds": row["duration_seconds"],
        "run_id": row["run_id"],
        "exports": json.loads(row["exports"]),
    }


def annotation(row: Row) -> Annotation:
    """Returns an annotation."""
    return {
        "id": row["id"],
        "inputs": _json(row["inputs"]),
        "outputs": _json(row["outputs"]),
        "metadata": _json(row["metadata"]),
        "labels": json.loads(row["labels"]),
        "arc_id": row["arc_id"],
        "run_id": row["run_id"],
        "trace_id": row["trace_id"],
        "time_unix_nano": row["time_unix_nano"],
    }


def incident(row: Row, files: Sequence[Row], artifacts: Path) -> Incident:
    """Returns an incident with its files."""
    return {
        "id": row["id"],
        "title": row["title"],
        "description": row["description"],
        "files": [_file(each, artifacts) for each in files],
        "run_id": row["run_id"],
        "arc_id": row["arc_id"],
        "trace_id": row["trace_id"],
        "time_unix_nano": row["time_unix_nano"],
    }


def _file(row: Row, artifacts: Path) -> dict[str, Any]:
    return {
        "name": row["name"],
        "media_type": row["media_type"],
        "size_bytes": row["size_bytes"],
        "sha256": row["sha256"],
        "path": _path(row["path"], artifacts),
    }


def alert(row: Row) -> Alert:
    """Returns an alert; one that was judged and has no number was judged on NaN."""
    observed = row["observed"]
    return {
        "name": row["name"],
        "run_id": row["run_id"],
        "metric": row["metric"],
        "rule": row["rule"],
        "state": row["state"],
        "observed": None if observed is None and row["state"] == "defined" else _number(observed),
        "threshold": row["threshold"],
        "range_low": row["range_low"],
        "range_high": row["range_high"],
        "frequency_minutes": _number(row["frequency_minutes"]),
        "window_minutes": _number(row["window_minutes"]),
        "time_unix_nano": row["time_unix_nano"],
    }


def artifact(row: Row, artifacts: Path) -> Artifact:
    """Returns an artifact."""
    return {
        "name": row["name"],
        "category": row["category"],
        "media_type": row["media_type"],
        "size_bytes": row["size_bytes"],
        "sha256": row["sha256"],
        "run_id": row["run_id"],
        "arc_id": row["arc_id"],
        "original_path": row["original_path"],
        "path": _path(row["path"], artifacts),
        "time_unix_nano": row["time_unix_nano"],
    }


def span(row: Row) -> Span:
    """Returns a span."""
    return {
        "trace_id": row["trace_id"],
        "span_id": row["span_id"],
        "parent_span_id": row["parent_span_id"],
        "name": row["name"],
        "kind": row["kind"],
        "status": row["status"],
        "status_message": row["status_message"],
        "started_unix_nano": row["started_unix_nano"],
        "duration_seconds": row["duration_seconds"],
        "attributes": json.loads(row["attributes"]),
        "events": json.loads(row["events"]),
        "links": json.loads(row["links"]),
        "service": row["service_name"],
        "scope": row["scope_name"],
    }


# --- metrics ---------------------------------------------------------------------------------------------------------


def metric(series: Row, point: Row | None) -> Metric:
    """Returns the last point of a series.

    Args:
        series: The series.
        point: Its last point; ``None`` for a metric of a run, whose series has its last value.
    """
    described: Metric = {
        "name": series["name"],
        "unit": series["unit"],
        "kind": series["kind"],
        "attributes": _attributes(series),
    }
    if point is None:
        return {**described, "value": _number(series["last"]), "time_unix_nano": series["time"]}
    return {**described, **_value(point), "time_unix_nano": point["time_unix_nano"]}


def _attributes(series: Row) -> dict[str, Any]:
    if series["attributes"] is None:
        return {_RUN_ID: series["run_id"], _RUN_NAME: series["run_name"]}
    attributes: dict[str, Any] = json.loads(series["attributes"])
    return attributes


def _value(point: Row) -> Metric:
    if point["count"] is None:
        return {"value": _number(point["value"])}
    distribution: Metric = {"count": point["count"], "sum": _number(point["sum"])}
    buckets = _buckets(point)
    return {**distribution, "buckets": buckets} if buckets else distribution


def _buckets(point: Row) -> dict[str, int]:
    """Returns cumulative counts by upper bound, as Prometheus has them."""
    cumulative, total = {}, 0
    for bound, count in _explicit(point) if point["bounds"] is not None else _exponential(point):
        total += count
        cumulative["+Inf" if bound == math.inf else repr(bound)] = total
    return cumulative


def _explicit(point: Row) -> Iterator[tuple[float, int]]:
    bounds = [float(bound) for bound in json.loads(point["bounds"])]
    return zip([*bounds, math.inf], json.loads(point["counts"]), strict=False)


def _exponential(point: Row) -> Iterator[tuple[float, int]]:
    """Yields upper bounds and counts; bucket i holds values in (base ** i, base ** (i + 1)], base = 2 ** 2 ** -scale.

    From https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
    """
    detail = json.loads(point["detail"] or "{}")
    if "scale" not in detail:
        return
    for index, count in reversed(list(_indexed(detail["negative"]))):
        yield -_power(detail["scale"], index), count
    yield float(detail["zero_threshold"]), detail["zero_count"]
    for index, count in _indexed(detail["positive"]):
        yield _power(detail["scale"], index + 1), count
    yield math.inf, 0


def _indexed(buckets: Mapping[Literal["offset", "counts"], Any]) -> Iterator[tuple[int, int]]:
    return ((buckets["offset"] + position, count) for position, count in enumerate(buckets["counts"]))


def _power(scale: int, index: int) -> float:
    try:
        return float(2.0 ** (index * 2.0**-scale))
    except OverflowError:
        return math.inf


# --- parts -----------------------------------------------------------------------------------------------------------


def _number(value: float | None) -> float:
    """Returns a number; SQLite has NULL for NaN."""
    return math.nan if value is None else value


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _path(below: str | None, artifacts: Path) -> str | None:
    return None if below is None else str(artifacts / below)
