"""The record: what the spool keeps, and what every reader of it is given."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a record's payload is. The numbers are part of the file format: never reuse one."""

    RESOURCE = 1  # dictionary entry: the fields of ResourceSpans, -Logs, -Metrics but the scopes
    SCOPE = 2  # dictionary entry: the fields of ScopeSpans, -Logs, -Metrics but the records
    SPAN = 3  # opentelemetry.proto.trace.v1.Span
    LOG = 4  # opentelemetry.proto.logs.v1.LogRecord, of an application
    EVENT = 5  # opentelemetry.proto.logs.v1.LogRecord, a domain event of ours (``algo.*``)
    METRIC = 6  # opentelemetry.proto.metrics.v1.Metric


DATA_KINDS = frozenset({Kind.SPAN, Kind.LOG, Kind.EVENT, Kind.METRIC})


class SpooledRecord(NamedTuple):
    """One whole record, read back from a segment.

    Attributes:
        kind: What ``payload`` is.
        payload: The inner bytes of one Span, LogRecord or Metric.
        resource: Serialised fields 1 and 3 (resource, schema URL) of the enclosing ResourceSpans, -Logs or -Metrics;
            joined with length prefixes they make a request without decoding.
        scope: Serialised fields 1 and 3 (scope, schema URL) of the enclosing ScopeSpans, -Logs or -Metrics.
        appended_unix_nano: When the record was appended, by the writer's wall clock.
        segment: Name of the segment file, unique over hosts, boots and processes.
        sequence: The writer's number of the record, unique within its process.
        offset: Where the record begins in the segment, in bytes.
        end: Where the next one begins.
    """

    kind: Kind
    payload: bytes
    resource: bytes
    scope: bytes
    appended_unix_nano: int
    segment: str
    sequence: int
    offset: int
    end: int
