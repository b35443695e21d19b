"""Looking after spools from outside the program: what is in them, and delivering what waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from otel_distro.config import LOCAL, Config
from otel_distro.forwarder.alerts import AlertEvaluator
from otel_distro.forwarder.destination import Destination
from otel_distro.forwarder.leader import Leader
from otel_distro.forwarder.ledger import Balance, balances
from otel_distro.forwarder.plugins import addressee, build_destination
from otel_distro.spool.directory import SpoolDirectory, spool_directories
from otel_distro.spool.locks import FileLock
from otel_distro.spool.writer import SpoolWriter

_LOOK_SECONDS: Final = 0.05
_CLOSE_SECONDS: Final = 2.0

Progress = Callable[[Mapping[str, Balance]], None]


class Spools:
    """The spool directories of this host that some destinations may deliver.

    Args:
        root: The spool's root.
        destinations: Makes the destinations; called once for each directory.
        on_line: Called with a line that the user should see.
        service: Only this service's.
        all_of_host: Every directory of the host, even those for destinations that are not offered.
    """

    def __init__(
        self,
        root: Path,
        destinations: Callable[[], Sequence[Destination]],
        on_line: Callable[[str], None],
        *,
        service: str | None = None,
        all_of_host: bool = False,
    ) -> None:
        self._root = root
        self._destinations = destinations
        self._on_line = on_line
        self._service = service
        self._all_of_host = all_of_host

    @classmethod
    def offered_by(
        cls,
        environ: Mapping[str, str],
        on_line: Callable[[str], None],
        *,
        service: str | None = None,
        all_of_host: bool = False,
    ) -> Spools:
        """Returns the spools for the destinations that an environment names.

        Raises:
            ValueError: A variable cannot work.
        """
        config = Config.from_environ(environ)

        def build() -> list[Destination]:
            return [build_destination(name, environ) for name in config.destinations]

        build()
        return cls(config.spool, build, on_line, service=service, all_of_host=all_of_host)

    def directories(self) -> list[SpoolDirectory]:
        """Lists the directories, those with nothing that could be delivered left out."""
        offered = {addressee(destination).identity() for destination in self._destinations()}
        return [
            directory
            for directory in spool_directories(self._root)
            if (self._service is None or directory.service == self._service)
            and (self._all_of_host or offered & {known.identity() for known in directory.addressees})
        ]

    def balances(self) -> dict[str, Balance]:
        """Returns where each destination stands, over all directories."""
        totals: dict[str, Balance] = {}
        for directory in self.directories():
            for name, balance in balances(directory).items():
                totals.setdefault(name, Balance(name)).merge(balance)
        return totals

    def drain(self, timeout_seconds: float, progress: Progress | None = None) -> dict[str, Balance]:
        """Delivers what waits, every destination at once, until nothing is left or the time is over.

        Where another process leads, that one delivers, and this waits for it.

        Args:
            timeout_seconds: How long at most.
            progress: Called now and then with where each destination stands; finding that out reads all that waits.

        Returns:
            Where each destination stands in the end.
        """
        deadline = time.monotonic() + timeout_seconds
        for directory in self.directories():
            with self._led(directory) as leader:
                while time.monotonic() < deadline and self._has_queued(directory, leader):
                    if progress:
                        progress(self.balances())
                    time.sleep(_LOOK_SECONDS)
        return self.balances()

    def _has_queued(self, directory: SpoolDirectory, leader: Leader | None) -> bool:
        if leader:
            return leader.has_queued()
        offered = {destination.name for destination in self._destinations()}
        return any(balance.queued for name, balance in balances(directory).items() if name in offered)

    @contextmanager
    def _led(self, directory: SpoolDirectory) -> Iterator[Leader | None]:
        """Leads a directory for a while, unless another process does."""
        lock = FileLock(directory.leader_lock)
        if not lock.try_acquire():
            yield None
            return
        writer = SpoolWriter(directory)
        known = {addressed.identity() for addressed in directory.addressees}
        alerts = AlertEvaluator(directory, writer.append)
        destinations = [one for one in (alerts, *self._destinations()) if addressee(one).identity() in known]
        leader = Leader(directory, destinations, lock, self._on_line)
        thread = threading.Thread(target=leader.run, name="otel-distro drain", daemon=True)
        thread.start()
        try:
            yield leader
        finally:
            ended = frozenset({writer.owner})
            writer.close()
            leader.stop()
            thread.join(_CLOSE_SECONDS)
            leader.finish(time.monotonic() + _CLOSE_SECONDS, ended)
            lock.release()


def take_up_local(environ: Mapping[str, str], timeout_seconds: float) -> int:
    """Delivers to the local store what waits for it where no process leads.

    Args:
        environ: The environment; says where spool and store lie.
        timeout_seconds: How long at most.

    Returns:
        How many records still wait for the local store, on this host.
    """
    root = Config.from_environ(environ).spool
    spools = Spools(root, lambda: [build_destination(LOCAL, environ)], lambda _line: None)
    balance = spools.drain(timeout_seconds).get(LOCAL.name)
    return balance.queued if balance else 0
