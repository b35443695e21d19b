"""Rows that grow: read once a transaction, merged in memory, written back at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from otel_distro.query import lookups
from otel_exporter_local.json_text import dumps, loads
from otel_exporter_local.merge import Row, new_arc, new_folder, new_run
from otel_exporter_local.statements import upsert

__all__ = ["ARCS", "FOLDERS", "RUNS", "Documents", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of rows that grow.

    Attributes:
        look_up: The statement that reads one, by its key.
        write: The statement that writes one, whether it exists or not.
        columns: Those that are written, in the statement's order.
        json: Those that hold JSON.
    """

    look_up: str
    write: str
    columns: tuple[str, ...]
    json: frozenset[str]

    def values(self, row: Row) -> tuple[Any, ...]:
        """Returns a row's values as SQLite takes them."""
        return tuple([dumps(row[column]) if column in self.json else row[column] for column in self.columns])

    def read(self, found: sqlite3.Row) -> Row:
        """Returns a row with its JSON read."""
        return {column: loads(found[column]) if column in self.json else found[column] for column in self.columns}


def _table(name: str, look_up: str, key: tuple[str, ...], example: Mapping[str, Any]) -> Table:
    columns = tuple(example)
    structured = frozenset(column for column, value in example.items() if isinstance(value, (list, dict)))
    return Table(look_up, upsert(name, columns, key), columns, structured)


RUNS: Final = _table("runs", lookups.RUN, ("id",), new_run("", 0))
ARCS: Final = _table("arcs", lookups.ARC, ("id", "class"), new_arc("", "", 0))
FOLDERS: Final = _table("folders", lookups.FOLDER, ("path",), new_folder("", 0))


class Documents:
    """The rows of one table that a transaction touches.

    Args:
        connection: Within the transaction.
        table: Which table.
        new: Makes the row of a key and a time when there is none.
        written_at_once: Whether a new row is written when it is met, since others will refer to it.
    """

    def __init__(
        self, connection: sqlite3.Connection, table: Table, new: Callable[..., Row], *, written_at_once: bool = False
    ) -> None:
        self._connection = connection
        self._table = table
        self._new = new
        self._written_at_once = written_at_once
        self._rows: dict[tuple[str, ...], Row] = {}

    def get(self, key: tuple[str, ...], time_unix_nano: int) -> Row:
        """Returns the row of a key, to be changed in place; a new one where there is none."""
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = row = self._read(key) or self._begin(key, time_unix_nano)
        return row

    def write(self) -> None:
        """Writes the rows back."""
        if self._rows:
            self._connection.executemany(self._table.write, map(self._table.values, self._rows.values()))

    def _read(self, key: tuple[str, ...]) -> Row | None:
        found = self._connection.execute(self._table.look_up, key).fetchone()
        return None if found is None else self._table.read(found)

    def _begin(self, key: tuple[str, ...], time_unix_nano: int) -> Row:
        row = self._new(*key, time_unix_nano)
        if self._written_at_once:
            self._connection.execute(self._table.write, self._table.values(row))
        return row
