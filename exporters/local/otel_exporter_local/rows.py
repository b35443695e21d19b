"""Row operations: what the translator hands to the writer, one class for each thing that can happen to the store.

Fields are named as the columns that they change (``otel_distro.query.ddl``), but for ``count``, a method of tuples.
Values that are merged with what the store holds (tags, metadata, exports) are Python values; all other structured
values are JSON text already, so that the writing transaction does not spend its time on it. The database's ids of
resource and scope are the writer's.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

NUMBERS_ONLY: Final = "not a number"  # reason in the table ``dropped``


class Failure(NamedTuple):
    """The exception by which a run or an ARC failed."""

    type: str | None = None
    message: str | None = None
    stacktrace: str | None = None


class FileSource(NamedTuple):
    """A file that an event names: what it says of it, and where its bytes can be had.

    Attributes:
        kept: Name of the copy among the spool's files; ``None`` where none was made.
        original_path: Where it lay when it was named.
    """

    name: str
    media_type: str | None
    size_bytes: int | None
    sha256: str | None
    uri: str | None
    original_path: str | None
    kept: str | None


class Origin(NamedTuple):
    """Where in the program an event was recorded."""

    run_id: str | None
    arc_id: str | None
    trace_id: str | None
    span_id: str | None


class RunStarted(NamedTuple):
    """A run began."""

    run_id: str
    name: str
    folder: str | None
    tags: list[str] | None
    metadata: dict[str, Any]
    description: str | None
    time_unix_nano: int


class RunUpdated(NamedTuple):
    """Some of a run's fields changed; ``None`` for those that did not."""

    run_id: str
    name: str
    tags: list[str] | None
    metadata: dict[str, Any]
    description: str | None
    status: str | None
    time_unix_nano: int


class RunEnded(NamedTuple):
    """A run ended."""

    run_id: str
    name: str
    folder: str | None
    status: str
    started_unix_nano: int | None
    duration_seconds: float | None
    failure: Failure
    time_unix_nano: int


class RunPoint(NamedTuple):
    """One value of a run's metric; ``value`` may be NaN or infinite."""

    metric: str
    step: int | None
    time_unix_nano: int
    value: float


class RunMeasured(NamedTuple):
    """Points of a run's metrics, in the order in which they were logged."""

    run_id: str
    name: str
    points: list[RunPoint]


class ValuesRefused(NamedTuple):
    """Values of a record that no column can hold; the rest of the record is stored."""

    what: str
    reason: str
    number: int


class EventNoted(NamedTuple):
    """A run noted a line, met an exception, or a free event was recorded."""

    event_name: str
    run_name: str
    severity: str
    severity_number: int
    message: str
    body: str | None
    attributes: str
    origin: Origin
    time_unix_nano: int


class FolderUpdated(NamedTuple):
    """Some of a folder's fields changed; ``None`` for those that did not."""

    path: str
    tags: list[str] | None
    metadata: dict[str, Any]
    description: str | None
    time_unix_nano: int


class ArcStarted(NamedTuple):
    """An ARC began, or was opened again."""

    arc_id: str
    arc_class: str
    parent_id: str | None
    origin: Origin
    time_unix_nano: int


class ArcEnded(NamedTuple):
    """An ARC ended."""

    arc_id: str
    arc_class: str
    parent_id: str | None
    status: str
    started_unix_nano: int | None
    duration_seconds: float | None
    failure: Failure
    origin: Origin
    time_unix_nano: int


class ArcExported(NamedTuple):
    """Something was exported to an ARC."""

    arc_id: str
    arc_class: str
    parent_id: str | None
    message: dict[str, Any]
    origin: Origin
    time_unix_nano: int


class Annotated(NamedTuple):
    """A prediction was annotated."""

    id: str
    inputs: str | None
    outputs: str | None
    metadata: str | None
    labels: str
    request_id: str | None
    origin: Origin
    time_unix_nano: int


class IncidentOpened(NamedTuple):
    """An incident was reported."""

    id: str
    title: str
    description: str | None
    severity: str
    files: tuple[FileSource, ...]
    origin: Origin
    time_unix_nano: int


class AlertChanged(NamedTuple):
    """An alert rule was defined, fired or was resolved; every one of these events carries the whole rule."""

    name: str
    run_id: str | None
    run_name: str
    metric: str
    rule: str
    frequency_minutes: float | None
    window_minutes: float | None
    threshold: float | None
    range_low: float | None
    range_high: float | None
    state: str
    observed: float | None
    time_unix_nano: int


class ArtifactSaved(NamedTuple):
    """A file or an object was saved."""

    id: str
    category: str
    run_name: str
    file: FileSource
    origin: Origin
    time_unix_nano: int


class SpanEnded(NamedTuple):
    """A span ended."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    status: str
    status_message: str | None
    started_unix_nano: int
    duration_seconds: float
    attributes: str
    events: str
    links: str
    trace_state: str | None


class LogWritten(NamedTuple):
    """An application wrote a log record, or an event came that the store has no table for."""

    time_unix_nano: int
    severity: str
    severity_number: int
    event_name: str | None
    message: str
    body: str | None
    attributes: str
    trace_id: str | None
    span_id: str | None


class Series(NamedTuple):
    """One instrument with one set of attributes."""

    name: str
    unit: str
    description: str | None
    kind: str
    temporality: str | None
    monotonic: bool | None
    attributes: str


class InstrumentPoint(NamedTuple):
    """One point of one series: ``value`` of a number, the rest of a distribution."""

    time_unix_nano: int
    start_unix_nano: int | None = None
    value: float | None = None
    observations: int | None = None
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: str | None = None
    counts: str | None = None
    detail: str | None = None


class InstrumentMeasured(NamedTuple):
    """An instrument was read."""

    series: Series
    point: InstrumentPoint


Operation: TypeAlias = (
    RunStarted
    | RunUpdated
    | RunEnded
    | RunMeasured
    | ValuesRefused
    | EventNoted
    | FolderUpdated
    | ArcStarted
    | ArcEnded
    | ArcExported
    | Annotated
    | IncidentOpened
    | AlertChanged
    | ArtifactSaved
    | SpanEnded
    | LogWritten
    | InstrumentMeasured
)


class Translated(NamedTuple):
    """What becomes of one record, with what the writer needs to store it once.

    Attributes:
        segment: The segment that it came from.
        offset: Where it begins there, in bytes.
        appended_unix_nano: When it was appended.
        resource: As in ``SpooledRecord``.
        scope: As in ``SpooledRecord``.
        operations: In the order in which they are to be carried out.
    """

    segment: str
    offset: int
    appended_unix_nano: int
    resource: bytes
    scope: bytes
    operations: list[Operation]
