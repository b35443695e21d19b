"""What retention removes, in pieces small enough that no other leader waits long for the file.

Each function removes at most one piece within the caller's transaction, counts it in the table ``dropped``, and
returns how many rows went: 0 once nothing is left to remove.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from otel_distro.query import lookups
from otel_exporter_local.files import FileStore
from otel_exporter_local.statements import COUNT_DROPPED

__all__ = ["LEAST_POINTS", "PIECE_ROWS", "drop_domain", "drop_plain", "drop_silent", "thin"]

PIECE_ROWS: Final = 2_000
LEAST_POINTS: Final = 1_024  # a series this short is drawn as it is
_PIECE_POSITIONS: Final = 50_000

_PLAIN: Final = {
    "spans": "DELETE FROM spans WHERE key IN "
    "(SELECT key FROM spans WHERE started_unix_nano < ? ORDER BY started_unix_nano LIMIT ?)",
    "logs": "DELETE FROM logs WHERE key IN "
    "(SELECT key FROM logs WHERE time_unix_nano < ? ORDER BY time_unix_nano LIMIT ?)",
}
_EMPTY_SERIES: Final = (
    "DELETE FROM metric_series WHERE last_time_unix_nano < ? "
    "AND NOT EXISTS (SELECT 1 FROM metric_points WHERE series_id = metric_series.id)"
)
# What belongs to a run goes with it.
_DOMAIN: Final = {
    table: f"DELETE FROM {table} WHERE {key} IN "  # noqa: S608 - names are the literals below
    f"(SELECT {key} FROM {table} WHERE time_unix_nano < ? {condition} ORDER BY time_unix_nano LIMIT ?)"
    for table, key, condition in (
        ("arcs", "key", ""),
        ("annotations", "key", ""),
        ("incidents", "key", ""),
        ("run_events", "key", "AND run_id IS NULL"),
        ("artifacts", "key", "AND run_id IS NULL"),
        ("alerts", "key", "AND run_id IS NULL"),
    )
}
_POINTS_OF_SERIES: Final = (
    "DELETE FROM run_points WHERE series_id = ? AND position <= "
    "(SELECT max(position) FROM (SELECT position FROM run_points WHERE series_id = ? ORDER BY position LIMIT ?))"
)
_THIN: Final = (
    "DELETE FROM run_points WHERE series_id = ? AND position >= ? AND position < ? AND position % ? <> 0 "
    "AND position <> ?"
)


def drop_plain(connection: sqlite3.Connection, before_unix_nano: int, reason: str) -> int:
    """Removes spans, logs and points of instruments older than a time."""
    total = 0
    for table, statement in _PLAIN.items():
        total += _drop(connection, statement, (before_unix_nano, PIECE_ROWS), table, reason)
    return total + _drop_points(connection, before_unix_nano, reason)


def _drop_points(connection: sqlite3.Connection, before_unix_nano: int, reason: str) -> int:
    found = connection.execute(lookups.SERIES_BEFORE, (before_unix_nano,)).fetchone()
    if found is None:
        connection.execute(_EMPTY_SERIES, (before_unix_nano,))
        return 0
    nth = connection.execute(lookups.NTH_POINT, (found[0], PIECE_ROWS)).fetchone()
    until = before_unix_nano if nth is None else min(before_unix_nano, nth[0] + 1)
    statement = "DELETE FROM metric_points WHERE series_id = ? AND time_unix_nano < ?"
    return _drop(connection, statement, (found[0], until), "metric_points", reason)


def thin(connection: sqlite3.Connection, done: dict[int, int]) -> int:
    """Removes every second point of a piece of one series of an ended run.

    Args:
        connection: Within a transaction.
        done: For the series that is being thinned, up to which position that has been done; changed in place.

    Returns:
        How many positions were looked at; 0 if no series can be thinned any further.
    """
    series = connection.execute(lookups.SERIES_TO_THIN, (LEAST_POINTS,)).fetchone()
    if series is None:
        return 0
    stride, last = 2 << series["thinned"], series["count"] - 1
    begin = done.get(series["id"], 0)
    end = begin + _PIECE_POSITIONS * stride
    _drop(connection, _THIN, (series["id"], begin, end, stride, last), "run_points", "thinned")
    done.clear()
    if end > last:
        connection.execute("UPDATE run_series SET thinned = thinned + 1 WHERE id = ?", (series["id"],))
    else:
        done[series["id"]] = end
    return _PIECE_POSITIONS


def drop_domain(connection: sqlite3.Connection, files: FileStore, before_unix_nano: int, reason: str) -> int:
    """Removes ended runs with all that is theirs, ARCs, annotations, incidents, and what belongs to no run."""
    run = connection.execute(lookups.RUN_ENDED, (before_unix_nano,)).fetchone()
    total = 0 if run is None else _drop_run(connection, run[0], reason)
    return (total + _drop_others(connection, before_unix_nano, reason)) or _remove_unnamed(connection, files)


def drop_silent(connection: sqlite3.Connection, files: FileStore, since_unix_nano: int, reason: str) -> int:
    """Removes runs of which nothing has come since a time, ended or not, and what belongs to no run."""
    run = connection.execute(lookups.RUN_SILENT, {"since": since_unix_nano}).fetchone()
    total = 0 if run is None else _drop_run(connection, run[0], reason)
    return (total + _drop_others(connection, since_unix_nano, reason)) or _remove_unnamed(connection, files)


def _drop_others(connection: sqlite3.Connection, before_unix_nano: int, reason: str) -> int:
    total = 0
    for table, statement in _DOMAIN.items():
        total += _drop(connection, statement, (before_unix_nano, PIECE_ROWS), table, reason)
    return total


def _drop_run(connection: sqlite3.Connection, run_id: str, reason: str) -> int:
    """Removes a piece of a run's points, or, when none is left, the run and by cascade all that refers to it."""
    for (series_id,) in connection.execute(lookups.SERIES_OF_RUN, (run_id,)).fetchall():
        values = (series_id, series_id, _PIECE_POSITIONS)
        if dropped := _drop(connection, _POINTS_OF_SERIES, values, "run_points", reason):
            return dropped
    return _drop(connection, "DELETE FROM runs WHERE id = ?", (run_id,), "runs", reason)


def _remove_unnamed(connection: sqlite3.Connection, files: FileStore) -> int:
    """Removes copies that no row names any more; returns how many.

    The bytes go before the transaction is committed: a leader that means to name them waits for it, and looks again.
    """
    unnamed = connection.execute(lookups.UNNAMED_FILES).fetchall()
    for (path,) in unnamed:
        connection.execute("DELETE FROM files WHERE path = ?", (path,))
        files.remove(path)
    return len(unnamed)


def _drop(connection: sqlite3.Connection, statement: str, values: tuple[object, ...], what: str, reason: str) -> int:
    dropped = connection.execute(statement, values).rowcount
    if dropped > 0:
        connection.execute(COUNT_DROPPED, (what, reason, dropped))
    return dropped
