"""The client: batches into the SQLite file, each exactly once, whoever delivers it and however often.

Rows and cursors are written in one transaction. It begins by reading the cursor of each segment, and passes over the
records that lie before it: another leader, or this one before it was killed, has stored those.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from otel_distro.forwarder.errors import HeldError, PermanentError
from otel_distro.query import lookups
from otel_distro.query.schema import artifacts_folder
from otel_exporter_local.connection import StoreFile, is_corrupt
from otel_exporter_local.files import FileStore, StoredFile
from otel_exporter_local.ids import EnclosingIds
from otel_exporter_local.rows import ArtifactSaved, FileSource, IncidentOpened, Translated
from otel_exporter_local.statements import ADVANCE_CURSOR, FORGET_SEGMENT
from otel_exporter_local.writer import Writer

__all__ = ["StoreClient"]

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

# What a value does that no column takes. Trying again cannot help; the forwarder then finds the one bad record.
_REFUSED = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError)


class StoreClient:
    """Writes to one store.

    Args:
        path: The file, absolute.
        clock: Tells the present in nanoseconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self.file = StoreFile(path, clock)
        self.files = FileStore(artifacts_folder(path))
        self._clock = clock
        self._ids = EnclosingIds()
        self._ids_of = 0
        self._forgotten: deque[str] = deque()

    def write(self, records: Sequence[Translated], ends: Mapping[str, int], spool_files: Path) -> None:
        """Stores a batch: what of it is new, and how far its segments have been taken in.

        Args:
            records: What became of its records.
            ends: For each segment, where the next batch begins.
            spool_files: The folder of the files that the spool keeps.

        Raises:
            PermanentError: A value fits no column.
            HeldError: The file is another program's, or of a newer version.
            sqlite3.Error: Another writer, or the disk, refuses for now.
            OSError: The disk refuses for now.
        """
        # Copies are made before the transaction begins, which holds up every other leader.
        files = {source: self.files.keep(source, spool_files) for source in _sources(records)}
        self._on_sound_file(lambda: self._write(records, ends, files))

    def cursor(self, segment: str) -> int:
        """Returns how far a segment has been taken in, in bytes; 0 if nothing of it, or if there is no file."""
        return self._on_sound_file(lambda: self._cursor(segment))

    def forget(self, segments: Iterable[str]) -> None:
        """Notes segments that are gone; their cursors are dropped with the next batch, or by :meth:`settle`.

        Nothing is written here: the caller's thread is not the one that writes, and must not wait for the file.
        """
        self._forgotten.extend(segments)

    def settle(self) -> None:
        """Drops the cursors of forgotten segments; a store that refuses is left for the next time."""
        if not self._forgotten or not self.file.path.exists():
            return
        try:
            with self.file.transaction() as connection:
                self._drop_forgotten(connection)
        except (sqlite3.Error, OSError, HeldError) as error:
            _log.debug("cursors of %s are dropped later: %s", self.file.path, error)

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed."""
        self.settle()
        self.file.close()

    def _write(
        self, records: Sequence[Translated], ends: Mapping[str, int], files: Mapping[FileSource, StoredFile]
    ) -> None:
        with self._remembering(), self.file.transaction() as connection:
            if self._ids_of != self.file.opened:
                self._ids.forget()
                self._ids_of = self.file.opened
            self._check(files.values())
            cursors = {segment: _cursor(connection, segment) for segment in ends.keys() | {r.segment for r in records}}
            writer = Writer(connection, self._ids, files)
            for record in records:
                if record.offset >= cursors[record.segment]:
                    writer.write(record)
            writer.flush()
            self._drop_forgotten(connection)
            now = self._clock()
            connection.executemany(ADVANCE_CURSOR, [(segment, end, now) for segment, end in ends.items()])

    def _cursor(self, segment: str) -> int:
        with self.file.reading() as connection:
            return 0 if connection is None else _cursor(connection, segment)

    def _drop_forgotten(self, connection: sqlite3.Connection) -> None:
        """Drops cursors. Should the transaction fail, they stay until they are old: nobody asks for them again."""
        while self._forgotten:
            connection.execute(FORGET_SEGMENT, (self._forgotten.popleft(),))

    def _on_sound_file(self, action: Callable[[], T]) -> T:
        """Does something; where the file is found to be damaged, it is set aside and a new one takes its place."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
        self.file.set_aside()
        return action()

    def _check(self, files: Iterable[StoredFile]) -> None:
        """Looks once more for the copies: before the transaction, another leader's retention could remove one."""
        for file in files:
            if file.path is not None and not self.files.holds(file.path, file.size_bytes):
                raise FileNotFoundError(f"{file.path} was removed while its row was being written")

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except _REFUSED as error:
            self._ids.rolled_back()
            raise PermanentError(f"the store cannot hold a value: {error}") from error
        except BaseException:
            self._ids.rolled_back()
            raise
        self._ids.committed()


def _cursor(connection: sqlite3.Connection, segment: str) -> int:
    row = connection.execute(lookups.CURSOR, (segment,)).fetchone()
    return 0 if row is None else int(row[0])


def _sources(records: Iterable[Translated]) -> Iterator[FileSource]:
    """Yields the files that operations name."""
    for record in records:
        for operation in record.operations:
            if isinstance(operation, ArtifactSaved):
                yield operation.file
            elif isinstance(operation, IncidentOpened):
                yield from operation.files
