"""The store's ids of resources and scopes, remembered so that a record costs no look-up."""

from __future__ import annotations

import sqlite3
from typing import Final

from otel_distro.query import lookups
from otel_exporter_local.enclosing import describe_resource, describe_scope, digest
from otel_exporter_local.statements import ADD_RESOURCE, ADD_SCOPE, SEE_RESOURCE

__all__ = ["SEEN_EVERY_UNIX_NANO", "EnclosingIds"]

# A resource's row notes when its last record came, to the hour: by this, retention knows which nobody names any more.
SEEN_EVERY_UNIX_NANO: Final = 3600 * 10**9
_REMEMBERED: Final = 4096


class EnclosingIds:
    """Ids of one file. What a transaction found is remembered when it has been committed, not before."""

    def __init__(self) -> None:
        self._resources: dict[bytes, tuple[int, int]] = {}  # id, and the time that its row says
        self._scopes: dict[bytes, int] = {}
        self._found_resources: dict[bytes, tuple[int, int]] = {}
        self._found_scopes: dict[bytes, int] = {}

    def resource(self, connection: sqlite3.Connection, serialised: bytes, now_unix_nano: int) -> int:
        """Returns the id of a resource; a new one gets a row."""
        known = self._found_resources.get(serialised) or self._resources.get(serialised)
        if known is not None and now_unix_nano - known[1] < SEEN_EVERY_UNIX_NANO:
            return known[0]
        self._found_resources[serialised] = found = _see_resource(connection, serialised, now_unix_nano)
        return found[0]

    def scope(self, connection: sqlite3.Connection, serialised: bytes) -> int:
        """Returns the id of a scope; a new one gets a row."""
        known = self._scopes.get(serialised) or self._found_scopes.get(serialised)
        if known is None:
            self._found_scopes[serialised] = known = _see_scope(connection, serialised)
        return known

    def committed(self) -> None:
        """Remembers what the transaction found."""
        if len(self._resources) + len(self._scopes) > _REMEMBERED:
            self._resources.clear()
            self._scopes.clear()
        self._resources.update(self._found_resources)
        self._scopes.update(self._found_scopes)
        self.rolled_back()

    def rolled_back(self) -> None:
        """Forgets what the transaction found."""
        self._found_resources.clear()
        self._found_scopes.clear()

    def forget(self) -> None:
        """Forgets everything: the file is another one."""
        self.rolled_back()
        self._resources.clear()
        self._scopes.clear()


def _see_resource(connection: sqlite3.Connection, serialised: bytes, now_unix_nano: int) -> tuple[int, int]:
    name = digest(serialised)
    row = connection.execute(lookups.RESOURCE, (name,)).fetchone()
    if row is None:
        columns = (name, now_unix_nano, *describe_resource(serialised))
        return _inserted(connection.execute(ADD_RESOURCE, columns)), now_unix_nano
    seen = max(int(row["seen_unix_nano"]), now_unix_nano)
    connection.execute(SEE_RESOURCE, (seen, row["id"]))
    return int(row["id"]), seen


def _see_scope(connection: sqlite3.Connection, serialised: bytes) -> int:
    name = digest(serialised)
    row = connection.execute(lookups.SCOPE, (name,)).fetchone()
    if row is None:
        return _inserted(connection.execute(ADD_SCOPE, (name, *describe_scope(serialised))))
    return int(row["id"])


def _inserted(cursor: sqlite3.Cursor) -> int:
    return int(cursor.lastrowid or 0)
