"""The one place where a domain event is emitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context

from otel_distro.api import mend, wiring
from otel_distro.api.counting import MENDED, count
from otel_distro.api.guard import swallow

__all__ = ["can_record", "emit", "moment"]


def emit(
    name: str,
    attributes: Mapping[str, Any],
    body: Any = None,
    *,
    time_unix_nano: int,
    context: Context | None = None,
    severity: SeverityNumber = SeverityNumber.INFO,
) -> None:
    """Emits a domain event. It is durable when this returns, where the distribution runs; it never raises.

    Args:
        name: One of ``semconv.EVENT_*``.
        attributes: All that a translator needs beside the body.
        body: A text, a map or nothing.
        time_unix_nano: When it happened, in nanoseconds since the epoch.
        context: Where it happened: gives trace and span id; the current context if not given.
        severity: INFO unless said otherwise, since Collectors drop what has none.
    """
    try:
        wiring.get_event_logger().emit(
            timestamp=time_unix_nano,
            context=context,
            severity_number=severity,
            body=body,
            attributes=attributes,
            event_name=name,
        )
    except Exception as error:
        swallow(name, error)


def can_record(name: str) -> bool:
    """Returns whether an event of this name would go anywhere: without an SDK, or with it disabled, it does not."""
    try:
        return wiring.get_event_logger().enabled(severity_number=SeverityNumber.INFO, event_name=name)
    except Exception as error:
        swallow(name, error)
        return False


def moment(given: object) -> int:
    """Returns when something happened: what the caller says, or the present where that is nothing or impossible.

    Args:
        given: Nanoseconds since the epoch, or ``None``.
    """
    if given is None:
        return wiring.active().clock.time_unix_nano()
    found = mend.time_unix_nano(given)
    if found is None:
        count(MENDED)
        return wiring.active().clock.time_unix_nano()
    return found
