"""Reads the local store back: the listings that ``otel-distro show`` prints and a web page draws.

The file is opened read-only, so it can be read while a leader writes, and a store that is not there has empty pages.
Field names are those of :mod:`otel_distro.query.records`; the tables are described in
``docs/reference/local-store.md``.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otel_distro.query import listings, rows
from otel_distro.query.paging import Listing, check, read_page
from otel_distro.query.reader import Page, Selection
from otel_distro.query.schema import LATEST, OlderSchemaError, StoreError, artifacts_folder, file_identity, version

if TYPE_CHECKING:
    from typing_extensions import Self

    from otel_distro.query.records import Alert, Annotation, Arc, Artifact, Incident, Metric, Run, RunEvent, Span

__all__ = ["LocalReader"]

T = TypeVar("T")

_BUSY_TIMEOUT_SECONDS: Final = 5.0
_VALUES_AT_ONCE: Final = 500  # older SQLite takes 999 in one statement
_EVERYTHING: Final = Selection()


_SERIES_OF_RUNS: Final = "SELECT * FROM run_series WHERE run_id IN ({}) ORDER BY id"
_FILES_OF_INCIDENTS: Final = "SELECT * FROM incident_files WHERE incident_id IN ({}) ORDER BY incident_id, position"
_LAST_POINT: Final = (
    "SELECT * FROM metric_points WHERE series_id = ? ORDER BY time_unix_nano DESC, position DESC LIMIT 1"
)
_SERIES: Final = "SELECT id, count FROM run_series WHERE run_id = ? AND name = ?"
_MEAN: Final = (
    "SELECT avg(value), count(value), count(*) FROM run_points WHERE series_id = ? AND position >= ? AND position < ?"
)
_DROPPED: Final = "SELECT what, reason, count FROM dropped ORDER BY what, reason"


class LocalReader:
    """Reads one local store. It belongs to the thread that opened it.

    Args:
        path: The SQLite file, which need not exist.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path).absolute()
        self._artifacts = artifacts_folder(self._path)
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        """Opens the file if it is there.

        Raises:
            StoreError: It is no local store, or of a version that cannot be read.
        """
        with self._reading():
            return self

    def __exit__(self, *exc: object) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Closes the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # --- listings ----------------------------------------------------------------------------------------------------

    def runs(self, selection: Selection = _EVERYTHING) -> Page[Run]:
        """Lists runs."""

        def build(connection: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> list[Run]:
            series = _grouped(connection, _SERIES_OF_RUNS, "run_id", [row["id"] for row in found])
            return [rows.run(row, series.get(row["id"], ())) for row in found]

        return self._page(listings.RUNS, selection, build)

    def run_events(self, selection: Selection = _EVERYTHING) -> Page[RunEvent]:
        """Lists what runs noted, and free events."""
        return self._page(listings.RUN_EVENTS, selection, _each(rows.run_event))

    def arcs(self, selection: Selection = _EVERYTHING) -> Page[Arc]:
        """Lists ARCs."""
        return self._page(listings.ARCS, selection, _each(rows.arc))

    def annotations(self, selection: Selection = _EVERYTHING) -> Page[Annotation]:
        """Lists annotations."""
        return self._page(listings.ANNOTATIONS, selection, _each(rows.annotation))

    def incidents(self, selection: Selection = _EVERYTHING) -> Page[Incident]:
        """Lists incidents."""

        def build(connection: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> list[Incident]:
            files = _grouped(connection, _FILES_OF_INCIDENTS, "incident_id", [row["id"] for row in found])
            return [rows.incident(row, files.get(row["id"], ()), self._artifacts) for row in found]

        return self._page(listings.INCIDENTS, selection, build)

    def alerts(self, selection: Selection = _EVERYTHING) -> Page[Alert]:
        """Lists alert rules with their state."""
        return self._page(listings.ALERTS, selection, _each(rows.alert))

    def artifacts(self, selection: Selection = _EVERYTHING) -> Page[Artifact]:
        """Lists artifacts."""
        return self._page(listings.ARTIFACTS, selection, _each(lambda row: rows.artifact(row, self._artifacts)))

    def metrics(self, selection: Selection = _EVERYTHING) -> Page[Metric]:
        """Lists the last point of each series of an instrument, and of each metric of a run."""

        def build(connection: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> list[Metric]:
            points = (None if row["kind"] == "run" else _last_point(connection, row["id"]) for row in found)
            # A series whose points have all gone says nothing any more.
            return [
                rows.metric(row, point)
                for row, point in zip(found, points, strict=True)
                if point is not None or row["kind"] == "run"
            ]

        return self._page(listings.METRICS, selection, build)

    def traces(self, selection: Selection = _EVERYTHING) -> Page[Span]:
        """Lists spans."""
        return self._page(listings.TRACES, selection, _each(rows.span))

    # --- curves and losses -------------------------------------------------------------------------------------------

    def curve(self, run_id: str, metric: str, points: int) -> list[float]:
        """Returns a run's metric as at most ``points`` values in order, each the mean of as many neighbours.

        Points that are NaN are left out of a mean; a mean of nothing else is NaN.

        Raises:
            ValueError: ``points`` is less than 1.
        """
        if points < 1:
            raise ValueError(f"points must be at least 1, not {points}")
        with self._reading() as connection:
            series = None if connection is None else connection.execute(_SERIES, (run_id, metric)).fetchone()
            if connection is None or series is None:
                return []
            count, parts = series["count"], min(points, series["count"])
            edges = [index * count // parts for index in range(parts + 1)]
            means = [connection.execute(_MEAN, (series["id"], begin, end)).fetchone() for begin, end in pairwise(edges)]
        # A part whose points have all been thinned out is left out.
        return [math.nan if mean is None else float(mean) for mean, _numbers, present in means if present]

    def dropped(self) -> list[dict[str, Any]]:
        """Lists what the store no longer has: ``what`` (a table), ``reason``, and how many rows (``count``)."""
        with self._reading() as connection:
            return [] if connection is None else [dict(row) for row in connection.execute(_DROPPED)]

    # --- the file ----------------------------------------------------------------------------------------------------

    def _page(
        self,
        listing: Listing,
        selection: Selection,
        build: Callable[[sqlite3.Connection, Sequence[sqlite3.Row]], list[T]],
    ) -> Page[T]:
        with self._reading() as connection:
            if connection is None:
                check(listing, selection)
                return Page([], "")
            found, following = read_page(connection, listing, selection)
            return Page(build(connection, found), following)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Gives a connection that sees one moment of the store; ``None`` if there is no store."""
        try:
            connection = self._open()
            if connection is None:
                yield None
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            self.close()
            raise StoreError(f"{self._path} cannot be read: {error}") from error

    def _open(self) -> sqlite3.Connection | None:
        identity = file_identity(self._path)
        # It may have been deleted, or set aside by a leader that found it damaged.
        if self._connection is not None and identity != self._identity:
            self.close()
        if self._connection is None and identity is not None:
            self._identity = identity
            self._connection = _connect(self._path)
        return self._connection


def _connect(path: Path) -> sqlite3.Connection | None:
    """Opens a store; ``None`` for a file in which a leader is just about to make the tables."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
    )
    try:
        connection.row_factory = sqlite3.Row
        found = version(connection)
    except BaseException:
        connection.close()
        raise
    if found == LATEST:
        return connection
    connection.close()
    if found:
        raise OlderSchemaError(
            f"{path} is of an older version: record something there once, which brings it up to date"
        )
    return None


def _each(build: Callable[[sqlite3.Row], T]) -> Callable[[sqlite3.Connection, Sequence[sqlite3.Row]], list[T]]:
    return lambda _connection, found: [build(row) for row in found]


def _grouped(
    connection: sqlite3.Connection, statement: str, column: str, keys: Sequence[str]
) -> Mapping[str, Sequence[sqlite3.Row]]:
    """Returns the rows that belong to some keys, by key."""
    groups: dict[str, list[sqlite3.Row]] = {}
    for part in _parts(keys):
        for row in connection.execute(statement.format(", ".join("?" * len(part))), part):
            groups.setdefault(row[column], []).append(row)
    return groups


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[begin : begin + _VALUES_AT_ONCE] for begin in range(0, len(keys), _VALUES_AT_ONCE))


def _last_point(connection: sqlite3.Connection, series_id: int) -> sqlite3.Row | None:
    point: sqlite3.Row | None = connection.execute(_LAST_POINT, (series_id,)).fetchone()
    return point
