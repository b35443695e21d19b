"""Requests joined from spooled bytes: equal to the whole request that upstream makes of the same records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from otel_distro.otlp.encoder import encode_log_record, encode_metric, encode_resource, encode_scope, encode_span
from otel_distro.otlp.request import join_request
from otel_distro.spool.record import Kind, SpooledRecord
from otlp.corpus import collected, log_records, scopes, spans
from otlp.upstream import CONTEXT, SCOPE


def spooled(kind: Kind, payload: bytes, resource: Resource, scope: Any) -> SpooledRecord:
    return SpooledRecord(kind, payload, encode_resource(resource), encode_scope(scope), 0, "segment", 0, 0, 0)


def spooled_spans(records: Sequence[ReadableSpan]) -> list[SpooledRecord]:
    return [spooled(Kind.SPAN, encode_span(span), span.resource, span.instrumentation_scope) for span in records]


def test_spans_join_to_upstreams_request() -> None:
    records = spans()
    joined = ExportTraceServiceRequest.FromString(join_request(spooled_spans(records)))
    assert joined == encode_spans(records)


@pytest.mark.parametrize("length", [1, 100, 20_000])
def test_resources_and_scopes_stand_in_the_order_in_which_they_are_met(length: int) -> None:
    resources = [Resource({"name": "first" * length}), Resource({}), Resource({"name": "third"}, "https://schema")]
    # A scope without a name and no scope are the same bytes: upstream sends them apart, we together.
    told_apart = [scope for scope in scopes() if scope is None or scope.name]
    records = [
        ReadableSpan(f"{number}" * length, CONTEXT, resource=resource, instrumentation_scope=scope)
        for number in range(2)
        for scope in reversed(told_apart)
        for resource in resources
    ]
    joined = ExportTraceServiceRequest.FromString(join_request(spooled_spans(records)))
    assert joined == encode_spans(records)
    assert [len(resource.scope_spans) for resource in joined.resource_spans] == [3, 3, 3]


def test_logs_and_events_join_to_upstreams_request() -> None:
    records = log_records()
    records.append(ReadableLogRecord(LogRecord(event_name="algo.event"), Resource({"other": 1}), None))
    joined = join_request(
        [
            spooled(
                Kind.EVENT if record.log_record.event_name else Kind.LOG,
                encode_log_record(record.log_record),
                record.resource,
                record.instrumentation_scope,
            )
            for record in records
        ]
    )
    assert ExportLogsServiceRequest.FromString(joined) == encode_logs(records)


def test_metrics_join_to_upstreams_request() -> None:
    data = collected()
    joined = join_request(
        [
            spooled(Kind.METRIC, encode_metric(metric), resource.resource, scope.scope)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
    )
    ours, theirs = ExportMetricsServiceRequest.FromString(joined), encode_metrics(data)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


def test_no_records_are_an_empty_request() -> None:
    assert join_request([]) == b""


def test_the_scope_of_the_corpus_is_in_the_request() -> None:
    (record,) = spooled_spans([ReadableSpan("s", CONTEXT, resource=Resource({}), instrumentation_scope=SCOPE)])
    request = ExportTraceServiceRequest.FromString(join_request([record]))
    assert request.resource_spans[0].scope_spans[0].scope.name == SCOPE.name
