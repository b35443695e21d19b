"""The leader's view of its directory: the open segments, which of them are complete, and when they may go."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from otel_distro.spool.directory import SegmentName, SpoolDirectory
from otel_distro.spool.files import remove_unnamed
from otel_distro.spool.format import FormatError
from otel_distro.spool.identity import Owner
from otel_distro.spool.ledger import Ledger
from otel_distro.spool.locks import is_locked
from otel_distro.spool.segment import Segment
from otel_distro.spool.writer import open_owners

_SETTLED_SECONDS: Final = 5.0
_TIDY_SECONDS: Final = 5.0


@dataclass(slots=True)
class Tracked:
    """One segment that the leader has open.

    Attributes:
        segment: The file.
        owner: Id of the process that writes it.
        number: Its number among the owner's.
        size: Its size when it was last looked at.
        unchanged_since: When that size was first seen, by the monotonic clock.
        complete: Whether nothing will be appended to it any more.
    """

    segment: Segment
    owner: str
    number: int
    size: int
    unchanged_since: float
    complete: bool = False


class SegmentTable:
    """All segments of a directory. Its lock guards it among the leader's own threads; no network waits under it.

    Args:
        directory: The spool directory.
        on_forget: Called with the names of segments that are gone.
        on_line: Called with a line that the user should see.
        clock: Monotonic clock, seconds.
    """

    def __init__(
        self,
        directory: SpoolDirectory,
        *,
        on_forget: Callable[[list[str]], None],
        on_line: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.Lock()
        self._directory = directory
        self._on_forget = on_forget
        self._on_line = on_line
        self._clock = clock
        self._ledger = Ledger(directory.ledger)
        self._tracked: dict[str, Tracked] = {}
        self._refused: set[str] = set()
        self._next_tidy = 0.0
        self._finish_interrupted_removal()

    @property
    def segments(self) -> Mapping[str, Tracked]:
        """The open segments by name; read it with the lock held."""
        return self._tracked

    def refresh(self, ended: frozenset[str] = frozenset()) -> bool:
        """Looks at the directory again: opens what is new, marks what is complete, removes what every slot passed.

        Args:
            ended: Owners that are known to write no more, such as this process at its own end.

        Returns:
            Whether anything was appended since the last look.
        """
        with self.lock:
            names = self._directory.segments()
            grown = self._open_new(names)
            newest = {name.owner: name.number for name in names}
            gone = {owner for owner in self._owners(names) if owner in ended or self._is_gone(owner)}
            for tracked in list(self._tracked.values()):
                grown |= self._look_at(tracked)
                settled = self._clock() - tracked.unchanged_since >= _SETTLED_SECONDS
                sealed = tracked.number < newest.get(tracked.owner, 0) and settled
                tracked.complete = tracked.owner in gone or sealed
            removed = [tracked for tracked in self._tracked.values() if tracked.complete and self._all_passed(tracked)]
            for tracked in removed:
                self._remove(tracked)
            if removed or self._clock() >= self._next_tidy:
                self._next_tidy = self._clock() + _TIDY_SECONDS
                self._tidy(gone)
        if removed:
            self._on_forget([tracked.segment.name for tracked in removed])
        return grown

    def has_queued(self, destinations: Collection[str]) -> bool:
        """Returns whether any slot of some destinations still has something before it."""
        with self.lock:
            return any(
                account.cursor < tracked.segment.size()
                for tracked in self._tracked.values()
                for (name, _), (_, account) in tracked.segment.accounts().items()
                if name in destinations
            )

    def close(self) -> None:
        """Closes all segments."""
        with self.lock:
            for tracked in self._tracked.values():
                tracked.segment.close()
            self._tracked.clear()

    def abandon(self) -> None:
        """Closes all segments in the child of a fork: without the lock, which a thread of the parent may hold."""
        for tracked in self._tracked.values():
            tracked.segment.close()

    def _open_new(self, names: list[SegmentName]) -> bool:
        opened = False
        for name in names:
            if name.name in self._tracked or name.name in self._refused:
                continue
            path = self._directory.path / name.name
            try:
                segment = Segment(path, writable=True)
            except FormatError as error:
                self._refused.add(name.name)
                self._on_line(f"{path}: {error}; set aside")
                quarantine = self._directory.path / "quarantine"
                quarantine.mkdir(mode=0o700, exist_ok=True)
                path.rename(quarantine / name.name)
                continue
            except OSError:
                continue  # removed since it was listed, or to be tried again
            self._tracked[name.name] = Tracked(segment, name.owner, name.number, segment.size(), self._clock())
            opened = True
        return opened

    def _look_at(self, tracked: Tracked) -> bool:
        """Notes a segment's size; returns whether it grew."""
        size = tracked.segment.size()
        if size == tracked.size:
            return False
        tracked.size, tracked.unchanged_since = size, self._clock()
        return True

    def _owners(self, names: list[SegmentName]) -> set[str]:
        return {name.owner for name in names} | self._directory.owners()

    def _is_gone(self, owner: str) -> bool:
        """A free lock alone proves nothing: a program that closes all files loses it while it lives."""
        identity = Owner.parse(owner)
        if identity and identity.pid == os.getpid() and identity.process_exists():
            # This very process: asking for its lock would release it, if a writer of ours still holds it.
            return owner not in open_owners()
        if is_locked(self._directory.alive(owner)):
            return False
        return identity is None or not identity.process_exists()

    def _all_passed(self, tracked: Tracked) -> bool:
        return all(account.cursor >= tracked.size for _, account in tracked.segment.accounts().values())

    def _remove(self, tracked: Tracked) -> None:
        """Takes a segment's counts over into the ledger, then removes it."""
        accounts = {key: account for key, (_, account) in tracked.segment.accounts().items()}
        try:
            self._ledger.add(tracked.segment.name, accounts)
            tracked.segment.path.unlink(missing_ok=True)
        except OSError as error:
            self._on_line(f"{tracked.segment.path} cannot be removed: {error}")
            return
        tracked.segment.close()
        del self._tracked[tracked.segment.name]

    def _finish_interrupted_removal(self) -> None:
        """Removes the segment whose counts were taken over just before the leader before us died."""
        last = self._ledger.added_last()
        if last:
            (self._directory.path / last).unlink(missing_ok=True)

    def _tidy(self, gone: set[str]) -> None:
        """Removes what processes that are gone left behind, but their segments."""
        in_use = {tracked.owner for tracked in self._tracked.values()}
        for owner in gone - in_use:
            self._directory.alive(owner).unlink(missing_ok=True)
        oldest: dict[str, int] = {}
        for tracked in self._tracked.values():
            created = tracked.segment.header.created_unix_nano
            oldest[tracked.owner] = min(created, oldest.get(tracked.owner, created))
        remove_unnamed(self._directory, oldest, lambda owner: owner in gone or self._is_gone(owner), time.time_ns())
