"""Log records: severity, message, and the row of one that no table of the domain takes."""

from __future__ import annotations

from typing import Final

from otel_distro import semconv
from otel_distro.otlp.decode import Event, decode_log
from otel_distro.spool.record import SpooledRecord
from otel_exporter_local.attributes import text, within_int64
from otel_exporter_local.json_text import dumps
from otel_exporter_local.rows import LogWritten, Operation

__all__ = ["log_operations", "log_written", "message_of", "severity_of", "time_of"]

# Every four numbers are one level: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_INFO: Final = 9


def log_operations(record: SpooledRecord) -> list[Operation]:
    """Translates a log record of an application."""
    return [log_written(decode_log(record), record)]


def time_of(event: Event, record: SpooledRecord) -> int:
    """Returns when it happened, else when it was seen, else when it was recorded."""
    return within_int64(event.time_unix_nano or event.observed_time_unix_nano or record.appended_unix_nano)


def severity_of(event: Event) -> tuple[int, str]:
    """Returns number and name; what has no severity is information."""
    number = event.severity_number or _INFO
    return number, event.severity_text or _LEVELS[min(max(number - 1, 0) // 4, len(_LEVELS) - 1)]


def message_of(event: Event) -> tuple[str, str | None]:
    """Returns a body as a line to read, and its JSON if it is more than text."""
    body = event.body
    if isinstance(body, str):
        return body, None
    if body is None:
        return _exception_line(event), None
    described = dumps(body)
    return described, described


def log_written(event: Event, record: SpooledRecord) -> LogWritten:
    """Returns the row of a log record."""
    number, name = severity_of(event)
    message, body = message_of(event)
    return LogWritten(
        time_unix_nano=time_of(event, record),
        severity=name,
        severity_number=number,
        event_name=event.event_name or None,
        message=message,
        body=body,
        attributes=dumps(event.attributes),
        trace_id=event.trace_id,
        span_id=event.span_id,
    )


def _exception_line(event: Event) -> str:
    parts = (text(event.attributes, semconv.EXCEPTION_TYPE), text(event.attributes, semconv.EXCEPTION_MESSAGE))
    return ": ".join(part for part in parts if part)
