"""What reading back returns: plain dictionaries with the field names that ``otel-distro show --json`` prints.

Times end in ``_unix_nano`` (nanoseconds since the epoch), durations in ``_seconds``. A field whose value is unknown is
``None``: a run that still runs has no duration.
"""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["Alert", "Annotation", "Arc", "Artifact", "Incident", "Metric", "Run", "RunEvent", "RunMetric", "Span"]


class RunMetric(TypedDict):
    """One metric of a run, over all its points."""

    last: float
    min: float
    max: float
    count: int
    last_step: int | None


class Run(TypedDict):
    """One run."""

    id: str
    name: str
    folder: str
    status: str
    started_unix_nano: int | None
    duration_seconds: float | None
    tags: list[str]
    metadata: dict[str, Any]
    description: str | None
    metrics: dict[str, RunMetric]


class RunEvent(TypedDict):
    """One line that a run noted, or an exception that it met."""

    run_id: str | None
    message: str
    severity: str
    time_unix_nano: int
    attributes: dict[str, Any]


Arc = TypedDict(
    "Arc",
    {
        "id": str,
        "class": str,
        "parent_id": str | None,
        "status": str,
        "started_unix_nano": int | None,
        "duration_seconds": float | None,
        "run_id": str | None,
        "exports": dict[str, Any],
    },
)
Arc.__doc__ = "One ARC, with all that was exported to it merged into one map."


class Annotation(TypedDict):
    """One annotation of a prediction."""

    id: str
    inputs: Any
    outputs: Any
    metadata: Any
    labels: list[str]
    arc_id: str | None
    run_id: str | None
    trace_id: str | None
    time_unix_nano: int


class Incident(TypedDict):
    """One incident; each of its files is a map with ``name, media_type, size_bytes, sha256, path``."""

    id: str
    title: str
    description: str | None
    files: list[dict[str, Any]]
    run_id: str | None
    arc_id: str | None
    trace_id: str | None
    time_unix_nano: int


class Alert(TypedDict):
    """One alert rule of a run and where it stands: ``defined``, ``fired`` or ``resolved``."""

    name: str
    run_id: str | None
    metric: str
    rule: str
    state: str
    observed: float | None
    threshold: float | None
    range_low: float | None
    range_high: float | None
    frequency_minutes: float
    window_minutes: float
    time_unix_nano: int


class Artifact(TypedDict):
    """One artifact; ``path`` is where the store keeps its bytes, if it does."""

    name: str
    category: str
    media_type: str | None
    size_bytes: int | None
    sha256: str | None
    run_id: str | None
    arc_id: str | None
    original_path: str | None
    path: str | None
    time_unix_nano: int


class Metric(TypedDict, total=False):
    """The last point of one series of an instrument, or of one metric of a run (``kind`` is then ``run``).

    ``value`` for a number; ``count``, ``sum`` and ``buckets`` (upper bound to cumulative count) for a distribution.
    """

    name: str
    unit: str
    kind: str
    attributes: dict[str, Any]
    value: float
    count: int
    sum: float
    buckets: dict[str, int]
    time_unix_nano: int


class Span(TypedDict):
    """One span."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    status: str
    status_message: str | None
    started_unix_nano: int
    duration_seconds: float
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    links: list[dict[str, Any]]
    service: str | None
    scope: str | None
