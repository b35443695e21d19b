"""OTLP encoding of a span with 5 attributes: from the SDK's spans to the bytes of one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

from benchmarks import samples
from benchmarks.harness import Claim, compare
from otel_distro.otlp.encoder import encode_span
from otel_distro.otlp.request import join_request
from otel_distro.spool.record import Kind

PEER = "opentelemetry-exporter-otlp-proto-common encode_spans"


def theirs(spans: Sequence[ReadableSpan]) -> bytes:
    return encode_spans(spans).SerializeToString()


def ours(spans: Sequence[ReadableSpan]) -> bytes:
    return join_request(
        [samples.spooled(Kind.SPAN, encode_span(span), span.resource, span.instrumentation_scope) for span in spans]
    )


def claims() -> Iterator[Claim]:
    spans = samples.spans()
    read = ExportTraceServiceRequest.FromString
    assert read(ours(spans)) == read(theirs(spans))
    batch = compare(partial(theirs, spans), partial(ours, spans), operations=len(spans))
    yield Claim(
        "a span of 5 attributes is encoded this many times faster in batches of 512",
        PEER,
        batch.ratio,
        5.0,
        detail=batch.detail,
    )
    singles = [[span] for span in spans]
    single = compare(
        lambda: [theirs(span) for span in singles], lambda: [ours(span) for span in singles], operations=len(spans)
    )
    yield Claim(
        "a span of 5 attributes is encoded this many times faster singly",
        PEER,
        single.ratio,
        8.0,
        detail=single.detail,
    )
