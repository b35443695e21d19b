"""Domain events to row operations. Attributes and bodies of each event: ``otel_distro.semconv``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from otel_distro import semconv
from otel_distro.otlp.decode import Event, decode_log
from otel_distro.spool.record import SpooledRecord
from otel_exporter_local.attributes import LISTS, below, integer, number, text, texts, to_number, within_int64
from otel_exporter_local.json_text import dumps
from otel_exporter_local.logs import log_written, message_of, severity_of, time_of
from otel_exporter_local.rows import (
    NUMBERS_ONLY,
    AlertChanged,
    Annotated,
    ArcEnded,
    ArcExported,
    ArcStarted,
    ArtifactSaved,
    EventNoted,
    Failure,
    FileSource,
    FolderUpdated,
    IncidentOpened,
    Operation,
    Origin,
    RunEnded,
    RunMeasured,
    RunPoint,
    RunStarted,
    RunUpdated,
    ValuesRefused,
)

__all__ = ["EVENTS", "event_operations"]

# They have columns of their own, so they are left out of the attributes of what a run noted.
_COLUMNS: Final = frozenset({semconv.RUN_ID, semconv.RUN_NAME, semconv.ARC_ID})


class IncompleteEventError(ValueError):
    """The event lacks what names the thing that it is about."""


def event_operations(record: SpooledRecord) -> list[Operation]:
    """Translates an event; one that is not known, or lacks its id, is kept as a log record."""
    event = decode_log(record)
    translate = EVENTS.get(event.event_name)
    if translate is not None:
        try:
            return translate(event, record)
        except IncompleteEventError:
            pass
    return [log_written(event, record)]


# --- runs ------------------------------------------------------------------------------------------------------------


def _run_started(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        RunStarted(
            run_id=_required(attributes, semconv.RUN_ID),
            name=text(attributes, semconv.RUN_NAME) or "",
            folder=text(attributes, semconv.RUN_FOLDER),
            tags=texts(attributes, semconv.RUN_TAGS),
            metadata=below(attributes, semconv.RUN_METADATA),
            description=text(attributes, semconv.RUN_DESCRIPTION),
            time_unix_nano=time_of(event, record),
        )
    ]


def _run_updated(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        RunUpdated(
            run_id=_required(attributes, semconv.RUN_ID),
            name=text(attributes, semconv.RUN_NAME) or "",
            tags=texts(attributes, semconv.RUN_TAGS),
            metadata=below(attributes, semconv.RUN_METADATA),
            description=text(attributes, semconv.RUN_DESCRIPTION),
            status=text(attributes, semconv.RUN_STATUS),
            time_unix_nano=time_of(event, record),
        )
    ]


def _run_ended(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        RunEnded(
            run_id=_required(attributes, semconv.RUN_ID),
            name=text(attributes, semconv.RUN_NAME) or "",
            folder=text(attributes, semconv.RUN_FOLDER),
            status=text(attributes, semconv.RUN_STATUS) or semconv.STATUS_COMPLETED,
            started_unix_nano=integer(attributes, semconv.RUN_STARTED_UNIX_NANO),
            duration_seconds=number(attributes, semconv.RUN_DURATION_SECONDS),
            failure=_failure(attributes),
            time_unix_nano=time_of(event, record),
        )
    ]


def _run_metrics(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes, body = event.attributes, event.body
    run_id, name = _required(attributes, semconv.RUN_ID), text(attributes, semconv.RUN_NAME) or ""
    if not isinstance(body, dict):
        raise IncompleteEventError("an event of metrics has a map as its body")
    points: list[RunPoint] = []
    refused = 0
    step, time_unix_nano = integer(attributes, semconv.RUN_STEP), time_of(event, record)
    for metric, value in body.items():
        if type(value) is float:  # nearly always
            points.append(RunPoint(metric, step, time_unix_nano, value))
        elif isinstance(value, LISTS):
            taken = list(_many_points(metric, value, attributes, time_unix_nano))
            refused += len(value) - len(taken)
            points += taken
        elif (one := to_number(value)) is None:
            refused += 1
        else:
            points.append(RunPoint(metric, step, time_unix_nano, one))
    operations: list[Operation] = [RunMeasured(run_id, name, points)]
    return [*operations, ValuesRefused("run_points", NUMBERS_ONLY, refused)] if refused else operations


def _many_points(
    metric: str, values: Sequence[Any], attributes: Mapping[str, Any], time_unix_nano: int
) -> Iterator[RunPoint]:
    """Yields the points of a metric whose record holds many steps; steps and times may be shorter than the values."""
    steps = _integers(attributes, semconv.RUN_STEPS)
    times = _integers(attributes, semconv.RUN_TIMES_UNIX_NANO)
    for index, value in enumerate(values):
        taken = to_number(value)
        if taken is not None:
            step = steps[index] if index < len(steps) else None
            yield RunPoint(metric, step, times[index] if index < len(times) else time_unix_nano, taken)


def _noted(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    number_, name = severity_of(event)
    message, body = message_of(event)
    return [
        EventNoted(
            event_name=event.event_name,
            run_name=text(attributes, semconv.RUN_NAME) or "",
            severity=name,
            severity_number=number_,
            message=message,
            body=body,
            attributes=dumps({key: value for key, value in attributes.items() if key not in _COLUMNS}),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


def _folder_updated(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        FolderUpdated(
            path=_required(attributes, semconv.FOLDER_PATH),
            tags=texts(attributes, semconv.FOLDER_TAGS),
            metadata=below(attributes, semconv.FOLDER_METADATA),
            description=text(attributes, semconv.FOLDER_DESCRIPTION),
            time_unix_nano=time_of(event, record),
        )
    ]


# --- ARCs ------------------------------------------------------------------------------------------------------------


def _arc_started(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        ArcStarted(
            arc_id=_required(attributes, semconv.ARC_ID),
            arc_class=text(attributes, semconv.ARC_CLASS) or "",
            parent_id=text(attributes, semconv.ARC_PARENT_ID),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


def _arc_ended(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        ArcEnded(
            arc_id=_required(attributes, semconv.ARC_ID),
            arc_class=text(attributes, semconv.ARC_CLASS) or "",
            parent_id=text(attributes, semconv.ARC_PARENT_ID),
            status=text(attributes, semconv.ARC_STATUS) or semconv.STATUS_COMPLETED,
            started_unix_nano=integer(attributes, semconv.ARC_STARTED_UNIX_NANO),
            duration_seconds=number(attributes, semconv.ARC_DURATION_SECONDS),
            failure=_failure(attributes),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


def _arc_exported(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes, body = event.attributes, event.body
    if not isinstance(body, dict):
        raise IncompleteEventError("an export has a map as its body")
    return [
        ArcExported(
            arc_id=_required(attributes, semconv.ARC_ID),
            arc_class=text(attributes, semconv.ARC_CLASS) or "",
            parent_id=text(attributes, semconv.ARC_PARENT_ID),
            message=body,
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


# --- annotations, incidents, alerts, artifacts -----------------------------------------------------------------------


def _annotated(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    body = event.body if isinstance(event.body, dict) else {"outputs": event.body}
    return [
        Annotated(
            id=text(attributes, semconv.ANNOTATION_ID) or _derived_id(record),
            inputs=_json(body.get("inputs")),
            outputs=_json(body.get("outputs")),
            metadata=_json(body.get("metadata")),
            labels=dumps(texts(attributes, semconv.ANNOTATION_LABELS) or []),
            request_id=text(attributes, semconv.REQUEST_ID),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


def _incident_opened(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    files = attributes.get(semconv.INCIDENT_FILES)
    return [
        IncidentOpened(
            id=text(attributes, semconv.INCIDENT_ID) or _derived_id(record),
            title=text(attributes, semconv.INCIDENT_TITLE) or "",
            description=text(attributes, semconv.INCIDENT_DESCRIPTION),
            severity=severity_of(event)[1],
            files=tuple(_incident_file(file) for file in files if isinstance(file, dict))
            if isinstance(files, LISTS)
            else (),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


def _incident_file(file: Mapping[str, Any]) -> FileSource:
    return FileSource(
        name=text(file, semconv.FILE_NAME) or "",
        media_type=text(file, semconv.FILE_MEDIA_TYPE),
        size_bytes=integer(file, semconv.FILE_SIZE_BYTES),
        sha256=text(file, semconv.FILE_SHA256),
        uri=text(file, semconv.FILE_URI),
        original_path=text(file, semconv.FILE_ORIGINAL_PATH),
        kept=text(file, semconv.FILE_KEPT),
    )


def _alert_changed(state: str) -> Callable[[Event, SpooledRecord], list[Operation]]:
    def translate(event: Event, record: SpooledRecord) -> list[Operation]:
        attributes = event.attributes
        return [
            AlertChanged(
                name=_required(attributes, semconv.ALERT_NAME),
                run_id=text(attributes, semconv.RUN_ID),
                run_name=text(attributes, semconv.RUN_NAME) or "",
                metric=text(attributes, semconv.ALERT_METRIC) or "",
                rule=text(attributes, semconv.ALERT_RULE) or "",
                frequency_minutes=number(attributes, semconv.ALERT_FREQUENCY_MINUTES),
                window_minutes=number(attributes, semconv.ALERT_WINDOW_MINUTES),
                threshold=number(attributes, semconv.ALERT_THRESHOLD),
                range_low=number(attributes, semconv.ALERT_RANGE_LOW),
                range_high=number(attributes, semconv.ALERT_RANGE_HIGH),
                state=state,
                observed=number(attributes, semconv.ALERT_OBSERVED),
                time_unix_nano=time_of(event, record),
            )
        ]

    return translate


def _artifact_saved(event: Event, record: SpooledRecord) -> list[Operation]:
    attributes = event.attributes
    return [
        ArtifactSaved(
            id=text(attributes, semconv.ARTIFACT_ID) or _derived_id(record),
            category=text(attributes, semconv.ARTIFACT_CATEGORY) or "",
            run_name=text(attributes, semconv.RUN_NAME) or "",
            file=FileSource(
                name=text(attributes, semconv.ARTIFACT_NAME) or "",
                media_type=text(attributes, semconv.ARTIFACT_MEDIA_TYPE),
                size_bytes=integer(attributes, semconv.ARTIFACT_SIZE_BYTES),
                sha256=text(attributes, semconv.ARTIFACT_SHA256),
                uri=text(attributes, semconv.ARTIFACT_URI),
                original_path=text(attributes, semconv.ARTIFACT_ORIGINAL_PATH),
                kept=text(attributes, semconv.ARTIFACT_KEPT),
            ),
            origin=_origin(event),
            time_unix_nano=time_of(event, record),
        )
    ]


EVENTS: Final[Mapping[str, Callable[[Event, SpooledRecord], list[Operation]]]] = {
    semconv.EVENT_RUN_STARTED: _run_started,
    semconv.EVENT_RUN_UPDATED: _run_updated,
    semconv.EVENT_RUN_ENDED: _run_ended,
    semconv.EVENT_RUN_METRICS: _run_metrics,
    semconv.EVENT_RUN_EVENT: _noted,
    semconv.EVENT_NOTE: _noted,
    semconv.EVENT_FOLDER_UPDATED: _folder_updated,
    semconv.EVENT_ARC_STARTED: _arc_started,
    semconv.EVENT_ARC_ENDED: _arc_ended,
    semconv.EVENT_ARC_EXPORT: _arc_exported,
    semconv.EVENT_ANNOTATION: _annotated,
    semconv.EVENT_INCIDENT: _incident_opened,
    semconv.EVENT_ALERT_DEFINED: _alert_changed("defined"),
    semconv.EVENT_ALERT_FIRED: _alert_changed("fired"),
    semconv.EVENT_ALERT_RESOLVED: _alert_changed("resolved"),
    semconv.EVENT_ARTIFACT: _artifact_saved,
}


# --- parts -----------------------------------------------------------------------------------------------------------


def _required(attributes: Mapping[str, Any], key: str) -> str:
    value = text(attributes, key)
    if not value:
        raise IncompleteEventError(f"the event has no {key}")
    return value


def _origin(event: Event) -> Origin:
    attributes = event.attributes
    return Origin(text(attributes, semconv.RUN_ID), text(attributes, semconv.ARC_ID), event.trace_id, event.span_id)


def _failure(attributes: Mapping[str, Any]) -> Failure:
    return Failure(
        text(attributes, semconv.EXCEPTION_TYPE),
        text(attributes, semconv.EXCEPTION_MESSAGE),
        text(attributes, semconv.EXCEPTION_STACKTRACE),
    )


def _integers(attributes: Mapping[str, Any], key: str) -> Sequence[int]:
    values = attributes.get(key)
    if not isinstance(values, LISTS):
        return ()
    return [within_int64(value) if isinstance(value, int) else 0 for value in values]


def _json(value: Any) -> str | None:
    return None if value is None else dumps(value)


def _derived_id(record: SpooledRecord) -> str:
    """Returns an id that is the same however often the record is delivered, for events made without one."""
    return blake2b(f"{record.segment}:{record.sequence}".encode(), digest_size=16).hexdigest()
