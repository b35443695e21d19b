"""Records as programs make them, through the SDK itself; values differ from record to record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from otel_distro import semconv
from otel_distro.otlp.encoder import encode_resource, encode_scope
from otel_distro.spool.record import Kind, SpooledRecord

BATCH = 512  # records in a request: the default of OTEL_BSP_MAX_EXPORT_BATCH_SIZE
SCOPE = ("shop.checkout", "1.4.2")
START_UNIX_NANO = 1_760_000_000_000_000_000

Emit = Callable[..., None]


def resource() -> Resource:
    """The attributes that a service in a container has."""
    return Resource(
        {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": "1.45.1",
            "service.name": "checkout",
            "service.version": "2.1.0",
            "service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09",
            "host.name": "worker-7",
            "process.pid": 4711,
        }
    )


def spans(count: int = BATCH) -> Sequence[ReadableSpan]:
    """Server spans under one parent, with 5 attributes each."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=resource())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer(*SCOPE)
    with tracer.start_as_current_span("parent"):
        for number in range(count):
            attributes = {
                "http.request.method": ("GET", "POST")[number % 2],
                "http.route": f"/orders/{number}",
                "server.address": "shop.example.com",
                "http.response.status_code": 200 + number % 5,
                "order.total": number * 1.25,
            }
            tracer.start_span("GET /orders/{id}", kind=SpanKind.SERVER, attributes=attributes).end()
    provider.shutdown()
    return exporter.get_finished_spans()[:count]


def logs(emit: Callable[[Emit, int], None], count: int = BATCH) -> Sequence[ReadableLogRecord]:
    """Log records as an SDK logger makes them.

    Args:
        emit: Emits the record of a number by calling its first argument with a log record's arguments.
        count: How many.
    """
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # upstream left its constructor untyped
    provider = LoggerProvider(resource=resource(), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger(*SCOPE)
    for number in range(count):
        emit(logger.emit, number)
    provider.shutdown()
    return exporter.get_finished_logs()


def run_attributes(step: int) -> dict[str, Any]:
    """The attributes of ``algo.run.metrics``."""
    return {
        semconv.RUN_ID: "6f1c0a1be1b94ab9a5e3f8a1c0de4711",
        semconv.RUN_NAME: "brave-otter",
        semconv.RUN_STEP: step,
        semconv.RUN_TIME_SECONDS: step * 0.25,
    }


def spooled(kind: Kind, payload: bytes, of_resource: Resource, of_scope: Any) -> SpooledRecord:
    """A record as the spool gives it back."""
    return SpooledRecord(kind, payload, encode_resource(of_resource), encode_scope(of_scope), 0, "segment", 0, 0, 0)
