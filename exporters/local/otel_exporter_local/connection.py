"""The SQLite file of the store, open for writing: made, secured, opened late, set aside when it is corrupt.

Over a fork SQLite needs care. It keeps one table of locks a process and file, and a child inherits that table but not
the locks: a connection that the child opens would believe that it holds them, and what it commits can vanish when the
parent checkpoints. So a connection is never used in another process than its own, and the child closes the inherited
one, which makes the table true again, before it opens a new one. Closing is safe only if no thread was inside SQLite
when the process forked: a fork waits for the transaction that runs, a moment at most.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex
from typing import Final
from weakref import WeakSet

from otel_distro.forwarder.errors import HeldError
from otel_distro.query.schema import StoreError, file_identity, prepare, transaction

__all__ = ["StoreFile", "is_corrupt"]

BUSY_TIMEOUT_SECONDS: Final = 5.0  # several leaders share a store, and a transaction takes some milliseconds
FORK_TIMEOUT_SECONDS: Final = 0.1
_SIDE_FILES: Final = ("-wal", "-shm")
_CREATE: Final = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CORRUPT: Final = (
    "file is not a database",
    "disk image is malformed",
    "malformed database schema",
)  # Python 3.10 gives the message, and no code
_log: Final = logging.getLogger(__name__)


class StoreFile:
    """The file and this process's one connection to it.

    Args:
        path: Where it lies, absolute.
        clock: Tells the present in nanoseconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self.path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._pid = os.getpid()
        self.opened = 0  # how often: what was remembered of the file before may be of another one
        self._in_use = threading.Lock()
        self._paused = False
        self._forked_while_in_use = False
        _files.add(self)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection within a transaction that other writers wait for; commits, or rolls back by raising.

        Raises:
            HeldError: The file is another program's, or of a newer version.
            sqlite3.Error: The disk, or another writer, refuses.
        """
        with self._in_use:
            connection = self._open()
            with transaction(connection):
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Gives a connection outside a transaction; ``None`` if there is no file, for reading makes none."""
        with self._in_use:
            yield self._open() if self.path.exists() else None

    def set_aside(self) -> None:
        """Renames a corrupt file, so that the next use begins a new one."""
        with self._in_use:
            damaged = self._identity
            self._close()
            # Another leader may have been faster: what lies there now is then its new file.
            if damaged is None or file_identity(self.path) == damaged:
                self._rename()

    def close(self) -> None:
        """Closes the connection; SQLite then brings the write-ahead log into the file if nobody else has it open."""
        with self._in_use:
            self._close()

    # --- opening -----------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            self._leave_parent()
        # The file may have been deleted, or set aside by another leader, while it was open.
        if self._connection is not None and file_identity(self.path) != self._identity:
            self._close()
        if self._connection is None:
            self._identity = _make(self.path)
            self._connection = _connect(self.path)
            self.opened += 1
        return self._connection

    def _leave_parent(self) -> None:
        if self._forked_while_in_use:
            raise HeldError(
                f"this process was forked while {self.path} was being written, so it cannot write there: "
                "another process of the service, or otel-distro spool drain, does"
            )
        self._close()
        self._pid = os.getpid()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rename(self) -> None:
        time = datetime.fromtimestamp(self._clock() / 1e9, timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time}")
        for suffix in ("", *_SIDE_FILES):
            try:
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
            except FileNotFoundError:
                pass
        _log.warning("the local store %s is damaged: it was set aside as %s, and a new one begun", self.path, aside)

    # --- forks -------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Waits for the transaction that runs and holds back the next; called in the thread that forks."""
        self._paused = self._in_use.acquire(timeout=FORK_TIMEOUT_SECONDS)

    def resume_in_parent(self) -> None:
        """Goes on after a fork."""
        if self._paused:
            self._in_use.release()

    def resume_in_child(self) -> None:
        """Notes whether the inherited connection can be closed; nothing is opened or closed here."""
        if not self._paused and self._connection is not None:
            self._forked_while_in_use = True
        self._in_use = threading.Lock()


def is_corrupt(error: sqlite3.DatabaseError) -> bool:
    """Tells whether an error says that the file is damaged, rather than busy or full."""
    return any(phrase in str(error) for phrase in _CORRUPT)


def _make(path: Path) -> tuple[int, int] | None:
    """Makes folder and file for their owner alone where they are missing; SQLite gives its side files the same mode.

    The file gets its name when it is whole: SQLite does not wait for its turn to switch a file to write-ahead mode, so
    of several leaders that make one file in place all but one would fail. A file that exists is not opened here:
    closing it again would drop the locks that SQLite holds on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        unnamed = path.with_name(f"{path.name}.{os.getpid()}-{token_hex(4)}.new")
        try:
            os.close(os.open(unnamed, _CREATE, 0o600))
            _connect(unnamed).close()
            _name(unnamed, path)
        finally:
            unnamed.unlink(missing_ok=True)
    return file_identity(path)


def _name(unnamed: Path, path: Path) -> None:
    """Gives a file its name, unless another leader was faster."""
    try:
        os.link(unnamed, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        unnamed.replace(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.row_factory = sqlite3.Row
        for pragma in (
            "auto_vacuum = INCREMENTAL",  # holds only if it comes before the first table
            "foreign_keys = ON",
            "synchronous = NORMAL",
            "cache_size = -16384",  # KiB
            "temp_store = MEMORY",
            "wal_autocheckpoint = 4000",  # pages: fewer waits for the disk under load
        ):
            connection.execute(f"PRAGMA {pragma}")
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    try:
        prepare(connection)
    except StoreError as error:
        raise HeldError(str(error)) from error
    # After the version has been looked at: another program's file is not even switched to another journal.
    with closing(connection.execute("PRAGMA journal_mode = WAL")) as answer:
        answer.fetchone()
    connection.execute("PRAGMA journal_size_limit = 67108864")  # bytes that the write-ahead log keeps when it is idle


_files: Final[WeakSet[StoreFile]] = WeakSet()


def _pause() -> None:
    for file in list(_files):
        file.pause()


def _resume_in_parent() -> None:
    for file in list(_files):
        file.resume_in_parent()


def _resume_in_child() -> None:
    for file in list(_files):
        file.resume_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause, after_in_parent=_resume_in_parent, after_in_child=_resume_in_child)
