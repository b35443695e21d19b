"""What encloses records, and what importing the encoder loads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro.otlp import encoder
from otel_distro.otlp.encoder import encode_resource, encode_scope
from otel_distro.otlp.mending import SURROGATE
from otlp.corpus import ATTRIBUTES, scopes
from otlp.upstream import CONTEXT, RESOURCE

RESOURCES = [Resource({}), Resource({"a": "b"}, "https://example.com/schema"), Resource(ATTRIBUTES)]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_equals_upstreams(resource: Resource) -> None:
    (theirs,) = encode_spans([ReadableSpan("s", CONTEXT, resource=resource)]).resource_spans
    theirs.ClearField("scope_spans")
    for _ in range(2):  # the second time from memory
        assert ResourceSpans.FromString(encode_resource(resource)) == theirs


@pytest.mark.parametrize("scope", scopes())
def test_a_scope_equals_upstreams(scope: InstrumentationScope | None) -> None:
    span = ReadableSpan("s", CONTEXT, resource=RESOURCE, instrumentation_scope=scope)
    (theirs,) = encode_spans([span]).resource_spans[0].scope_spans
    theirs.ClearField("spans")
    for _ in range(2):
        assert ScopeSpans.FromString(encode_scope(scope)) == theirs


def test_what_is_remembered_is_bounded_and_never_another_objects() -> None:
    for number in range(3 * encoder._ENCLOSING_REMEMBERED):
        resource = Resource({"number": number})
        scope = InstrumentationScope(f"scope {number}")
        message = ResourceSpans.FromString(encode_resource(resource)).resource
        assert message.attributes[0].value.int_value == number
        assert ScopeSpans.FromString(encode_scope(scope)).scope.name == f"scope {number}"
        del resource, scope  # so that the next may take their place in memory
    assert len(encoder._resources) <= encoder._ENCLOSING_REMEMBERED
    assert len(encoder._scopes) <= encoder._ENCLOSING_REMEMBERED


def test_a_bad_value_in_a_resource_is_mended(mended: dict[str, int]) -> None:
    message = ResourceSpans.FromString(encode_resource(Resource({"bad": "\ud800", "good": 1})))
    assert [pair.key for pair in message.resource.attributes] == ["bad", "good"]
    assert mended == {SURROGATE: 1}


def test_importing_the_encoder_loads_neither_the_sdk_nor_protobuf() -> None:
    program = (
        "import json, sys, otel_distro.otlp.encoder, otel_distro.otlp.request; print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    loaded: list[Any] = json.loads(done.stdout)
    assert "otel_distro.otlp.spans" in loaded
    assert [
        name for name in loaded if name.startswith(("google.protobuf", "opentelemetry.sdk", "opentelemetry.proto"))
    ] == []
