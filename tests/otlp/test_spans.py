"""Spans: equal to upstream's when parsed, however they are laid out, and mended where upstream refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from otel_distro.otlp import spans as module
from otel_distro.otlp.encoder import encode_span
from otel_distro.otlp.mending import FIELD, OBJECT, SURROGATE
from otlp.corpus import spans
from otlp.upstream import CONTEXT, RESOURCE, upstream_span

CORPUS = spans()


def decoded(span: ReadableSpan) -> Span:
    return Span.FromString(encode_span(span))


@pytest.mark.parametrize("span", CORPUS, ids=lambda span: span.name)
def test_a_span_equals_upstreams(span: ReadableSpan, mended: dict[str, int]) -> None:
    assert decoded(span) == upstream_span(span)
    assert mended == {}


def test_the_corpus_has_what_it_is_for() -> None:
    assert {span.kind for span in CORPUS} == set(SpanKind)
    assert {span.status.status_code for span in CORPUS} == set(StatusCode)
    for field in ("dropped_attributes", "dropped_events", "dropped_links"):
        assert any(getattr(span, field) for span in CORPUS)
    assert any(span.parent and span.parent.is_remote and span.context.trace_state for span in CORPUS)


def test_spans_of_the_sdk_are_read_as_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast way is taken: it would be lost without a word where the SDK names its fields anew."""
    ended = [span for span in CORPUS if isinstance(vars(span)["_attributes"], BoundedAttributes)]
    assert len(ended) > len(SpanKind)

    def refuse(span: ReadableSpan) -> None:
        raise AssertionError(f"read by its properties: {span.name}")

    monkeypatch.setattr(module, "careful_span", refuse)
    for span in ended:
        encode_span(span)


class Redacted(ReadableSpan):
    """A span as a redacting processor hands it on: the field still has what the property hides."""

    @property
    def attributes(self) -> dict[str, Any]:
        return {"password": "***"}


def test_a_subclass_is_read_by_its_properties() -> None:
    span = Redacted(
        "laid out as the SDK does it",
        CONTEXT,
        start_time=1,
        end_time=2,
        attributes=BoundedAttributes(attributes={"password": "secret"}),
        events=BoundedList(1),
        links=BoundedList(1),
        resource=RESOURCE,
    )
    assert [pair.value.string_value for pair in decoded(span).attributes] == ["***"]


@pytest.mark.parametrize("span", CORPUS, ids=lambda span: span.name)
def test_a_proxy_is_read_by_its_properties(span: ReadableSpan, mended: dict[str, int]) -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            return getattr(span, name)

    proxy: Any = Proxy()
    assert decoded(proxy) == upstream_span(span)
    assert mended == {}


def bad_span(**fields: Any) -> ReadableSpan:
    """A span of the SDK's class, with fields that are good unless they are given."""
    good: dict[str, Any] = {"name": "good", "context": CONTEXT, "start_time": 1, "end_time": 2, "resource": RESOURCE}
    return ReadableSpan(**{**good, "attributes": {"kept": "yes"}, **fields})


class Unreadable(ReadableSpan):
    @property
    def links(self) -> Any:
        raise RuntimeError("no links today")


TOO_LONG = SpanContext(1 << 130, 1 << 70, is_remote=False)
MENDED = [
    ("name", "a\ud800b", Span(name="a�b"), SURROGATE),
    ("name", 5, Span(name="5"), OBJECT),
    ("start_time", -1, Span(start_time_unix_nano=0), FIELD),
    ("end_time", 1 << 70, Span(end_time_unix_nano=(1 << 64) - 1), FIELD),
    ("end_time", 2.5, Span(end_time_unix_nano=2), FIELD),
    ("end_time", "noon", Span(end_time_unix_nano=0), FIELD),
    ("kind", "server", Span(kind=Span.SPAN_KIND_INTERNAL), FIELD),
    ("context", TOO_LONG, Span(trace_id=b"\xff" * 16, span_id=b"\xff" * 8), FIELD),
    ("parent", TOO_LONG, Span(parent_span_id=b"\xff" * 8), FIELD),
    ("attributes", 7, Span(), FIELD),
    ("events", 7, Span(), FIELD),
    ("events", [Event("e", None, -5)], Span(events=[Span.Event(name="e")]), FIELD),
    ("status", Status(StatusCode.ERROR, "\ud800"), Span(), SURROGATE),
]


@pytest.mark.parametrize(("field", "value", "expected", "reason"), MENDED)
def test_a_field_is_mended_alone(field: str, value: Any, expected: Span, reason: str, mended: dict[str, int]) -> None:
    message = decoded(bad_span(**{field: value}))
    assert set(mended) == {reason}
    for descriptor, _ in expected.ListFields():
        assert getattr(message, descriptor.name) == getattr(expected, descriptor.name)
    if field != "name":
        assert message.name == "good"
    if field != "attributes":
        assert message.attributes[0].value.string_value == "yes"


def test_a_property_that_raises_costs_itself_alone(mended: dict[str, int]) -> None:
    span = Unreadable("unreadable", CONTEXT, links=[Link(CONTEXT)], resource=RESOURCE)
    message = decoded(span)
    assert (message.name, len(message.links), mended) == ("unreadable", 0, {FIELD: 1})


def test_a_span_without_context_has_no_ids() -> None:
    message = decoded(bad_span(context=None))
    assert (message.name, any(message.trace_id), any(message.span_id)) == ("good", False, False)


def test_anything_at_all_gives_a_span() -> None:
    nothing: Any = SimpleNamespace()
    assert decoded(nothing).name == ""
