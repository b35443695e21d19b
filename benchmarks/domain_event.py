"""A domain event from the call to the disk, beside the same record through upstream's logger and encoder.

Upstream's side is ``Logger.emit`` of the SDK with a processor that does nothing, and the encoding in batches of 512:
its batch processor does both, and nothing is durable. Ours is the public call of the API: when it returns, the record
survives the death of the process.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource

import otel_distro
from benchmarks.harness import Claim, compare
from otel_distro import semconv
from otel_distro.api.run_object import Run

BATCH = 512
PEER = "opentelemetry-sdk Logger.emit and encode_logs"


class Collecting(LogRecordProcessor):
    """Keeps what was emitted until it is encoded, as a batch processor does."""

    def __init__(self) -> None:
        self.emitted: list[ReadableLogRecord] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self.emitted.append(
            ReadableLogRecord(
                log_record.log_record,
                log_record.resource or Resource.get_empty(),
                log_record.instrumentation_scope,
                log_record.limits,
            )
        )

    def shutdown(self) -> None:
        """Holds nothing open."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - nothing waits
        return True


Call = tuple[str, str, Mapping[str, Any], Any, Callable[[], object]]


def calls(run: Run) -> list[Call]:
    """Returns each call with the record that it makes: its name, event name, attributes, body, and ours."""
    of_run = {semconv.RUN_ID: run.id, semconv.RUN_NAME: run.name}
    of_arc = {semconv.ARC_ID: "0" * 32, semconv.ARC_CLASS: "scoring", **of_run}
    step = {**of_run, semconv.RUN_STEP: 1, semconv.RUN_TIME_SECONDS: 1.5}
    values, message = {"loss": 0.25, "accuracy": 0.75}, {"score": 0.5, "region": "eu", "model": "digits"}
    inputs, outputs = {"x": 1.5, "y": 2.5}, {"label": "seven"}
    annotation = {semconv.ANNOTATION_ID: "0" * 32, semconv.ANNOTATION_LABELS: ["good"], **of_arc}
    body = {"inputs": inputs, "outputs": outputs}
    return [
        ("run.log", semconv.EVENT_RUN_METRICS, step, values, lambda: run.log(values)),
        ("export", semconv.EVENT_ARC_EXPORT, of_arc, message, lambda: otel_distro.export(message)),
        (
            "annotate",
            semconv.EVENT_ANNOTATION,
            annotation,
            body,
            lambda: otel_distro.annotate(inputs=inputs, outputs=outputs, labels=["good"]),
        ),
    ]


def claims() -> Iterator[Claim]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            OTEL_DISTRO_SPOOL_DIR=folder,
            OTEL_DISTRO_LOCAL_STORE=f"{folder}/local.db",
            OTEL_DISTRO_FORWARDER="none",  # the caller's side alone is measured; forwarding is another claim
            OTEL_DISTRO_QUIET="true",
        )
        otel_distro.configure()
        processor = Collecting()
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        logger = provider.get_logger(semconv.SCOPE_NAME)
        with otel_distro.run("benchmark") as run, otel_distro.arc("scoring"):
            for name, event_name, attributes, body, ours in calls(run):
                emit = partial(
                    logger.emit,
                    severity_number=SeverityNumber.INFO,
                    event_name=event_name,
                    attributes=attributes,
                    body=body,
                )
                yield from compared(name, processor, emit, ours)
        otel_distro.shutdown(0)


def compared(
    name: str, processor: Collecting, emit: Callable[[], object], ours: Callable[[], object]
) -> Iterator[Claim]:
    """Yields the claims for one call."""
    total = compare(partial(theirs, processor, emit), partial(repeat, ours), operations=BATCH)
    yield Claim(f"{name}, durable, costs at most this part of the CPU", PEER, 1 / total.ratio, 0.4, True, total.detail)
    # 25 us where emitting took 12 us: upstream's caller pays for that alone, and nothing is encoded or durable yet.
    thread = compare(partial(emitted, processor, emit), partial(repeat, ours), operations=BATCH, clock=time.thread_time)
    yield Claim(
        f"{name}, durable, takes at most so many times the caller's time that emitting alone takes",
        "opentelemetry-sdk Logger.emit",
        1 / thread.ratio,
        25 / 12,
        True,
        thread.detail,
    )


def theirs(processor: Collecting, emit: Callable[[], object]) -> None:
    """Emits a batch and encodes it."""
    repeat(emit)
    encode_logs(processor.emitted).SerializeToString()
    processor.emitted.clear()


def emitted(processor: Collecting, emit: Callable[[], object]) -> None:
    """Emits a batch and forgets it."""
    repeat(emit)
    processor.emitted.clear()


def repeat(call: Callable[[], object]) -> None:
    for _ in range(BATCH):
        call()
