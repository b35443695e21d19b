"""The running distribution: OpenTelemetry's providers over one pipeline, and how it all ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_distro.api import counting, wiring
from otel_distro.api.run import open_runs
from otel_distro.forwarder.ledger import Balance, balances
from otel_distro.otlp.mending import mended_counts
from otel_distro.pipeline import Pipeline
from otel_distro.recording.events import EventLoggerProvider
from otel_distro.recording.processors import SpoolLogRecordProcessor, SpoolMetricExporter, SpoolSpanProcessor
from otel_distro.recording.resource import ProcessResources
from otel_distro.recording.sink import SpoolSink
from otel_distro.spool.directory import Addressee
from otel_distro.spool.record import Kind

_STOP_SECONDS: Final = 1.0
_COLLECT_SECONDS: Final = 1.0


class Distribution:
    """Everything that runs in this process.

    Args:
        pipeline: Where records go.
        resource: What the records are about.
        exit_timeout_seconds: How long the program's exit waits at most.
        on_line: Called with a line that the user should see.
    """

    def __init__(
        self, pipeline: Pipeline, resource: Resource, exit_timeout_seconds: float, on_line: Callable[[str], None]
    ) -> None:
        self._pipeline = pipeline
        self._exit_timeout_seconds = exit_timeout_seconds
        self._on_line = on_line
        self._ended = False
        self._before = balances(pipeline.directory, queued_of="")
        resources = ProcessResources()
        spool = (pipeline.writer, resources, pipeline.flush)
        # They end with the distribution, in its order, not each by an exit handler of its own.
        self.tracer_provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SpoolSpanProcessor(*spool))
        self.logger_provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(SpoolLogRecordProcessor(*spool))
        reader = PeriodicExportingMetricReader(SpoolMetricExporter(*spool))
        self.meter_provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self.event_logger_provider = EventLoggerProvider(pipeline.writer, resources, resource)
        self.sink = SpoolSink(pipeline.directory, pipeline.writer, resources, resource)

    def flush(self, timeout_seconds: float) -> bool:
        """Collects the metrics and waits until every destination has passed everything; returns whether."""
        deadline = time.monotonic() + timeout_seconds
        collected = self.meter_provider.force_flush(int(max(timeout_seconds, _COLLECT_SECONDS) * 1e3))
        return self._pipeline.flush(max(0.0, deadline - time.monotonic())) and collected

    def shutdown(self, timeout_seconds: float) -> bool:
        """Ends what is open, in the order in which it needs what comes after it; returns whether all was passed."""
        if self._ended:
            return True
        self._ended = True
        deadline = time.monotonic() + timeout_seconds
        for run in open_runs():
            run.end()
        self._shut_providers_down(timeout_seconds)
        passed = self._pipeline.flush(max(0.0, deadline - time.monotonic()))
        self._summarise()
        self._pipeline.stop(max(_STOP_SECONDS, deadline - time.monotonic()) if passed else 0.0)
        wiring.uninstall()
        return passed

    def at_exit(self) -> None:
        """Shuts down within the exit's time."""
        self.shutdown(self._exit_timeout_seconds)

    def _shut_providers_down(self, timeout_seconds: float) -> None:
        """Ends the providers; the meter provider collects once more, which needs no network but some time."""
        milliseconds = max(timeout_seconds, _COLLECT_SECONDS) * 1e3
        for shut_down in (
            self.tracer_provider.shutdown,
            partial(self.meter_provider.shutdown, milliseconds),
            self.logger_provider.shutdown,
        ):
            try:
                shut_down()
            except Exception as error:  # one that fails, in a callback of the program, stops none of the others
                self._on_line(f"a provider did not shut down: {error}")

    def _summarise(self) -> None:
        """Says in one line what became of what this process recorded; nothing if it recorded nothing."""
        writer = self._pipeline.writer
        now = balances(self._pipeline.directory, queued_of=writer.owner)
        parts = []
        for addressee in self._pipeline.addressees:
            accepted = max(0, writer.accepted(kinds_of(addressee)) - writer.in_memory)
            if accepted:
                parts.append(summary(accepted, now[addressee.name], self._before[addressee.name]))
        if noted := notes(writer.in_memory):
            parts.append(noted)
        if parts:
            self._on_line("; ".join(parts))


def summary(accepted: int, now: Balance, before: Balance) -> str:
    """Returns what became of a process's records for one destination, in words.

    Args:
        accepted: How many the process recorded.
        now: Where the destination stands; of what waits, only what this process recorded.
        before: Where it stood when the process began.
    """
    refused = {"parked": now.parked - before.parked} | {
        f"lost ({reason})": count - before.lost.get(reason, 0) for reason, count in now.lost.items()
    }
    counts = {"accepted": accepted, "delivered": accepted - now.queued - sum(refused.values()), "kept": now.queued}
    said = ("accepted", "delivered")
    words = [f"{count} {word}" for word, count in {**counts, **refused}.items() if count or word in said]
    return f"{now.name}: {', '.join(words)}"


def notes(in_memory: int) -> str:
    """Returns in words what was changed or left out before it reached the spool; empty if nothing was.

    Args:
        in_memory: How many records the disk refused; what waits in memory is lost with the process.
    """
    counts = Counter(counting.counts())
    counts[counting.MENDED] += sum(mended_counts().values())
    counts["lost_because_the_disk_refused_them"] += in_memory
    return ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(counts.items()) if count)


def kinds_of(addressee: Addressee) -> frozenset[Kind]:
    """Returns the kinds of record that any slot of a destination takes."""
    return frozenset(kind for slot in addressee.slots for kind in slot.takes)
