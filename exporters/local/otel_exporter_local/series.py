"""Series within a transaction: where the next point lies, and what is kept over all points."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from typing import Any

from otel_distro.query import lookups
from otel_exporter_local.enclosing import digest
from otel_exporter_local.json_text import dumps
from otel_exporter_local.rows import InstrumentPoint, RunPoint, Series
from otel_exporter_local.statements import (
    ADD_METRIC_POINT,
    ADD_METRIC_SERIES,
    ADD_RUN_POINT,
    ADD_RUN_SERIES,
    UPDATE_METRIC_SERIES,
    UPDATE_RUN_SERIES,
)

__all__ = ["InstrumentSeries", "RunSeries"]

_CUMULATIVE = "cumulative"


class _RunSeriesState:
    """One metric of a run over all its points; NaN is counted and otherwise left out."""

    __slots__ = ("count", "id", "last", "last_step", "last_time_unix_nano", "max", "min", "nan_count", "sum")

    def __init__(self, id_: int) -> None:
        self.id = id_
        self.count = self.nan_count = 0
        self.sum = 0.0
        self.min: float | None = None
        self.max: float | None = None
        self.last = math.nan
        self.last_step: int | None = None
        self.last_time_unix_nano = 0

    @classmethod
    def read(cls, row: sqlite3.Row) -> _RunSeriesState:
        state = cls(row["id"])
        state.count, state.nan_count = row["count"], row["nan_count"]
        state.sum = math.nan if row["sum"] is None else row["sum"]
        state.min, state.max = row["min"], row["max"]
        state.last = math.nan if row["last"] is None else row["last"]
        state.last_step, state.last_time_unix_nano = row["last_step"], row["last_time_unix_nano"]
        return state

    def add(self, point: RunPoint) -> tuple[Any, ...]:
        """Takes a point in; returns its row."""
        value, position = point.value, self.count
        self.count += 1
        if value != value:  # noqa: PLR0124 - the quickest test for NaN
            self.nan_count += 1
        else:
            self.sum += value
            if self.min is None or value < self.min:
                self.min = value
            if self.max is None or value > self.max:
                self.max = value
        if point.time_unix_nano >= self.last_time_unix_nano:
            self.last, self.last_step, self.last_time_unix_nano = value, point.step, point.time_unix_nano
        return self.id, position, point.step, point.time_unix_nano, value

    def values(self) -> tuple[Any, ...]:
        return (
            self.count,
            self.nan_count,
            self.sum,
            self.min,
            self.max,
            self.last,
            self.last_step,
            self.last_time_unix_nano,
            self.id,
        )


class RunSeries:
    """The metrics of runs that a transaction adds points to.

    Args:
        connection: Within the transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._states: dict[tuple[str, str], _RunSeriesState] = {}
        self._points: list[tuple[Any, ...]] = []

    def add(self, run_id: str, points: Iterable[RunPoint]) -> None:
        """Adds points of a run that has a row."""
        states = self._states
        for point in points:
            key = (run_id, point.metric)
            state = states.get(key)
            if state is None:
                state = states[key] = self._state(key)
            self._points.append(state.add(point))

    def write(self) -> None:
        """Writes points and series."""
        self._connection.executemany(ADD_RUN_POINT, self._points)
        self._connection.executemany(UPDATE_RUN_SERIES, [state.values() for state in self._states.values()])

    def _state(self, key: tuple[str, str]) -> _RunSeriesState:
        row = self._connection.execute(lookups.RUN_SERIES, key).fetchone()
        if row is not None:
            return _RunSeriesState.read(row)
        state = _RunSeriesState(0)
        state.id = int(self._connection.execute(ADD_RUN_SERIES, (*key, *state.values()[:-1])).lastrowid or 0)
        return state


class _InstrumentState:
    __slots__ = ("count", "id", "last_time_unix_nano")

    def __init__(self, id_: int, count: int, last_time_unix_nano: int) -> None:
        self.id = id_
        self.count = count
        self.last_time_unix_nano = last_time_unix_nano


class InstrumentSeries:
    """The instruments' series that a transaction adds points to.

    Args:
        connection: Within the transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._states: dict[tuple[Series, int, int], _InstrumentState] = {}
        self._points: list[tuple[Any, ...]] = []

    def add(self, series: Series, resource_id: int, scope_id: int, point: InstrumentPoint) -> None:
        """Adds a point; a second one of a cumulative series at the same time says nothing new."""
        key = (series, resource_id, scope_id)
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = self._state(key)
        position = 0 if series.temporality == _CUMULATIVE else state.count
        state.count += 1
        state.last_time_unix_nano = max(state.last_time_unix_nano, point.time_unix_nano)
        self._points.append((state.id, position, *point))

    def write(self) -> None:
        """Writes points and series."""
        self._connection.executemany(ADD_METRIC_POINT, self._points)
        states = self._states.values()
        self._connection.executemany(
            UPDATE_METRIC_SERIES, [(state.count, state.last_time_unix_nano, state.id) for state in states]
        )

    def _state(self, key: tuple[Series, int, int]) -> _InstrumentState:
        series, resource_id, scope_id = key
        name = digest(dumps([*series, resource_id, scope_id]).encode())
        row = self._connection.execute(lookups.METRIC_SERIES, (name,)).fetchone()
        if row is not None:
            return _InstrumentState(row["id"], row["count"], row["last_time_unix_nano"])
        added = self._connection.execute(ADD_METRIC_SERIES, (name, *series, resource_id, scope_id, 0, 0))
        return _InstrumentState(int(added.lastrowid or 0), 0, 0)
