"""The pipeline of one process: spool directory, writer and forwarder, put together for a set of destinations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from otel_distro.config import LOCAL, Config, DestinationName
from otel_distro.forwarder.alerts import ADDRESSEE as ALERTS
from otel_distro.forwarder.alerts import AlertEvaluator
from otel_distro.forwarder.destination import Destination
from otel_distro.forwarder.forwarder import Forwarder
from otel_distro.forwarder.plugins import addressee, build_destination
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.writer import SpoolWriter


class Pipeline:
    """What records pass between the encoder and the destinations.

    Args:
        config: The distribution's settings.
        environ: The environment that destinations read their own settings from.
        on_line: Called with a line that the user should see.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], on_line: Callable[[str], None]) -> None:
        self._environ = environ
        made = _usable(config.destinations, environ, on_line)
        self._names = list(made)
        self.addressees = [addressee(destination) for destination in made.values()]
        self.directory = SpoolDirectory.below(config.spool, config.service, [ALERTS, *self.addressees])
        self.writer = SpoolWriter(self.directory, on_first_record=self._start, on_trouble=on_line)
        self.forwarder = Forwarder(self.directory, self.writer, self._build, on_line, leads=config.forwards)

    def flush(self, timeout_seconds: float) -> bool:
        """Waits until every destination passed what was appended before; returns whether all was passed."""
        try:
            return self.forwarder.flush(timeout_seconds)
        except OSError:
            return False

    def stop(self, timeout_seconds: float) -> None:
        """Stops forwarding, and closes this process's end of the spool."""
        try:
            self.forwarder.stop(timeout_seconds)
        except OSError:  # the directory is gone: there is nothing to leave in order
            return

    def _start(self) -> None:
        self.forwarder.start()

    def _build(self) -> Sequence[Destination]:
        """Makes the destinations, the distribution's own judge of alerts first."""
        plugins = [build_destination(name, self._environ) for name in self._names]
        return [AlertEvaluator(self.directory, self.writer.append), *plugins]


def _usable(
    names: Sequence[DestinationName], environ: Mapping[str, str], on_line: Callable[[str], None]
) -> dict[DestinationName, Destination]:
    """Makes those of the destinations that can be made, else ``local``, and says what is wrong with each other one.

    Raises:
        ValueError: Not even ``local`` can be made.
    """
    made = {}
    for name in names:
        try:
            made[name] = build_destination(name, environ)
        except ValueError as error:
            on_line(f"{error}; it is left out")
    return made or {LOCAL: build_destination(LOCAL, environ)}
