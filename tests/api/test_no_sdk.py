"""Without an SDK: nothing is loaded, nothing raises, nothing is recorded, and one line says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.fakes import FakeSink, Recorded, refuse
from otel_distro.api import run, wiring
from otel_distro.api.sink import NoSink

LOADED = "import sys, otel_distro.api; print([m for m in sys.modules if m.startswith(%r)])"

EVERYTHING = """
import sys
from otel_distro.api import *
with run("train", tags=["a"], metadata={"b": 1}) as r:
    r.log({"loss": 0.5})
    r.event("text")
    r.update(tags=["b"])
    r.folder("/tests")
    r.alert("a", metric="loss", rule="is above", threshold=1)
    r.save("missing", "output")
    r.artifact({"a": 1}, "output", name="n")
    with arc("scoring"), sub_arc("features"):
        export({"score": 1})
    annotate(inputs=1)
    incident("title", files=["missing"])
    event("text")
    artifact("missing", "output")
    alert("a", metric="loss", rule="is above", threshold=1)
    counter("c").add(); gauge("g").set(1); histogram("h").record(1); summary("s").observe(1); meter("m").mark()
    timeseries("price", 1.0)
    set_resource("model")
    with timer("t"), detached():
        pass
@run
def again():
    return current_run().name
again()
assert not [m for m in sys.modules if m.startswith("opentelemetry.sdk")]
"""

BY_HAND = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from otel_distro.api import counter, run

early = counter("early")
early.add()
logs, spans, reader = InMemoryLogRecordExporter(), InMemorySpanExporter(), InMemoryMetricReader()
with run("before"):
    logger_provider, tracer_provider = LoggerProvider(), TracerProvider()
    logger_provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    _logs.set_logger_provider(logger_provider)
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(MeterProvider([reader]))
with run("train", metadata={"rate": 0.1}) as r:
    r.log({"loss": 0.5})
    r.save(__file__, "code")
early.add()
data = reader.get_metrics_data()
names = sorted(m.name for s in data.resource_metrics[0].scope_metrics for m in s.metrics)
print([record.log_record.event_name for record in logs.get_finished_logs()])
print([span.name for span in spans.get_finished_spans()], names)
"""


@pytest.mark.parametrize("prefix", ["opentelemetry.sdk", "google.protobuf", "grpc", "asyncio", "numpy", "tempfile"])
def test_importing_the_api_does_not_load(prefix: str) -> None:
    program = LOADED % prefix
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_call_is_a_no_op_and_one_line_says_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EVERYTHING], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == ""
    assert done.stderr == (
        "run train is not recorded: no OpenTelemetry SDK runs in this program; call otel_distro.configure() first\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_sdk_that_was_set_up_by_hand_is_used(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(BY_HAND)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    events, rest = done.stdout.splitlines()
    assert events == str(["algo.run.ended", "algo.run.started", "algo.run.metrics", "algo.artifact", "algo.run.ended"])
    expected = ["algo.artifact.size", "algo.run.duration", "algo.run.metric", "early"]
    assert rest == f"['algo.run'] {expected}"


def test_wiring_anew_forgets_what_was_wired(recorded: Recorded) -> None:
    with run("first"):
        pass
    seen = len(recorded.events())
    wiring.uninstall()
    assert isinstance(wiring.get_sink(), NoSink)
    assert not wiring.installed()
    with run("second"):
        pass
    assert len(recorded.events()) == seen
    assert recorded.logger.events[-1].attributes["algo.run.name"] == "first"


def test_nothing_reaches_a_sink_that_was_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.uninstall()
    monkeypatch.setattr(FakeSink, "points", refuse)
    monkeypatch.setattr(FakeSink, "keep_file", refuse)
    with run() as r:
        r.save(__file__, "code")


def test_ids_are_32_hexadecimal_digits_whatever_the_program_seeds() -> None:
    import random

    random.seed(0)
    first = wiring.random_id()
    random.seed(0)
    assert wiring.random_id() != first
    assert len(first) == 32
    assert int(first, 16) >= 0
