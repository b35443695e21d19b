"""Log records: equal to upstream's when parsed, and mended where upstream refuses."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.sdk._logs import ReadableLogRecord

from otel_distro.otlp.decode import attributes, value
from otel_distro.otlp.encoder import encode_log, encode_log_record
from otel_distro.otlp.mending import FIELD, SURROGATE
from otlp.corpus import ATTRIBUTES, NOW, log_records
from otlp.upstream import RESOURCE, upstream_log

GOOD: dict[str, Any] = {
    "timestamp": NOW,
    "observed_timestamp": NOW + 1,
    "severity_number": 9,
    "severity_text": "INFO",
    "body": {"loss": 0.5},
    "attributes": {"kept": "yes"},
    "event_name": "algo.run.metrics",
    "trace_id": 1,
    "span_id": 2,
    "trace_flags": 1,
    "dropped_attributes": 3,
}


def log(**fields: Any) -> logs_pb2.LogRecord:
    return logs_pb2.LogRecord.FromString(encode_log(**{**GOOD, **fields}))


@pytest.mark.parametrize("record", log_records())
def test_a_record_equals_upstreams(record: ReadableLogRecord, mended: dict[str, int]) -> None:
    ours = logs_pb2.LogRecord.FromString(encode_log_record(record.log_record, record.dropped_attributes))
    assert ours == upstream_log(record)
    assert mended == {}


def test_limited_attributes_and_their_count_equal_upstreams() -> None:
    record = LogRecord(attributes=BoundedAttributes(maxlen=4, attributes=ATTRIBUTES), observed_timestamp=NOW)
    readable = ReadableLogRecord(record, RESOURCE)
    assert readable.dropped_attributes > 0
    ours = logs_pb2.LogRecord.FromString(encode_log_record(record, readable.dropped_attributes))
    assert ours == upstream_log(readable)


def test_every_field_is_written() -> None:
    message = log()
    assert (message.time_unix_nano, message.observed_time_unix_nano) == (NOW, NOW + 1)
    assert (message.severity_number, message.severity_text) == (9, "INFO")
    assert (value(message.body), attributes(message.attributes)) == ({"loss": 0.5}, {"kept": "yes"})
    assert (message.event_name, message.dropped_attributes_count) == ("algo.run.metrics", 3)
    assert (message.trace_id, message.span_id, message.flags) == (b"\0" * 15 + b"\1", b"\0" * 7 + b"\2", 1)


def test_what_is_not_known_takes_no_byte() -> None:
    nothing: dict[str, Any] = dict.fromkeys(GOOD)
    numbers = {"severity_number": 0, "trace_id": 0, "span_id": 0, "trace_flags": 0, "dropped_attributes": 0}
    assert encode_log(**{**nothing, **numbers}) == b"\x2a\x00"  # a body without a value, as upstream writes it


@pytest.mark.parametrize("kind", [dict, MappingProxyType, BoundedAttributes])
def test_any_mapping_has_attributes(kind: Any, mended: dict[str, int]) -> None:
    items: dict[str, Any] = {"a": 1, "b": "two"}
    given = BoundedAttributes(attributes=items) if kind is BoundedAttributes else kind(items)
    assert attributes(log(attributes=given).attributes) == items
    assert mended == {}


def test_attributes_that_change_under_the_reading_are_read_anew(mended: dict[str, int]) -> None:
    class Adding:
        def __str__(self) -> str:
            given[f"new {len(given)}"] = 1
            return "adding"

    given: dict[str, Any] = {"first": Adding(), "second": 2}
    found = attributes(log(attributes=given).attributes)
    assert found.keys() >= {"first", "second"}
    assert FIELD not in mended


def test_a_severity_that_is_a_plain_number_is_kept() -> None:
    record = LogRecord(observed_timestamp=NOW)
    record.severity_number = 17  # type: ignore[assignment]  # upstream would lose it
    assert logs_pb2.LogRecord.FromString(encode_log_record(record)).severity_number == SeverityNumber.ERROR.value


MENDED: list[tuple[str, Any, Any, str]] = [
    ("timestamp", -1, 0, FIELD),
    ("timestamp", "now", 0, FIELD),
    ("observed_timestamp", 1 << 64, (1 << 64) - 1, FIELD),
    ("severity_number", -3, 0, FIELD),
    ("severity_number", object(), 0, FIELD),
    ("severity_text", "\ud800", "�", SURROGATE),
    ("event_name", "\ud800", "�", SURROGATE),
    ("attributes", [("a", 1)], [], FIELD),
    ("trace_id", 1 << 128, b"\xff" * 16, FIELD),
    ("trace_id", "abc", b"", FIELD),
    ("span_id", -1, b"", FIELD),
    ("trace_flags", 1 << 40, (1 << 32) - 1, FIELD),
    ("dropped_attributes", -1, 0, FIELD),
]
NAMES = {
    "timestamp": "time_unix_nano",
    "observed_timestamp": "observed_time_unix_nano",
    "trace_flags": "flags",
    "dropped_attributes": "dropped_attributes_count",
}


@pytest.mark.parametrize(("field", "given", "expected", "reason"), MENDED)
def test_a_field_is_mended_alone(field: str, given: Any, expected: Any, reason: str, mended: dict[str, int]) -> None:
    fields = {descriptor.name: value for descriptor, value in log(**{field: given}).ListFields()}
    assert mended == {reason: 1}
    changed = NAMES.get(field, field)
    assert fields.pop(changed, None) == (expected or None)
    assert fields == {descriptor.name: value for descriptor, value in log().ListFields() if descriptor.name != changed}


def test_a_context_that_is_none_is_no_fault(mended: dict[str, int]) -> None:
    message = log(trace_id=None, span_id=None, trace_flags=None)
    assert (message.trace_id, message.span_id, message.flags) == (b"", b"", 0)
    assert mended == {}
