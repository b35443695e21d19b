"""What the API is wired to: the providers, the sink, the clock and the source of ids.

The configurator calls :func:`install`. Until it does, and in an SDK that was set up by hand, OpenTelemetry's global
providers are asked, at the first call and not at import; without any SDK those are no-ops.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.trace import get_tracer_provider

from otel_distro import semconv
from otel_distro.api.sink import NoSink, Sink

if TYPE_CHECKING:
    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

__all__ = [
    "Clock",
    "Wiring",
    "active",
    "get_event_logger",
    "get_sink",
    "install",
    "installed",
    "random_id",
    "uninstall",
]


def random_id() -> str:
    """Returns 32 random hexadecimal digits.

    From the operating system: neither a fork nor a program's own ``random.seed`` makes two of them equal.
    """
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time.

    Attributes:
        time_unix_nano: The present, in nanoseconds since the epoch.
        elapsed_nano: Nanoseconds since some fixed moment, never going back: for durations.
    """

    time_unix_nano: Callable[[], int] = time.time_ns
    elapsed_nano: Callable[[], int] = time.perf_counter_ns


@dataclass(slots=True)
class Wiring:
    """One set of everything that the API stands on.

    Attributes:
        event_logger_provider: Takes the domain events; ``None`` for the global one.
        sink: Takes points and files.
        tracer_provider: Makes the spans; ``None`` for the global one.
        meter_provider: Makes the instruments; ``None`` for the global one.
        clock: Tells the time.
        new_id: Makes ids of 32 hexadecimal digits.
        instruments: The instruments made so far, by name.
    """

    event_logger_provider: LoggerProvider | None = None
    sink: Sink = field(default_factory=NoSink)
    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    clock: Clock = field(default_factory=Clock)
    new_id: Callable[[], str] = random_id
    instruments: dict[str, Any] = field(default_factory=dict)
    _event_logger: Logger | None = None
    _tracer: Tracer | None = None
    _meter: Meter | None = None

    @property
    def event_logger(self) -> Logger:
        """The logger of the domain events."""
        if self._event_logger is None:
            provider = self.event_logger_provider or get_logger_provider()
            self._event_logger = provider.get_logger(semconv.SCOPE_NAME, _version(), semconv.SCHEMA_URL)
        return self._event_logger

    @property
    def tracer(self) -> Tracer:
        """The tracer of runs and ARCs."""
        if self._tracer is None:
            provider = self.tracer_provider or get_tracer_provider()
            self._tracer = provider.get_tracer(semconv.SCOPE_NAME, _version(), semconv.SCHEMA_URL)
        return self._tracer

    @property
    def meter(self) -> Meter:
        """The meter of every instrument."""
        if self._meter is None:
            provider = self.meter_provider or get_meter_provider()
            self._meter = provider.get_meter(semconv.SCOPE_NAME, _version(), semconv.SCHEMA_URL)
        return self._meter


class _State:
    wiring: Wiring = Wiring()
    installed: bool = False


def active() -> Wiring:
    """Returns what the API is wired to now."""
    return _State.wiring


def get_event_logger() -> Logger:
    """Returns the logger that takes the domain events."""
    return _State.wiring.event_logger


def get_sink() -> Sink:
    """Returns the sink that takes points and files."""
    return _State.wiring.sink


def installed() -> bool:
    """Returns whether a configurator has wired the API."""
    return _State.installed


def install(
    event_logger_provider: LoggerProvider,
    sink: Sink,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    clock: Clock | None = None,
    new_id: Callable[[], str] = random_id,
) -> None:
    """Wires the API; what was wired before is forgotten.

    Args:
        event_logger_provider: Takes the domain events: one whose attribute limits are off.
        sink: Takes points and files.
        tracer_provider: Makes the spans of runs and ARCs; OpenTelemetry's global one if not given.
        meter_provider: Makes the instruments; OpenTelemetry's global one if not given.
        clock: Tells the time; the system's if not given.
        new_id: Makes ids of 32 hexadecimal digits.
    """
    _State.wiring = Wiring(event_logger_provider, sink, tracer_provider, meter_provider, clock or Clock(), new_id)
    _State.installed = True


def uninstall() -> None:
    """Goes back to OpenTelemetry's global providers and to a sink that keeps nothing."""
    _State.wiring = Wiring()
    _State.installed = False


@lru_cache(maxsize=1)
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - half of the API's import time

    try:
        return version("otel-distro")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return ""
