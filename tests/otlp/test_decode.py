"""Reading back: what was encoded comes out as plain values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.sdk.metrics.export import Gauge, Metric, NumberDataPoint
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro.otlp.decode import attributes, decode_log, decode_metric, decode_span, hex_id, value
from otel_distro.otlp.encoder import encode_log, encode_metric, encode_resource, encode_scope, encode_span
from otel_distro.otlp.values import any_value
from otel_distro.spool.record import Kind, SpooledRecord
from otlp.corpus import NOW
from otlp.upstream import CONTEXT

RESOURCE = Resource({"service.name": "shop", "tags": ["a", "b"]})
SCOPE = InstrumentationScope("otel_distro", "0.1.0")


def spooled(kind: Kind, payload: bytes, scope: InstrumentationScope | None = SCOPE) -> SpooledRecord:
    return SpooledRecord(kind, payload, encode_resource(RESOURCE), encode_scope(scope), 0, "segment", 0, 0, 0)


def log(**fields: Any) -> bytes:
    nothing: dict[str, Any] = dict.fromkeys(
        ("timestamp", "observed_timestamp", "severity_text", "body", "attributes", "event_name")
    )
    numbers = {"severity_number": 0, "trace_id": 0, "span_id": 0, "trace_flags": 0}
    return encode_log(**{**nothing, **numbers, **fields})


def test_an_event_comes_back_whole() -> None:
    payload = log(
        timestamp=NOW,
        observed_timestamp=NOW + 1,
        severity_number=9,
        severity_text="INFO",
        body={"loss": 0.5, "losses": [0.5, None], "raw": b"\x00"},
        attributes={"algo.run.id": "r1", "algo.run.tags": ("x", "y"), "algo.run.step": 4},
        event_name="algo.run.metrics",
        trace_id=0xAB << 100,
        span_id=1,
        trace_flags=1,
    )
    event = decode_log(spooled(Kind.EVENT, payload))
    assert event.event_name == "algo.run.metrics"
    assert (event.time_unix_nano, event.observed_time_unix_nano) == (NOW, NOW + 1)
    assert (event.severity_number, event.severity_text) == (9, "INFO")
    assert event.body == {"loss": 0.5, "losses": [0.5, None], "raw": b"\x00"}
    assert event.attributes == {"algo.run.id": "r1", "algo.run.tags": ["x", "y"], "algo.run.step": 4}
    assert event.trace_id == f"{0xAB << 100:032x}"
    assert event.span_id == "0000000000000001"
    assert event.scope == "otel_distro"
    assert event.resource == {"service.name": "shop", "tags": ["a", "b"]}


def test_an_empty_record_has_neither_body_nor_ids() -> None:
    event = decode_log(spooled(Kind.LOG, log(), scope=None))
    assert (event.event_name, event.time_unix_nano, event.body, event.attributes) == ("", 0, None, {})
    assert (event.trace_id, event.span_id, event.scope) == (None, None, "")


def test_a_span_comes_back_with_what_encloses_it() -> None:
    span = ReadableSpan("name", CONTEXT, attributes={"a": 1}, start_time=1, end_time=NOW, resource=RESOURCE)
    found = decode_span(spooled(Kind.SPAN, encode_span(span)))
    assert (found.span.name, found.span.end_time_unix_nano) == ("name", NOW)
    assert attributes(found.span.attributes) == {"a": 1}
    assert hex_id(found.span.span_id) == f"{CONTEXT.span_id:016x}"
    assert (found.scope, found.resource["service.name"]) == ("otel_distro", "shop")


def test_a_metric_comes_back_with_what_encloses_it() -> None:
    metric = Metric("gauge", "", "1", Gauge([NumberDataPoint({"a": 1}, 0, NOW, 2.5)]))
    found = decode_metric(spooled(Kind.METRIC, encode_metric(metric)))
    assert (found.metric.name, found.metric.gauge.data_points[0].as_double) == ("gauge", 2.5)
    assert (found.scope, found.resource["service.name"]) == ("otel_distro", "shop")


def test_the_resource_is_read_once() -> None:
    first, second = (decode_log(spooled(Kind.LOG, log(body=body))) for body in ("a", "b"))
    assert first.resource is second.resource


nested = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(nested)
def test_plain_values_survive_the_round_trip(given_value: Any) -> None:
    assert same(value(AnyValue.FromString(any_value(given_value))), given_value)


def same(left: Any, right: Any) -> bool:
    """Equality of values and types that takes NaN for NaN."""
    if isinstance(right, float) and math.isnan(right):
        return isinstance(left, float) and math.isnan(left)
    if isinstance(right, list):
        return isinstance(left, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], item) for key, item in right.items())
    return type(left) is type(right) and bool(left == right)


def test_of_a_name_that_comes_twice_the_last_value_counts() -> None:
    pairs = [KeyValue(key="a", value=AnyValue(int_value=number)) for number in (1, 2)]
    assert attributes(pairs) == {"a": 2}


def test_a_value_of_profiles_is_no_value() -> None:
    assert value(AnyValue(string_value_strindex=3)) is None


@pytest.mark.parametrize(("identity", "expected"), [(b"", None), (bytes(16), None), (b"\x01\xab", "01ab")])
def test_an_id_is_hexadecimal_or_none(identity: bytes, expected: str | None) -> None:
    assert hex_id(identity) == expected


@pytest.mark.parametrize("decode", [decode_log, decode_span, decode_metric])
def test_bytes_that_are_no_record_are_refused(decode: Any) -> None:
    with pytest.raises(DecodeError):
        decode(spooled(Kind.LOG, b"\xff\xff"))
