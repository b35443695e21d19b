"""The encoder: one record of the SDK to the inner bytes of one Span, LogRecord or Metric, or of what encloses it.

Protobuf's own Python classes build a message object for each attribute; that is where upstream's encoder spends its
time. Here the bytes are joined directly: a field is a few entries in a list, and the list is joined once. Parsed, the
result equals upstream's (``opentelemetry.exporter.otlp.proto.common``) for all that upstream accepts; what it refuses
is mended (``values`` has the table, ``mending`` the counts), and no function here raises because of what is in a
record.

Messages: https://github.com/open-telemetry/opentelemetry-proto. A constant in capitals that a field is written with is
named after the field; a literal byte before a value is a tag, with the field's name and number beside it. The SDK is
imported for annotations alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_distro.otlp.careful import guarded, items
from otel_distro.otlp.logs import encode_log, encode_log_record
from otel_distro.otlp.mending import mended_counts
from otel_distro.otlp.metrics import encode_metric, encode_points
from otel_distro.otlp.spans import encode_span
from otel_distro.otlp.text import text_field
from otel_distro.otlp.values import KeyValues, key_values
from otel_distro.otlp.wire import Heads

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

__all__ = [
    "encode_log",
    "encode_log_record",
    "encode_metric",
    "encode_points",
    "encode_resource",
    "encode_scope",
    "encode_span",
    "mended_counts",
]

_ENCLOSING_REMEMBERED: Final = 64
_ENCLOSED: Final = Heads(1)  # ResourceSpans.resource and ScopeSpans.scope; the same number in -Logs and -Metrics
_SCHEMA_URL: Final = Heads(3)  # ResourceSpans.schema_url and ScopeSpans.schema_url, likewise
_RESOURCE_ATTRIBUTES: Final = KeyValues(1)
_SCOPE_NAME: Final = Heads(1)
_SCOPE_VERSION: Final = Heads(2)
_SCOPE_ATTRIBUTES: Final = KeyValues(3)

# By identity, since hashing a resource or scope costs more than encoding a span. The object is held, so no other can
# take over its identity while the entry lives.
_resources: Final[dict[int, tuple[object, bytes]]] = {}
_scopes: Final[dict[int, tuple[object, bytes]]] = {}


def encode_resource(resource: Resource) -> bytes:
    """Returns the fields of ResourceSpans, ResourceLogs and ResourceMetrics (one form) but the scopes."""
    known = _resources.get(id(resource))
    if known is not None:
        return known[1]
    parts: list[bytes] = []
    key_values(parts, guarded(items, resource.attributes), _RESOURCE_ATTRIBUTES)
    return _remember(_resources, resource, _enclosing(parts, resource.schema_url))


def encode_scope(scope: InstrumentationScope | None) -> bytes:
    """Returns the fields of ScopeSpans, ScopeLogs and ScopeMetrics (one form) but the records."""
    known = _scopes.get(id(scope))
    if known is not None:
        return known[1]
    parts: list[bytes] = []
    if scope is None:
        return _enclosing(parts, None)
    text_field(parts, _SCOPE_NAME, scope.name)
    text_field(parts, _SCOPE_VERSION, scope.version)
    key_values(parts, guarded(items, scope.attributes), _SCOPE_ATTRIBUTES)
    return _remember(_scopes, scope, _enclosing(parts, scope.schema_url))


def _enclosing(parts: list[bytes], schema_url: str | None) -> bytes:
    content = b"".join(parts)
    parts = [_ENCLOSED[len(content)], content]
    text_field(parts, _SCHEMA_URL, schema_url)
    return b"".join(parts)


def _remember(cache: dict[int, tuple[object, bytes]], key: object, encoded: bytes) -> bytes:
    if len(cache) >= _ENCLOSING_REMEMBERED:
        cache.clear()
    cache[id(key)] = (key, encoded)
    return encoded
