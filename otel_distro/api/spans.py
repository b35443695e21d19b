"""The spans of runs and ARCs. They are for viewing: no translator reads them, so sampling loses no domain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import Span, Status, StatusCode

from otel_distro import semconv
from otel_distro.api import failure, wiring
from otel_distro.api.guard import Guard

__all__ = ["end_span", "start_span"]


def start_span(name: str, attributes: Mapping[str, Any], started_unix_nano: int) -> Span | None:
    """Starts a span below the current one; ``None`` if a sampler or a processor failed.

    Args:
        name: One of ``semconv.SPAN_*``.
        attributes: Mended ones.
        started_unix_nano: In nanoseconds since the epoch.
    """
    with Guard(name):
        return wiring.active().tracer.start_span(name, attributes=dict(attributes), start_time=started_unix_nano)
    return None


def end_span(
    span: Span | None, attributes: Mapping[str, Any], status: str, error: BaseException | None, ended_unix_nano: int
) -> None:
    """Ends a span, as an error unless its run or ARC was completed.

    Args:
        span: What :func:`start_span` returned.
        attributes: Those known only now.
        status: The run's or ARC's.
        error: What passed through its block.
        ended_unix_nano: In nanoseconds since the epoch.
    """
    if span is None:
        return
    with Guard("span"):
        span.set_attributes(dict(attributes))
        if status != semconv.STATUS_COMPLETED:
            span.set_status(Status(StatusCode.ERROR, status if error is None else failure.summary(error)))
        if isinstance(error, Exception):
            # not record_exception(), which raises where the exception's own text does
            span.add_event("exception", failure.exception_attributes(error), ended_unix_nano)
    with Guard("span"):
        span.end(end_time=ended_unix_nano)
