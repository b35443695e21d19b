"""Bytes of a record on disk: its payload, the spool's 40 bytes, and its share of the dictionary entries.

The peer is upstream's request with a batch of 512 of the same records, in which resource and scope stand once. In a
segment they stand once, too, each as a record of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from benchmarks import samples
from benchmarks.harness import Claim
from otel_distro import semconv
from otel_distro.otlp.encoder import encode_log_record, encode_resource, encode_scope, encode_span
from otel_distro.spool.format import RECORD_BYTES

TARGET = 1.2


def emit_metrics(emit: samples.Emit, step: int) -> None:
    """What ``run.log`` of two values records."""
    emit(
        timestamp=samples.START_UNIX_NANO + step,
        observed_timestamp=samples.START_UNIX_NANO + step,
        severity_number=SeverityNumber.INFO,
        event_name=semconv.EVENT_RUN_METRICS,
        body={"loss": 1 / (1 + step), "accuracy": step / samples.BATCH},
        attributes=samples.run_attributes(step),
    )


def on_disk(payloads: Sequence[bytes], *entries: bytes) -> int:
    """Bytes of records and dictionary entries in a segment."""
    return sum(len(content) + RECORD_BYTES for content in (*payloads, *entries))


def claim(what: str, peer: str, ours: int, theirs: int) -> Claim:
    detail = f"ours {ours / samples.BATCH:.1f} B, peer {theirs / samples.BATCH:.1f} B a record"
    return Claim(f"{what} takes at most this many times the bytes on disk", peer, ours / theirs, TARGET, True, detail)


def claims() -> Iterator[Claim]:
    spans = samples.spans()
    first = spans[0]
    yield claim(
        "a span of 5 attributes",
        "opentelemetry-exporter-otlp-proto-common encode_spans, a batch of 512",
        on_disk(
            [encode_span(span) for span in spans],
            encode_resource(first.resource),
            encode_scope(first.instrumentation_scope),
        ),
        encode_spans(spans).ByteSize(),
    )
    records = samples.logs(emit_metrics)
    head = records[0]
    yield claim(
        "run.log of 2 values",
        "opentelemetry-exporter-otlp-proto-common encode_logs, a batch of 512",
        on_disk(
            [encode_log_record(record.log_record) for record in records],
            encode_resource(head.resource),
            encode_scope(head.instrumentation_scope),
        ),
        encode_logs(records).ByteSize(),
    )
