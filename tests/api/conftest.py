"""Wires the API to fakes and to the real SDK in memory, and makes every internal error a failure of the test."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.context import attach, get_current
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.fakes import FakeClock, FakeLoggerProvider, FakeSink, Recorded
from otel_distro.api import context, counting, guard, instruments, metrics, run_object, wiring
from otel_distro.api.arc import _of_another_process as arc_of_another_process
from otel_distro.api.run import _of_another_process as run_of_another_process


@pytest.fixture(autouse=True)
def recorded() -> Iterator[Recorded]:
    provider, sink, clock = FakeLoggerProvider(), FakeSink(), FakeClock()
    exporter, reader, ids = InMemorySpanExporter(), InMemoryMetricReader(), itertools.count(1)
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    before = get_current()
    guard.raise_internal_errors()
    wiring.install(
        provider,
        sink,
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        clock=wiring.Clock(clock.time_unix_nano, clock.elapsed_nano),
        new_id=lambda: f"{next(ids):032x}",
    )
    wiring.get_event_logger()
    assert provider.logger is not None
    yield Recorded(provider.logger, sink, clock, exporter, reader)
    wiring.uninstall()
    guard.raise_internal_errors(raises=False)
    attach(before)
    forget()
    tracer_provider.shutdown()
    meter_provider.shutdown()


def forget() -> None:
    """Empties what the modules keep for the life of a process."""
    arc_of_another_process.cache_clear()
    run_of_another_process.cache_clear()
    counting._tallies.clear()
    counting._warned.clear()
    context.object_runs.clear()
    instruments._last_values.clear()
    metrics._made.clear()
    run_object._open.clear()


@pytest.fixture
def switching() -> Iterator[None]:
    """Lets threads take turns after almost every step of the interpreter."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
