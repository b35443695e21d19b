"""The logger provider of domain events: no limits, no sampling, straight into the spool.

It implements OpenTelemetry's logs API, so whoever emits needs nothing else; but a domain event is complete by itself
and must arrive whole, so the SDK's limits, switches and processors have no say in it.
"""

from __future__ import annotations

import time

from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import get_current_span
from opentelemetry.util.types import AnyValue, Attributes

from otel_distro.otlp.encoder import encode_log, encode_log_record, encode_scope
from otel_distro.recording.resource import ProcessResources
from otel_distro.spool.record import Kind
from otel_distro.spool.writer import SpoolWriter


class EventLoggerProvider(LoggerProvider):
    """Hands out loggers whose records are kept as domain events.

    Args:
        writer: This process's end of the spool.
        resources: Encodes resources.
        resource: The resource of the events.
    """

    def __init__(self, writer: SpoolWriter, resources: ProcessResources, resource: Resource) -> None:
        self._writer = writer
        self._resources = resources
        self._resource = resource

    def get_logger(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Logger:
        """Returns a logger of the given scope."""
        scope = encode_scope(InstrumentationScope(name, version, schema_url, attributes))
        return EventLogger(name, self._writer, self._resources, self._resource, scope)


class EventLogger(Logger):
    """Encodes each record where it is emitted and appends it to the spool.

    Args:
        name: The scope's name.
        writer: This process's end of the spool.
        resources: Encodes resources.
        resource: The resource of the events.
        scope: The encoded scope.
    """

    def __init__(
        self, name: str, writer: SpoolWriter, resources: ProcessResources, resource: Resource, scope: bytes
    ) -> None:
        super().__init__(name)
        self._writer = writer
        self._resources = resources
        self._resource = resource
        self._scope = scope

    def emit(
        self,
        record: LogRecord | None = None,
        *,
        timestamp: int | None = None,
        observed_timestamp: int | None = None,
        context: Context | None = None,
        severity_number: SeverityNumber | None = None,
        severity_text: str | None = None,
        body: AnyValue | None = None,
        attributes: Attributes = None,
        event_name: str | None = None,
        exception: BaseException | None = None,  # noqa: ARG002 - the API puts exceptions into attributes itself
    ) -> None:
        """Appends a record, given whole or by its fields."""
        if record is not None:
            payload = encode_log_record(record)
        else:
            span = get_current_span(context).get_span_context()
            payload = encode_log(
                timestamp=timestamp,
                observed_timestamp=observed_timestamp or time.time_ns(),
                severity_number=severity_number.value if severity_number else 0,
                severity_text=severity_text,
                body=body,
                attributes=attributes,
                event_name=event_name,
                trace_id=span.trace_id,
                span_id=span.span_id,
                trace_flags=span.trace_flags,
            )
        self._writer.append(Kind.EVENT, payload, self._resources.encode(self._resource), self._scope)

    def enabled(
        self,
        *,
        context: Context | None = None,  # noqa: ARG002 - every domain event is wanted
        severity_number: SeverityNumber | None = None,  # noqa: ARG002
        event_name: str | None = None,  # noqa: ARG002
    ) -> bool:
        """Returns true: every domain event is wanted."""
        return True
