"""The local store's file: where it lies, and its schema.

The version of the schema is SQLite's ``user_version``; ``application_id`` tells our files from anybody else's, so that
a variable that points at another program's database never writes into it. A change of the schema is a new entry of
:data:`MIGRATIONS`; a published one is never edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from otel_distro.environment_variables import LOCAL_STORE
from otel_distro.query.ddl import VERSION_1

__all__ = [
    "APPLICATION_ID",
    "LATEST",
    "MIGRATIONS",
    "ForeignFileError",
    "NewerSchemaError",
    "OlderSchemaError",
    "StoreError",
    "artifacts_folder",
    "default_path",
    "file_identity",
    "prepare",
    "store_path",
    "transaction",
    "version",
]

APPLICATION_ID: Final = 0x6F746C64  # "otld"

# Version n of the schema, at index n - 1, is made from the version before it by these statements.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (VERSION_1,)
LATEST: Final = len(MIGRATIONS)


class StoreError(Exception):
    """The file cannot serve as the local store; the message names it and the cure."""


class ForeignFileError(StoreError):
    """The file is a database of another program."""


class NewerSchemaError(StoreError):
    """The file was written by a newer version of the distribution."""


class OlderSchemaError(StoreError):
    """The file was written by an older version of the distribution, and nothing has been written there since."""


def default_path(environ: Mapping[str, str]) -> Path:
    """Returns where the store lies when nothing names a place.

    By https://specifications.freedesktop.org/basedir-spec/ a relative ``XDG_STATE_HOME`` counts as unset.
    """
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = _home(environ) / ".local" / "state"
    return state / "otel-distro" / "local.db"


def store_path(environ: Mapping[str, str], name: str = "") -> Path:
    """Returns where the store lies: an absolute path.

    Args:
        environ: The environment.
        name: The name of a named destination (``lab`` for ``local:lab``), whose own variable comes first.
    """
    own = environ.get(f"OTEL_DISTRO_DESTINATION_{name.upper()}_PATH", "") if name else ""
    named = own or environ.get(LOCAL_STORE, "")
    if not named:
        return default_path(environ)
    if named.startswith("~/"):
        return _home(environ) / named[2:]
    return Path(named).absolute()


def artifacts_folder(store: Path) -> Path:
    """Returns the folder of a store's artifacts: its own, so that two stores side by side never share a file."""
    return store.with_name(store.name + ".artifacts")


def version(connection: sqlite3.Connection, latest: int = LATEST) -> int:
    """Returns the version of a file's schema; 0 for an empty file.

    Args:
        connection: Open, for reading at least, and in autocommit mode.
        latest: The newest version that is known.

    Raises:
        ForeignFileError: It is not ours.
        NewerSchemaError: It is from a newer version of the distribution.
    """
    with _one_moment(connection):
        found, ours = _pragma(connection, "user_version"), _pragma(connection, "application_id") == APPLICATION_ID
        empty = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    if not ours and (found or not empty):
        raise ForeignFileError(f"{_name(connection)} is a database of another program: name another file")
    if found > latest:
        raise NewerSchemaError(
            f"{_name(connection)} has schema version {found}, this otel-distro knows up to {latest}: "
            "install the newer otel-distro again, or name another file"
        )
    return found


def prepare(connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Makes the tables, or brings those of an older version up to date, in one transaction.

    Args:
        connection: Open for writing, outside a transaction, and in autocommit mode.
        migrations: All steps, from an empty file on.

    Raises:
        StoreError: The file is not ours, or too new.
        sqlite3.Error: The disk or another writer refuses; nothing was changed.
    """
    latest = len(migrations)
    if version(connection, latest) == latest:
        return
    with transaction(connection):
        # Asked again: another process may have been faster.
        for step in migrations[version(connection, latest) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {latest}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Writes all that the block writes, or, when it raises, nothing of it.

    Args:
        connection: Open for writing, outside a transaction, and in autocommit mode.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def file_identity(path: Path) -> tuple[int, int] | None:
    """Returns device and inode of a file, by which one that was replaced is known; ``None`` if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Makes several answers be of one moment, though another process may just be making the tables."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME", "")
    return Path(home) if home else Path.home()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _name(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])
