"""Resources and scopes: what encloses a record, described for the row that its process or instrumentation has."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_distro.otlp.decode import attributes as attributes_of
from otel_exporter_local.attributes import text
from otel_exporter_local.json_text import dumps

__all__ = ["Resource", "Scope", "describe_resource", "describe_scope", "digest"]

# From https://opentelemetry.io/docs/specs/semconv/resource/service/
_SERVICE_NAME: Final = "service.name"
_SERVICE_INSTANCE_ID: Final = "service.instance.id"


class Resource(NamedTuple):
    """Columns of one row of ``resources``."""

    service_name: str | None
    service_instance_id: str | None
    attributes: str
    schema_url: str | None


class Scope(NamedTuple):
    """Columns of one row of ``scopes``."""

    name: str | None
    version: str | None
    attributes: str
    schema_url: str | None


def digest(content: bytes) -> bytes:
    """Returns what identifies a resource, a scope or a series in the store: 16 bytes."""
    return blake2b(content, digest_size=16).digest()


def describe_resource(serialised: bytes) -> Resource:
    """Describes ``SpooledRecord.resource``: fields 1 and 3 mean the same in ResourceSpans, -Logs and -Metrics."""
    message = ResourceSpans.FromString(serialised)
    attributes = attributes_of(message.resource.attributes)
    return Resource(
        text(attributes, _SERVICE_NAME),
        text(attributes, _SERVICE_INSTANCE_ID),
        dumps(attributes),
        message.schema_url or None,
    )


def describe_scope(serialised: bytes) -> Scope:
    """Describes ``SpooledRecord.scope``: fields 1 and 3 mean the same in ScopeSpans, -Logs and -Metrics."""
    message = ScopeSpans.FromString(serialised)
    scope = message.scope
    return Scope(
        scope.name or None, scope.version or None, dumps(attributes_of(scope.attributes)), message.schema_url or None
    )
