"""What the writer of the local store reads: rows that it merges with, and what its retention may remove.

The listings that people ask for are in :mod:`otel_distro.query.local`; together they are all statements that read.
"""

from __future__ import annotations

from typing import Final

# --- rows by their key -----------------------------------------------------------------------------------------------

CURSOR: Final = "SELECT offset FROM cursors WHERE segment = ?"
RESOURCE: Final = "SELECT id, seen_unix_nano FROM resources WHERE digest = ?"
SCOPE: Final = "SELECT id FROM scopes WHERE digest = ?"
RUN: Final = "SELECT * FROM runs WHERE id = ?"
RUN_SERIES: Final = "SELECT * FROM run_series WHERE run_id = ? AND name = ?"
FOLDER: Final = "SELECT * FROM folders WHERE path = ?"
ARC: Final = "SELECT * FROM arcs WHERE id = ? AND class = ?"
ALERT: Final = "SELECT * FROM alerts WHERE run_id IS ? AND name = ?"
METRIC_SERIES: Final = "SELECT * FROM metric_series WHERE digest = ?"
FILE: Final = "SELECT 1 FROM files WHERE path = ?"

# --- size and age ----------------------------------------------------------------------------------------------------

FILES_BYTES: Final = "SELECT ifnull(sum(size_bytes), 0) FROM files"
# Each min() is one step into an index; of points, one a series.
OLDEST_PLAIN: Final = """
    SELECT min(oldest) FROM (
        SELECT min(started_unix_nano) AS oldest FROM spans
        UNION ALL SELECT min(time_unix_nano) FROM logs
        UNION ALL SELECT min((SELECT min(time_unix_nano) FROM metric_points WHERE series_id = metric_series.id))
        FROM metric_series
    )"""
OLDEST_DOMAIN: Final = """
    SELECT min(oldest) FROM (
        SELECT (SELECT time_unix_nano FROM runs WHERE status <> 'running' ORDER BY time_unix_nano LIMIT 1) AS oldest
        UNION ALL SELECT (SELECT time_unix_nano FROM run_events WHERE run_id IS NULL ORDER BY time_unix_nano LIMIT 1)
        UNION ALL SELECT (SELECT time_unix_nano FROM artifacts WHERE run_id IS NULL ORDER BY time_unix_nano LIMIT 1)
        UNION ALL SELECT (SELECT time_unix_nano FROM alerts WHERE run_id IS NULL ORDER BY time_unix_nano LIMIT 1)
        UNION ALL SELECT min(time_unix_nano) FROM arcs
        UNION ALL SELECT min(time_unix_nano) FROM annotations
        UNION ALL SELECT min(time_unix_nano) FROM incidents
    )"""

# --- what retention removes next -------------------------------------------------------------------------------------

# A series whose oldest point is older than a time.
SERIES_BEFORE: Final = """
    SELECT id FROM metric_series
    WHERE (SELECT min(time_unix_nano) FROM metric_points WHERE series_id = metric_series.id) < ? LIMIT 1"""
# The time of a series' nth oldest point: by it, a series of any length is removed in pieces.
NTH_POINT: Final = """
    SELECT time_unix_nano FROM metric_points WHERE series_id = ?
    ORDER BY time_unix_nano, position LIMIT 1 OFFSET ?"""
# The oldest run that began before a time and has ended.
RUN_ENDED: Final = (
    "SELECT id FROM runs WHERE status <> 'running' AND time_unix_nano < ? ORDER BY time_unix_nano LIMIT 1"
)
# The oldest run of which nothing has come since a time.
RUN_SILENT: Final = """
    SELECT id FROM runs WHERE time_unix_nano < :since AND ifnull(ended_unix_nano, 0) < :since
    AND NOT EXISTS (SELECT 1 FROM run_series WHERE run_id = runs.id AND last_time_unix_nano >= :since)
    AND NOT EXISTS (SELECT 1 FROM run_events WHERE run_id = runs.id AND time_unix_nano >= :since)
    ORDER BY time_unix_nano LIMIT 1"""
SERIES_OF_RUN: Final = "SELECT id FROM run_series WHERE run_id = ?"
# The series of an ended run that was thinned least and still has more points than a number.
SERIES_TO_THIN: Final = """
    SELECT run_series.id, run_series.count, run_series.thinned FROM run_series JOIN runs ON runs.id = run_series.run_id
    WHERE runs.status <> 'running' AND run_series.count >> run_series.thinned > ?
    ORDER BY run_series.thinned, runs.time_unix_nano, run_series.id LIMIT 1"""
# Copies that no row names any more.
UNNAMED_FILES: Final = """
    SELECT path FROM files
    WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.path = files.path)
    AND NOT EXISTS (SELECT 1 FROM incident_files WHERE incident_files.path = files.path)"""
