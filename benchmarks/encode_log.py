"""OTLP encoding of a log record whose body has 10 fields: from the SDK's records to the bytes of one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord

from benchmarks import samples
from benchmarks.harness import Claim, compare
from otel_distro.otlp.encoder import encode_log_record
from otel_distro.otlp.request import join_request
from otel_distro.spool.record import Kind

PEER = "opentelemetry-exporter-otlp-proto-common encode_logs"


def emit_export(emit: samples.Emit, number: int) -> None:
    """What ``arc.export`` records: an event with a map of 10 KAPIs and dimensions."""
    body = {
        "score": number / 512,
        "latency_seconds": 0.002 + number * 1e-6,
        "threshold": 0.5,
        "margin": number / 512 - 0.5,
        "tokens": 100 + number,
        "attempt": 1 + number % 3,
        "cached": number % 2 == 0,
        "region": ("eu-west", "us-east")[number % 2],
        "model": f"ranker-{number % 7}",
        "customer": f"c-{number:06d}",
    }
    emit(
        timestamp=samples.START_UNIX_NANO + number,
        observed_timestamp=samples.START_UNIX_NANO + number,
        severity_number=SeverityNumber.INFO,
        event_name="algo.arc.export",
        body=body,
        attributes={"algo.arc.id": f"a{number:08x}.b", "algo.arc.class": "scoring", "algo.run.name": "brave-otter"},
    )


def theirs(records: Sequence[ReadableLogRecord]) -> bytes:
    return encode_logs(records).SerializeToString()


def ours(records: Sequence[ReadableLogRecord]) -> bytes:
    return join_request(
        [
            samples.spooled(
                Kind.EVENT,
                encode_log_record(record.log_record, record.dropped_attributes),
                record.resource,
                record.instrumentation_scope,
            )
            for record in records
        ]
    )


def claims() -> Iterator[Claim]:
    records = samples.logs(emit_export)
    read = ExportLogsServiceRequest.FromString
    assert read(ours(records)) == read(theirs(records))
    compared = compare(partial(theirs, records), partial(ours, records), operations=len(records))
    yield Claim(
        "a log record with a body of 10 fields is encoded this many times faster in batches of 512",
        PEER,
        compared.ratio,
        5.0,
        detail=compared.detail,
    )
