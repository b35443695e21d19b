"""Varints and heads against protobuf's own reading of them."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import BytesValue, UInt64Value
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from otel_distro.otlp.wire import Heads, Varints, varint, zigzag

VARINT_FIELD_1 = b"\x08"
VARINT_FIELD_6 = b"\x30"


@settings(deadline=None)
@given(st.integers(0, (1 << 64) - 1))
def test_a_varint_is_read_back(number: int) -> None:
    assert UInt64Value.FromString(VARINT_FIELD_1 + varint(number)).value == number


@settings(deadline=None)
@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_a_signed_number_is_read_back(number: int) -> None:
    encoded = VARINT_FIELD_6 + varint(zigzag(number))
    assert ExponentialHistogramDataPoint.FromString(encoded).scale == number


def test_looked_up_varints_equal_computed_ones_before_and_after_they_are_remembered() -> None:
    varints = Varints()
    for _ in range(2):
        for number in (0, 127, 128, 1023, 1024, 1 << 40):
            assert varints[number] == varint(number)
    assert max(varints) < 1024  # larger ones are not remembered: the cache is bounded


def test_a_head_and_its_content_are_read_back_before_and_after_it_is_remembered() -> None:
    heads = Heads(1)
    for _ in range(2):
        for length in (0, 1, 127, 128, 1023, 1024, 20000):
            assert BytesValue.FromString(heads[length] + b"x" * length).value == b"x" * length
    assert max(heads) < 1024
