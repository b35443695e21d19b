"""Records of every shape that upstream accepts, most of them made by the SDK itself."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, Exemplar, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from otlp.upstream import CONTEXT, RESOURCE, SCOPE

NOW = 1_760_000_000_123_456_789
LONGEST_INT = (1 << 63) - 1


class Colour(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    left: int
    right: str


# Every type that upstream takes as a value, with the lengths and sizes at which the wire format changes.
VALUES: list[Any] = [
    None,
    True,
    False,
    *(sign * number for number in (0, 1, 127, 128, 4095, 4096, 16383, 16384, 1 << 32) for sign in (1, -1)),
    LONGEST_INT,
    -LONGEST_INT - 1,
    0.0,
    -0.0,
    1.5,
    5e-324,
    math.inf,
    -math.inf,
    "",
    "text",
    "Grüße, 世界 🎉\x00",
    *("x" * length for length in (120, 121, 122, 123, 124, 125, 126, 127, 128, 255, 256, 300, 16383, 16384, 70000)),
    b"",
    b"\x00\xff",
    b"b" * 200,
    [],
    (),
    {},
    [1, "two", 3.0, None, True, b"six", [7, [8]], {"nine": 10}],
    [0.5] * 40,
    ("a", "b"),
    {"a": 1, "b": {"c": [1, {"d": None}]}, "": "empty key", "ü": 1.0},
    {1: "one", 2.5: "float", None: "none"},
    {str(number): number for number in range(200)},
    OrderedDict(a=1, b=2),
    MappingProxyType({"a": 1}),
    deque([1, 2]),
    range(5),
    Colour.RED,
    Level.HIGH,
    Pair(1, "r"),
]
ATTRIBUTES: dict[str, Any] = {f"value.{number}": value for number, value in enumerate(VALUES)}


# --- spans -----------------------------------------------------------------------------------------------------------


def remote_parent(flags: int = 1) -> Context:
    state = TraceState([("vendor", "a=b"), ("other", "1")])
    parent = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(flags), state)
    return set_span_in_context(NonRecordingSpan(parent))


def spans() -> list[ReadableSpan]:
    """Ended spans of the SDK, and a few made by hand."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(
        resource=RESOURCE,
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_events=3, max_links=2, max_span_attributes=64),
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("corpus", "1.0", "https://example.com/schema", {"scope": "attribute"})
    for kind in SpanKind:
        tracer.start_span(f"kind {kind.name}", kind=kind).end()
    tracer.start_span("remote", context=remote_parent()).end()
    tracer.start_span("unicode 🎉", attributes=ATTRIBUTES).end()
    tracer.start_span("too many attributes", attributes={str(number): number for number in range(70)}).end()
    tracer.start_span("times", start_time=1).end(end_time=2)
    _span_with_events_and_links(tracer)
    for status in (Status(StatusCode.OK), Status(StatusCode.ERROR, "broken ü"), Status(StatusCode.ERROR)):
        span = tracer.start_span(f"status {status.status_code.name}")
        span.set_status(status)
        span.end()
    with tracer.start_as_current_span("parent"):
        tracer.start_span("").end()
    provider.shutdown()
    return [*exporter.get_finished_spans(), *spans_made_by_hand()]


def _span_with_events_and_links(tracer: trace.Tracer) -> None:
    link = Link(CONTEXT, {"link": [1, 2]})
    with tracer.start_as_current_span("linked", links=[link, Link(remote_span_context())]) as span:
        span.add_event("plain")
        span.add_event("timed", {"key": "value", "list": [1.5]}, NOW)
        span.add_link(CONTEXT, {"third": "drops the first"})
        for number in range(3):
            span.add_event(f"event {number}")
        span.record_exception(ValueError("bad"))


def remote_span_context() -> SpanContext:
    return trace.get_current_span(remote_parent()).get_span_context()


def spans_made_by_hand() -> Iterator[ReadableSpan]:
    """Spans that hold plain values where the SDK has bounded ones."""
    yield ReadableSpan("bare", CONTEXT, start_time=1, end_time=2, resource=RESOURCE)
    yield ReadableSpan("not ended", CONTEXT, start_time=NOW, resource=RESOURCE)
    yield ReadableSpan(
        "plain",
        CONTEXT,
        parent=SpanContext(1, 3, True),
        attributes=ATTRIBUTES,
        events=[Event("event", {"a": 1}, NOW), Event("no attributes", None, NOW)],
        links=[Link(CONTEXT)],
        status=Status(StatusCode.ERROR, "by hand"),
        start_time=NOW,
        end_time=NOW + 1,
        resource=RESOURCE,
        instrumentation_scope=SCOPE,
    )


# --- log records -----------------------------------------------------------------------------------------------------


def log_records() -> list[ReadableLogRecord]:
    """Log records with every body, severity and context."""
    variants: list[dict[str, Any]] = [
        *({"body": body} for body in VALUES),
        *({"severity_number": severity} for severity in SeverityNumber),
        {"severity_text": "WARN"},
        {"event_name": "algo.run.started", "timestamp": NOW},
        {"timestamp": 0, "observed_timestamp": 0},
        {"attributes": ATTRIBUTES},
        {"attributes": {}},
        {"context": remote_parent()},
        {"context": remote_parent(flags=0)},
    ]
    return [ReadableLogRecord(LogRecord(**variant), RESOURCE, SCOPE) for variant in variants]


# --- metrics ---------------------------------------------------------------------------------------------------------


def collected() -> MetricsData:
    """What the SDK collects of every instrument, with exemplars inside a span."""
    reader = InMemoryMetricReader()
    provider = MeterProvider(
        [reader],
        resource=RESOURCE,
        exemplar_filter=AlwaysOnExemplarFilter(),
        views=[View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())],
        shutdown_on_exit=False,
    )
    meter = provider.get_meter("corpus", "1.0", "https://example.com/schema", {"scope": "attribute"})
    attributes: dict[str, Any] = {"route": "/", "code": 200, "ratio": 0.5, "ok": True, "tags": ["a", "b"]}
    in_span = set_span_in_context(NonRecordingSpan(CONTEXT))
    counter, up_down = meter.create_counter("counter", "1", "counts"), meter.create_up_down_counter("up_down")
    gauge = meter.create_gauge("gauge", "Cel")
    histogram, exponential = meter.create_histogram("histogram", "s"), meter.create_histogram("exponential")
    for value, context in itertools.product((1, 250, 3.75), (None, in_span)):
        counter.add(value, attributes, context)
        up_down.add(-value, attributes, context)
        gauge.set(value, attributes, context)
        histogram.record(value, attributes, context)
        exponential.record(value - 2, attributes, context)
    meter.create_counter("no_attributes").add(1)
    meter.create_observable_gauge("observed", [_observe])
    data = reader.get_metrics_data()
    provider.shutdown()
    assert data is not None
    return data


def _observe(_options: CallbackOptions) -> Iterator[Observation]:
    yield Observation(7, {"which": "int"})
    yield Observation(math.nan, {"which": "nan"})


def metrics() -> list[Metric]:
    """Metrics that the SDK collected, and those that it can make but seldom does."""
    from_sdk = [
        metric
        for resource in collected().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]
    return [*from_sdk, *_metrics_made_by_hand()]


def _metrics_made_by_hand() -> Iterator[Metric]:
    delta, cumulative = AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE
    for value in (0, -1, LONGEST_INT, 0.0, math.inf):
        point = NumberDataPoint(ATTRIBUTES, NOW, NOW + 1, value, exemplars())
        yield Metric("sum", None, None, Sum([point, point], delta, is_monotonic=False))
        yield Metric("gauge", "ü", "", Gauge([point]))
    yield Metric("no points", "", "1", Gauge([]))
    yield Metric("no points", "", "1", Sum([], cumulative, is_monotonic=True))
    yield Metric("no start", "", "", Sum([NumberDataPoint({}, _unset(), NOW, 1)], cumulative, is_monotonic=True))
    for least, most in ((0.5, 9.5), (_unset(), _unset())):
        histogram = HistogramDataPoint({"a": 1}, 1, 2, 3, 10, [1, 0, 2], [1.0, 5.0], least, most, exemplars())
        yield Metric("histogram", "", "", Histogram([histogram], delta))
    yield Metric("no buckets", "", "", Histogram([HistogramDataPoint(None, 1, 2, 0, 0, [], [], 0, 0)], delta))
    yield Metric("exponential", "", "", ExponentialHistogram(list(_exponential_points()), cumulative))


def _exponential_points() -> Iterator[ExponentialHistogramDataPoint]:
    # The SDK's class of buckets has no public name: any object with its two fields serves.
    full: Any = _Buckets(-3, [1, 0, 300, 1 << 40])
    empty: Any = _Buckets(0, [])
    for scale, positive, negative in ((20, full, empty), (-10, empty, full), (0, full, full)):
        yield ExponentialHistogramDataPoint(
            {"b": [1]}, 1, 2, 6, 4.5, scale, 2, positive, negative, 1, 0.1, 4.0, exemplars()
        )


class _Buckets(NamedTuple):
    offset: int
    bucket_counts: list[int]


def exemplars() -> list[Exemplar]:
    return [
        Exemplar({"filtered": "yes", "n": 1}, 1.5, NOW, 2, 1),
        Exemplar(None, -7, NOW),
        Exemplar({}, 3, NOW, span_id=None, trace_id=1),
    ]


def _unset() -> Any:
    return None  # what the protobuf classes take for a number that is not known


def scopes() -> list[InstrumentationScope | None]:
    attributes: Mapping[str, Any] = {"a": 1, "b": [True]}
    return [
        None,
        InstrumentationScope(""),
        InstrumentationScope("name"),
        InstrumentationScope("name", "1.0", "https://example.com/schema", attributes),
    ]
