"""Listings over SQLite: filter, sort and keyset paging, from fields that are named beforehand.

A page ends with the sort value and the key of its last row, and the next begins after them: so a page costs the same
wherever it lies, rows that tie are neither skipped nor repeated, and nothing is ever counted.
"""

from __future__ import annotations

import binascii
import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from otel_distro.query.reader import Selection

__all__ = ["NO_NUMBER", "NO_TEXT", "Column", "Listing", "read_page"]

MOST_ROWS: Final = 10_000
NO_NUMBER: Final = "-9e999"  # minus infinity: what is unknown sorts below everything
NO_TEXT: Final = "''"


@dataclass(frozen=True, slots=True)
class Column:
    """What a field is in SQL.

    Attributes:
        expression: A column.
        missing: What NULL sorts as, in SQL; empty for a column that is never NULL.
        is_list: It holds a JSON list, and a filter asks for one of its items; it cannot be sorted by.
    """

    expression: str
    missing: str = ""
    is_list: bool = False

    def order(self) -> str:
        """Returns the expression to sort by."""
        return f"ifnull({self.expression}, {self.missing})" if self.missing else self.expression


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing.

    Attributes:
        select: What it selects, in SQL.
        source: From where.
        key: An integer that no other row of the source has.
        time: The listing's own time.
        fields: What it may be filtered and sorted by.
    """

    select: str
    source: str
    key: str
    time: str
    fields: Mapping[str, Column]
    time_field: str = field(default="time_unix_nano")

    def column(self, name: str) -> Column:
        """Returns a field; the listing's own time by its name, or by none.

        Raises:
            ValueError: There is no such field.
        """
        if name in {"", self.time_field}:
            return Column(self.time)
        if name not in self.fields:
            known = ", ".join(sorted({*self.fields, self.time_field}))
            raise ValueError(f"cannot filter or sort by {name!r}; fields are: {known}")
        return self.fields[name]


def read_page(connection: sqlite3.Connection, listing: Listing, selection: Selection) -> tuple[list[sqlite3.Row], str]:
    """Reads one page.

    Returns:
        Its rows, and where the next page begins; empty on the last.

    Raises:
        ValueError: A field, the limit or the beginning is unknown.
    """
    statement, values = _statement(listing, selection)
    rows = connection.execute(statement, values).fetchall()
    if len(rows) <= selection.limit:
        return rows, ""
    last = rows[selection.limit - 1]
    return rows[: selection.limit], _mark(selection, last["sort_value"], last["sort_key"])


def check(listing: Listing, selection: Selection) -> None:
    """Raises the ``ValueError`` that :func:`read_page` would, where there is nothing to read."""
    _statement(listing, selection)


def _statement(listing: Listing, selection: Selection) -> tuple[str, list[Any]]:
    if not 1 <= selection.limit <= MOST_ROWS:
        raise ValueError(f"limit must be between 1 and {MOST_ROWS}, not {selection.limit}")
    sort = listing.column(selection.sort)
    if sort.is_list:
        raise ValueError(f"cannot sort by {selection.sort!r}, which is a list")
    conditions, values = _conditions(listing, selection)
    if selection.after:
        conditions.append(f"({sort.order()}, {listing.key}) {'<' if selection.descending else '>'} (?, ?)")
        values += _position(selection)
    where = " AND ".join(conditions) or "1"
    direction = "DESC" if selection.descending else "ASC"
    # Every name in the statement comes from a Listing, every value is bound.
    statement = (
        f"SELECT {listing.select}, {sort.order()} AS sort_value, {listing.key} AS sort_key "  # noqa: S608
        f"FROM {listing.source} WHERE {where} ORDER BY {sort.order()} {direction}, {listing.key} {direction} LIMIT ?"
    )
    return statement, [*values, selection.limit + 1]


def _conditions(listing: Listing, selection: Selection) -> tuple[list[str], list[Any]]:
    conditions, values = [], []
    for name, value in selection.where.items():
        column = listing.column(name)
        if column.is_list:
            conditions.append(f"? IN (SELECT value FROM json_each({column.expression}))")  # noqa: S608 - as below
        else:
            conditions.append(f"{column.expression} IS ?")
        values.append(value)
    for bound, comparison in ((selection.since_unix_nano, ">="), (selection.until_unix_nano, "<")):
        if bound is not None:
            conditions.append(f"{listing.time} {comparison} ?")
            values.append(bound)
    return conditions, values


def _mark(selection: Selection, value: Any, key: int) -> str:
    """Returns a page's end; it names the order, which alone gives it a meaning."""
    return urlsafe_b64encode(json.dumps([selection.sort, selection.descending, value, key]).encode()).decode("ascii")


def _position(selection: Selection) -> list[Any]:
    try:
        sort, descending, value, key = json.loads(urlsafe_b64decode(selection.after))
    except (binascii.Error, ValueError, TypeError):
        sort = descending = value = key = None
    if (sort, descending) != (selection.sort, selection.descending) or not isinstance(key, int):
        raise ValueError("after must be the next of a page of the same listing in the same order")
    return [value, key]
