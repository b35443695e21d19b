"""Keeps the store within its bounds in bytes and age.

What is least precious goes first: spans, logs and points of instruments; then every second point of runs that have
ended, again and again; then runs, ARCs, annotations and incidents, the oldest first. Runs that go on stay. Each row
that goes is counted in the table ``dropped``.

The work is done after a batch, in pieces, for a moment at a time; what is left is done after the next one.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Final

from otel_distro.query import lookups
from otel_exporter_local import removals
from otel_exporter_local.config import LocalConfig
from otel_exporter_local.connection import StoreFile
from otel_exporter_local.files import TEMPORARY_SUFFIX, FileStore
from otel_exporter_local.ids import SEEN_EVERY_UNIX_NANO

__all__ = ["Retention"]

SIZE_EVERY_SECONDS: Final = 10.0
AGE_EVERY_SECONDS: Final = 600.0
BUDGET_SECONDS: Final = 0.2
_DAY_UNIX_NANO: Final = 86_400 * 10**9
_CURSOR_AGE_UNIX_NANO: Final = 90 * _DAY_UNIX_NANO  # of segments that vanished without a word
_ORPHAN_AGE_SECONDS: Final = 3600.0
_FULL: Final = 0.9  # down to what part of the bound it removes, so that it need not begin again at once
_SLICE: Final = 20  # removes by such parts of the time from the oldest row to now
_VACUUM_PAGES: Final = 512
_END_OF_TIME: Final = 2**63 - 1
_DONE: Final = object()
_log: Final = logging.getLogger(__name__)


class Retention:
    """Retention of one store.

    Args:
        file: The store.
        files: Its artifacts.
        config: The bounds.
        clock: Tells the present in nanoseconds since the epoch.
        monotonic: Tells a time in seconds that never goes back.
    """

    def __init__(
        self,
        file: StoreFile,
        files: FileStore,
        config: LocalConfig,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self._file = file
        self._files = files
        self._config = config
        self._clock = clock
        self._monotonic = monotonic
        self._work: Iterator[None] = iter(())
        self._size_due = self._age_due = float("-inf")
        self._thinned: dict[int, int] = {}
        self._warned = False

    def keep_within_bounds(self) -> None:
        """Looks at the bounds if it is time, and removes for a moment what is beyond them.

        A store that is busy or broken is left for the next time: what was delivered stays delivered.
        """
        if not self._file.path.exists():
            return
        deadline = self._monotonic() + BUDGET_SECONDS
        try:
            while self._monotonic() < deadline:
                if next(self._work, _DONE) is _DONE and not self._begin():
                    return
        except (sqlite3.Error, OSError) as error:
            self._work = iter(())
            _log.debug("retention of %s is put off: %s", self._file.path, error)

    def _begin(self) -> bool:
        """Plans what is due; returns whether anything is."""
        now = self._monotonic()
        if now >= self._age_due:
            self._age_due = now + AGE_EVERY_SECONDS
            self._work = self._keep_age()
        elif now >= self._size_due:
            self._size_due = now + SIZE_EVERY_SECONDS
            self._work = self._keep_size()
        else:
            return False
        return True

    # --- age: each step between two yields is one short transaction --------------------------------------------------

    def _keep_age(self) -> Iterator[None]:
        now = self._clock()
        if self._config.max_age_days * _DAY_UNIX_NANO < now:
            before = now - int(self._config.max_age_days * _DAY_UNIX_NANO)
            yield from self._until_none(partial(removals.drop_plain, before_unix_nano=before, reason="age"))
            drop = partial(removals.drop_silent, files=self._files, since_unix_nano=before, reason="age")
            yield from self._until_none(drop)
            self._drop_resources(min(before, now - SEEN_EVERY_UNIX_NANO) - _DAY_UNIX_NANO)
        self._drop_cursors(now - _CURSOR_AGE_UNIX_NANO)
        yield
        yield from self._remove_orphans(now)
        yield from self._vacuum()

    def _drop_resources(self, before_unix_nano: int) -> None:
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM resources WHERE seen_unix_nano < ?", (before_unix_nano,))

    def _drop_cursors(self, before_unix_nano: int) -> None:
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM cursors WHERE updated_unix_nano < ?", (before_unix_nano,))

    def _remove_orphans(self, now_unix_nano: int) -> Iterator[None]:
        """Removes copies whose rows were never written, since their process was killed in between."""
        for path in self._files.folder.glob("**/*"):
            if path.is_file() and now_unix_nano / 1e9 - path.stat().st_mtime > _ORPHAN_AGE_SECONDS:
                with self._file.transaction() as connection:
                    name = path.relative_to(self._files.folder).as_posix()
                    if path.suffix == TEMPORARY_SUFFIX or not connection.execute(lookups.FILE, (name,)).fetchone():
                        path.unlink(missing_ok=True)
                yield

    # --- size --------------------------------------------------------------------------------------------------------

    def _keep_size(self) -> Iterator[None]:
        if self._bytes() > self._config.max_bytes:
            yield from self._oldest_first(lookups.OLDEST_PLAIN, removals.drop_plain)
            yield from self._thin()
            yield from self._oldest_first(lookups.OLDEST_DOMAIN, partial(removals.drop_domain, files=self._files))
            self._warn_if_beyond()
        yield from self._vacuum()

    def _oldest_first(self, oldest: str, drop: Callable[..., int]) -> Iterator[None]:
        """Removes a slice of time after the other, as long as the store is too large and something is left."""
        while self._too_large():
            first, now = self._ask(oldest), self._clock()
            if first is None:
                return
            before = first + max((now - first) // _SLICE, 1) if first < now else _END_OF_TIME
            if not (yield from self._until_none(partial(drop, before_unix_nano=before, reason="size"))):
                return

    def _thin(self) -> Iterator[None]:
        while self._too_large():
            with self._file.transaction() as connection:
                if not removals.thin(connection, self._thinned):
                    return
            yield

    def _until_none(self, remove: Callable[[sqlite3.Connection], int]) -> Generator[None, None, int]:
        """Removes piece after piece until nothing is left of it; returns how many rows went."""
        total = 0
        while True:
            with self._file.transaction() as connection:
                removed = remove(connection)
            yield
            if not removed:
                return total
            total += removed

    def _warn_if_beyond(self) -> None:
        if self._too_large() and not self._warned:
            self._warned = True
            _log.warning(
                "the local store %s is larger than %d bytes, and all that is left belongs to runs that go on",
                self._file.path,
                self._config.max_bytes,
            )

    def _vacuum(self) -> Iterator[None]:
        """Gives pages that are free back to the file system, unless they are few and will soon be used again."""
        while self._measure("PRAGMA freelist_count") * 10 > self._measure("PRAGMA page_count"):
            with self._file.reading() as connection:
                if connection is not None:
                    connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
            yield

    # --- measures ----------------------------------------------------------------------------------------------------

    def _too_large(self) -> bool:
        free = self._measure("PRAGMA freelist_count") * self._measure("PRAGMA page_size")
        return self._bytes() - free > self._config.max_bytes * _FULL

    def _bytes(self) -> int:
        """Returns the size of file and artifacts, in bytes."""
        pages = self._measure("PRAGMA page_count") * self._measure("PRAGMA page_size")
        return pages + self._measure(lookups.FILES_BYTES)

    def _measure(self, statement: str) -> int:
        return self._ask(statement) or 0

    def _ask(self, statement: str) -> int | None:
        with self._file.reading() as connection:
            answer = None if connection is None else connection.execute(statement).fetchone()
        return None if answer is None else answer[0]
