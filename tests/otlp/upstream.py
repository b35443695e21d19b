"""What upstream makes of the same records, parsed: the oracle of the encoder's tests."""

from __future__ import annotations

from typing import Any

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import export as sdk_metrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

CONTEXT = SpanContext(trace_id=1, span_id=2, is_remote=False)
RESOURCE = Resource({"service.name": "corpus"})
SCOPE = InstrumentationScope("corpus")


def upstream_span(span: ReadableSpan) -> trace_pb2.Span:
    return encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]


def upstream_log(record: ReadableLogRecord) -> logs_pb2.LogRecord:
    return encode_logs([record]).resource_logs[0].scope_logs[0].log_records[0]


def upstream_metric(metric: sdk_metrics.Metric) -> metrics_pb2.Metric:
    scope = sdk_metrics.ScopeMetrics(SCOPE, [metric], "")
    data = sdk_metrics.MetricsData([sdk_metrics.ResourceMetrics(RESOURCE, [scope], "")])
    return encode_metrics(data).resource_metrics[0].scope_metrics[0].metrics[0]


def upstream_value(value: Any) -> AnyValue:
    """The value of an attribute: the SDK's limits and cleaning are not in the way of a span made by hand."""
    span = ReadableSpan("value", CONTEXT, attributes={"value": value}, resource=RESOURCE)
    return upstream_span(span).attributes[0].value
