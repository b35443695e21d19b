"""What the API is wired to in its tests: an event logger in memory, a sink in memory, a clock that is set by hand."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_distro.api.sink import KeptFile, Point

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Event:
    """One emitted event."""

    name: str
    attributes: dict[str, Any]
    body: Any
    timestamp: int
    severity: SeverityNumber
    span: trace.SpanContext


class FakeLogger(Logger):
    """Keeps what is emitted; raises what it is told to."""

    def __init__(self, name: str, version: str | None, schema_url: str | None) -> None:
        super().__init__(name, version, schema_url)
        self.scope = (name, version, schema_url)
        self.events: list[Event] = []
        self.is_enabled = True
        self.error: Exception | None = None

    def emit(  # type: ignore[override]  # the API calls it by keyword alone
        self,
        record: LogRecord | None = None,
        *,
        timestamp: int,
        context: Context | None,
        severity_number: SeverityNumber,
        body: Any,
        attributes: Mapping[str, Any],
        event_name: str,
    ) -> None:
        assert record is None
        if self.error is not None:
            raise self.error
        span = trace.get_current_span(get_current() if context is None else context).get_span_context()
        self.events.append(Event(event_name, dict(attributes), body, timestamp, severity_number, span))

    def enabled(
        self,
        *,
        context: Context | None = None,
        severity_number: SeverityNumber | None = None,
        event_name: str | None = None,
    ) -> bool:
        del context, severity_number, event_name
        return self.is_enabled


class FakeLoggerProvider(LoggerProvider):
    """Hands out one logger."""

    def __init__(self) -> None:
        self.logger: FakeLogger | None = None

    def get_logger(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: object = None
    ) -> FakeLogger:
        del attributes
        if self.logger is None:
            self.logger = FakeLogger(name, version, schema_url)
        return self.logger


class FakeSink:
    """Keeps points and the bytes of files; leaves files above a size where they are."""

    def __init__(self) -> None:
        self.taken: list[Point] = []
        self.files: dict[str, bytes] = {}
        self.copies_up_to = 1_000_000

    def points(self, points: Sequence[Point]) -> None:
        self.taken.extend(points)

    def keep_file(self, path: str | os.PathLike[str], *, copy: bool = False) -> KeptFile:
        content = Path(path).read_bytes()
        if not copy and len(content) > self.copies_up_to:
            return KeptFile(len(content), "", "")
        kept = f"kept-{len(self.files) + 1}"
        self.files[kept] = content
        return KeptFile(len(content), f"sha256-of-{kept}", kept)


@dataclass
class FakeClock:
    """A clock that stands still until it is told to go on."""

    now: int = START

    def time_unix_nano(self) -> int:
        return self.now

    def elapsed_nano(self) -> int:
        return self.now - START

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


@dataclass
class Recorded:
    """All that a test recorded."""

    logger: FakeLogger
    sink: FakeSink
    clock: FakeClock
    span_exporter: InMemorySpanExporter
    metric_reader: InMemoryMetricReader
    ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def events(self, name: str | None = None) -> list[Event]:
        """Returns the events, or those of one name, in order."""
        return [event for event in self.logger.events if name is None or event.name == name]

    def names(self) -> list[str]:
        """Returns the names of all events, in order."""
        return [event.name for event in self.logger.events]

    def one(self, name: str) -> Event:
        """Returns the only event of a name."""
        (found,) = self.events(name)
        return found

    def spans(self) -> list[ReadableSpan]:
        """Returns the ended spans, in the order of their end."""
        return list(self.span_exporter.get_finished_spans())

    def points(self, name: str) -> list[Any]:
        """Collects, and returns the points of one instrument."""
        data = self.metric_reader.get_metrics_data()
        if data is None:
            return []
        scopes = (scope for resource in data.resource_metrics for scope in resource.scope_metrics)
        return [point for scope in scopes for m in scope.metrics if m.name == name for point in m.data.data_points]

    def values(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Collects, and returns value (or count and sum) of each series of an instrument, by attribute values."""
        return {
            tuple(point.attributes.values()): (
                point.value if hasattr(point, "value") else (point.count, round(point.sum, 6))
            )
            for point in self.points(name)
        }


def many(call: Callable[[], object], n: int) -> None:
    """Makes a call many times, for a thread that does only this."""
    for _ in range(n):
        call()


def refuse(*_: object, **__: object) -> Any:
    """Stands where nothing may be called."""
    raise AssertionError("called")
