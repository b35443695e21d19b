"""What the SDK calls with ended spans, emitted log records and collected metrics: encode, append, done.

Nothing here waits for a network, and nothing raises: what cannot be encoded is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from otel_distro.api.guard import swallow
from otel_distro.otlp.encoder import encode_log_record, encode_metric, encode_scope, encode_span
from otel_distro.recording.resource import ProcessResources
from otel_distro.spool.record import Kind
from otel_distro.spool.writer import SpoolWriter

Flush = Callable[[float], bool]


class _Recorder:
    """What the three have in common: where they append, and how they flush.

    Args:
        writer: This process's end of the spool.
        resources: Encodes resources.
        flush: Waits until everything was passed, at most so many seconds.
    """

    def __init__(self, writer: SpoolWriter, resources: ProcessResources, flush: Flush) -> None:
        super().__init__()
        self._writer = writer
        self._resources = resources
        self._flush = flush

    def shutdown(self, *_: Any, **__: Any) -> None:
        """Does nothing: the distribution closes the spool after all signals."""

    def force_flush(self, timeout_millis: float = 30_000) -> bool:
        """Waits until every destination has passed what was recorded before."""
        return self._flush(timeout_millis / 1e3)


class SpoolSpanProcessor(_Recorder, SpanProcessor):
    """Appends every sampled span when it ends."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Does nothing: a span is recorded when it has ended."""

    def on_end(self, span: ReadableSpan) -> None:
        """Appends the span, if it is sampled."""
        context = span.get_span_context()
        if context is None or not context.trace_flags.sampled:
            return
        try:
            payload = encode_span(span)
            scope = encode_scope(span.instrumentation_scope)
            self._writer.append(Kind.SPAN, payload, self._resources.encode(span.resource), scope)
        except Exception as error:
            swallow("a span", error)


class SpoolLogRecordProcessor(_Recorder, LogRecordProcessor):
    """Appends every log record of the application."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Appends the record."""
        try:
            payload = encode_log_record(log_record.log_record, log_record.dropped_attributes)
            resource = self._resources.encode(log_record.resource) if log_record.resource else b""
            self._writer.append(Kind.LOG, payload, resource, encode_scope(log_record.instrumentation_scope))
        except Exception as error:
            swallow("a log record", error)


class SpoolMetricExporter(_Recorder, MetricExporter):
    """Appends what a metric reader collected: cumulative points, one record a metric."""

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - appending takes microseconds
        **_: Any,
    ) -> MetricExportResult:
        """Appends the metrics."""
        for of_resource in metrics_data.resource_metrics:
            resource = self._resources.encode(of_resource.resource)
            for of_scope in of_resource.scope_metrics:
                scope = encode_scope(of_scope.scope)
                for metric in of_scope.metrics:
                    try:
                        self._writer.append(Kind.METRIC, encode_metric(metric), resource, scope)
                    except Exception as error:
                        swallow("a metric", error)
        return MetricExportResult.SUCCESS
