"""Carries row operations out: one transaction's unit of work."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from otel_distro.query import lookups
from otel_exporter_local import merge, statements
from otel_exporter_local.documents import ARCS, FOLDERS, RUNS, Documents
from otel_exporter_local.files import StoredFile
from otel_exporter_local.ids import EnclosingIds
from otel_exporter_local.rows import (
    AlertChanged,
    Annotated,
    ArcEnded,
    ArcExported,
    ArcStarted,
    ArtifactSaved,
    EventNoted,
    FileSource,
    FolderUpdated,
    IncidentOpened,
    InstrumentMeasured,
    LogWritten,
    RunEnded,
    RunMeasured,
    RunStarted,
    RunUpdated,
    SpanEnded,
    Translated,
    ValuesRefused,
)
from otel_exporter_local.series import InstrumentSeries, RunSeries

__all__ = ["Writer"]

_Values = tuple[Any, ...]


class Writer:
    """What one transaction writes: rows that are only added are collected, rows that grow are merged in memory.

    Args:
        connection: Within the transaction.
        ids: The file's ids of resources and scopes.
        files: Where the bytes are of the files that the operations name.
    """

    def __init__(
        self, connection: sqlite3.Connection, ids: EnclosingIds, files: Mapping[FileSource, StoredFile]
    ) -> None:
        self._connection = connection
        self._ids = ids
        self._files = files
        self._runs = Documents(connection, RUNS, merge.new_run, written_at_once=True)
        self._arcs = Documents(connection, ARCS, merge.new_arc)
        self._folders = Documents(connection, FOLDERS, merge.new_folder)
        self._run_series = RunSeries(connection)
        self._instruments = InstrumentSeries(connection)
        self._added: dict[str, list[_Values]] = {}
        self._domain: Mapping[type, Callable[[Any, int], None]] = {
            RunStarted: self._run_started,
            RunUpdated: self._run_updated,
            RunEnded: self._run_ended,
            RunMeasured: self._run_measured,
            ValuesRefused: self._refused,
            EventNoted: self._noted,
            FolderUpdated: self._folder_updated,
            ArcStarted: self._arc_started,
            ArcEnded: self._arc_ended,
            ArcExported: self._arc_exported,
            Annotated: self._annotated,
            IncidentOpened: self._incident_opened,
            AlertChanged: self._alert_changed,
            ArtifactSaved: self._artifact_saved,
        }

    def write(self, record: Translated) -> None:
        """Takes a record's operations in."""
        resource_id = self._ids.resource(self._connection, record.resource, record.appended_unix_nano)
        for operation in record.operations:
            write = self._domain.get(type(operation))
            if write is not None:
                write(operation, resource_id)
            elif isinstance(operation, SpanEnded):
                self._add(statements.ADD_SPAN, (*operation, resource_id, self._scope(record)))
            elif isinstance(operation, LogWritten):
                self._add(statements.ADD_LOG, (*operation, resource_id, self._scope(record)))
            elif isinstance(operation, InstrumentMeasured):
                self._instruments.add(operation.series, resource_id, self._scope(record), operation.point)

    def flush(self) -> None:
        """Writes what was collected."""
        for documents in (self._runs, self._arcs, self._folders):
            documents.write()
        self._run_series.write()
        self._instruments.write()
        for statement, rows in self._added.items():
            self._connection.executemany(statement, rows)

    def _add(self, statement: str, values: _Values) -> None:
        self._added.setdefault(statement, []).append(values)

    def _scope(self, record: Translated) -> int:
        return self._ids.scope(self._connection, record.scope)

    def _run(self, run_id: str, name: str, time_unix_nano: int) -> merge.Row:
        row = self._runs.get((run_id,), time_unix_nano)
        merge.meet_run(row, name)
        return row

    def _run_of(self, run_id: str | None, name: str, time_unix_nano: int) -> None:
        """Gives a run that something refers to a row, if it has none yet."""
        if run_id is not None:
            self._run(run_id, name, time_unix_nano)

    # --- runs and folders --------------------------------------------------------------------------------------------

    def _run_started(self, op: RunStarted, resource_id: int) -> None:
        row = self._run(op.run_id, op.name, op.time_unix_nano)
        merge.start_run(row, op)
        row["resource_id"] = resource_id

    def _run_updated(self, op: RunUpdated, _resource_id: int) -> None:
        merge.update_run(self._run(op.run_id, op.name, op.time_unix_nano), op)

    def _run_ended(self, op: RunEnded, _resource_id: int) -> None:
        merge.end_run(self._run(op.run_id, op.name, op.time_unix_nano), op)

    def _run_measured(self, op: RunMeasured, _resource_id: int) -> None:
        if op.points:
            self._run(op.run_id, op.name, op.points[0].time_unix_nano)
            self._run_series.add(op.run_id, op.points)

    def _refused(self, op: ValuesRefused, _resource_id: int) -> None:
        self._add(statements.COUNT_DROPPED, (op.what, op.reason, op.number))

    def _noted(self, op: EventNoted, resource_id: int) -> None:
        self._run_of(op.origin.run_id, op.run_name, op.time_unix_nano)
        what = (op.event_name, op.severity, op.severity_number, op.message, op.body, op.attributes)
        self._add(statements.ADD_EVENT, (*op.origin, *what, op.time_unix_nano, resource_id))

    def _folder_updated(self, op: FolderUpdated, _resource_id: int) -> None:
        merge.update_folder(self._folders.get((op.path,), op.time_unix_nano), op)

    # --- ARCs --------------------------------------------------------------------------------------------------------

    def _arc(self, op: ArcStarted | ArcEnded | ArcExported, resource_id: int) -> merge.Row:
        row = self._arcs.get((op.arc_id, op.arc_class), op.time_unix_nano)
        if row["resource_id"] is None:
            row["resource_id"] = resource_id
        return row

    def _arc_started(self, op: ArcStarted, resource_id: int) -> None:
        merge.start_arc(self._arc(op, resource_id), op)

    def _arc_ended(self, op: ArcEnded, resource_id: int) -> None:
        merge.end_arc(self._arc(op, resource_id), op)

    def _arc_exported(self, op: ArcExported, resource_id: int) -> None:
        merge.export_to_arc(self._arc(op, resource_id), op)

    # --- annotations, incidents, alerts, artifacts -------------------------------------------------------------------

    def _annotated(self, op: Annotated, resource_id: int) -> None:
        what = (op.id, op.inputs, op.outputs, op.metadata, op.labels, op.request_id)
        self._add(statements.ADD_ANNOTATION, (*op.origin, *what, op.time_unix_nano, resource_id))

    def _incident_opened(self, op: IncidentOpened, resource_id: int) -> None:
        what = (op.id, op.title, op.description, op.severity)
        self._add(statements.ADD_INCIDENT, (*op.origin, *what, op.time_unix_nano, resource_id))
        for position, file in enumerate(op.files):
            self._add(statements.ADD_INCIDENT_FILE, (op.id, position, *self._file(file)))

    def _artifact_saved(self, op: ArtifactSaved, resource_id: int) -> None:
        origin = op.origin
        self._run_of(origin.run_id, op.run_name, op.time_unix_nano)
        what = (op.id, op.category, origin.run_id, origin.arc_id, op.time_unix_nano, resource_id)
        self._add(statements.ADD_ARTIFACT, (*what, *self._file(op.file)))

    def _file(self, source: FileSource) -> _Values:
        """Returns the columns that describe a file; the bytes that the store has are counted once."""
        stored = self._files[source]
        if stored.path is not None:
            self._add(statements.ADD_FILE, (stored.path, stored.size_bytes))
        described = (source.name, source.media_type, stored.size_bytes, stored.sha256)
        return (*described, source.uri, source.original_path, stored.path, stored.problem)

    def _alert_changed(self, op: AlertChanged, _resource_id: int) -> None:
        """Merges an alert; there are few, so each is written at once."""
        self._run_of(op.run_id, op.run_name, op.time_unix_nano)
        found = self._connection.execute(lookups.ALERT, (op.run_id, op.name)).fetchone()
        if found is None:
            row = merge.new_alert(op)
            self._connection.execute(statements.insert("alerts", tuple(row)), tuple(row.values()))
            return
        row = dict(found)
        merge.change_alert(row, op)
        self._connection.execute(statements.upsert("alerts", tuple(row), ("key",)), tuple(row.values()))
