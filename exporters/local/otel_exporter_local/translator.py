"""Translates spooled records to row operations: a pure function of the records.

============================  ========================================================================================
record                        becomes
============================  ========================================================================================
event ``algo.*``              the operation of ``EVENTS`` in :mod:`otel_exporter_local.events`
event that is not known, log  ``LogWritten``
span                          ``SpanEnded``
metric                        one ``InstrumentMeasured`` a data point
bytes that are no such        nothing; counted as corrupt
message
============================  ========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from otel_distro.spool.record import Kind, SpooledRecord
from otel_exporter_local.events import event_operations
from otel_exporter_local.instruments import metric_operations
from otel_exporter_local.logs import log_operations
from otel_exporter_local.rows import Operation, Translated
from otel_exporter_local.spans import span_operations

__all__ = ["Translation", "translate"]

_TRANSLATORS = {
    Kind.SPAN: span_operations,
    Kind.LOG: log_operations,
    Kind.EVENT: event_operations,
    Kind.METRIC: metric_operations,
}


class Translation(NamedTuple):
    """What becomes of a batch.

    Attributes:
        records: One entry for each record that could be read, in order.
        corrupt: How many could not.
    """

    records: list[Translated]
    corrupt: int


def translate(records: Iterable[SpooledRecord]) -> Translation:
    """Translates records; one that cannot be read costs itself alone."""
    translated, corrupt = [], 0
    for record in records:
        try:
            operations = _operations(record)
        except Exception:
            # Whatever is wrong with the bytes: a record that stops the others would stop them for ever.
            corrupt += 1
            continue
        translated.append(
            Translated(
                record.segment,
                record.offset,
                record.appended_unix_nano,
                record.resource,
                record.scope,
                operations,
            )
        )
    return Translation(translated, corrupt)


def _operations(record: SpooledRecord) -> list[Operation]:
    return _TRANSLATORS[record.kind](record)
