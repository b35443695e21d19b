"""A reader over records in memory, and a way to call the command with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from click.testing import CliRunner, Result

from otel_distro.cli.main import main
from otel_distro.cli.surroundings import Surroundings
from otel_distro.query.reader import Page, Selection

if TYPE_CHECKING:
    from typing_extensions import Self

    from otel_distro.query.records import (
        Alert,
        Annotation,
        Arc,
        Artifact,
        Incident,
        Metric,
        Run,
        RunEvent,
        RunMetric,
        Span,
    )

T = TypeVar("T", bound=Mapping[str, Any])

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
RUN_ID = "3f2a9c1b" + "0" * 24
TRACE_ID = "ab" * 16


@dataclass
class FakeReader:
    """Keeps what it is given; it filters, sorts and pages as a store does, and counts the pages that it was asked."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    curves: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    pages: int = 0
    entered: bool = False

    def __enter__(self) -> Self:
        self.entered = True
        return self

    def __exit__(self, *exc: object) -> None:
        self.entered = False

    def _page(self, name: str, selection: Selection) -> Page[Any]:
        assert self.entered, "asked before it was opened"
        self.pages += 1
        rows = [row for row in self.rows.get(name, ()) if _chosen(row, selection)]
        rows.sort(key=lambda row: _sort_key(row, selection.sort), reverse=selection.descending)
        begin = int(selection.after or 0)
        end = begin + selection.limit
        return Page(rows[begin:end], str(end) if end < len(rows) else "")

    def runs(self, selection: Selection = Selection()) -> Page[Run]:  # noqa: B008 - frozen
        return self._page("runs", selection)

    def run_events(self, selection: Selection = Selection()) -> Page[RunEvent]:  # noqa: B008 - frozen
        return self._page("run_events", selection)

    def arcs(self, selection: Selection = Selection()) -> Page[Arc]:  # noqa: B008 - frozen
        return self._page("arcs", selection)

    def annotations(self, selection: Selection = Selection()) -> Page[Annotation]:  # noqa: B008 - frozen
        return self._page("annotations", selection)

    def incidents(self, selection: Selection = Selection()) -> Page[Incident]:  # noqa: B008 - frozen
        return self._page("incidents", selection)

    def alerts(self, selection: Selection = Selection()) -> Page[Alert]:  # noqa: B008 - frozen
        return self._page("alerts", selection)

    def artifacts(self, selection: Selection = Selection()) -> Page[Artifact]:  # noqa: B008 - frozen
        return self._page("artifacts", selection)

    def metrics(self, selection: Selection = Selection()) -> Page[Metric]:  # noqa: B008 - frozen
        return self._page("metrics", selection)

    def traces(self, selection: Selection = Selection()) -> Page[Span]:  # noqa: B008 - frozen
        return self._page("traces", selection)

    def curve(self, run_id: str, metric: str, points: int) -> list[float]:
        return self.curves.get((run_id, metric), [])[:points]


def _time(row: Mapping[str, Any]) -> int:
    return int(row.get("started_unix_nano") or row.get("time_unix_nano") or 0)


def _chosen(row: Mapping[str, Any], selection: Selection) -> bool:
    for name, value in selection.where.items():
        if name not in row:
            raise ValueError(f"cannot filter by {name!r}; possible are {sorted(row)}")
        held = row[name]
        if value not in held if isinstance(held, list) else value != held:
            return False
    return selection.since_unix_nano is None or _time(row) >= selection.since_unix_nano


def _sort_key(row: Mapping[str, Any], name: str) -> Any:
    if name and name not in row:
        raise ValueError(f"cannot sort by {name!r}; possible are {sorted(row)}")
    return row[name] if name else _time(row)


def _run_metric(last: float, low: float, high: float) -> RunMetric:
    return {"last": last, "min": low, "max": high, "count": 20, "last_step": 19}


def _run() -> Run:
    return {
        "id": RUN_ID,
        "name": "digits-linear",
        "folder": "/demo/digits",
        "status": "completed",
        "started_unix_nano": NOW - 125 * SECOND,
        "duration_seconds": 6.314,
        "tags": ["demo", "digits"],
        "metadata": {"optimizer": "sgd", "epochs": 20, "classes": list(range(10))},
        "description": "A linear classifier",
        "metrics": {
            "validation.accuracy": _run_metric(0.9597, 0.8413, 0.9622),
            "train.loss": _run_metric(0.0712, 0.0712, 1.53),
            "learning_rate": _run_metric(0.001, 0.001, 0.05),
        },
    }


def _arc(number: int) -> Arc:
    return {
        "id": f"arc{number:05}",
        "class": "classify",
        "parent_id": None,
        "status": "failed" if number == 7 else "completed",
        "started_unix_nano": NOW - 60 * SECOND + number,
        "duration_seconds": 0.0021,
        "run_id": RUN_ID,
        "exports": {"confidence": 0.5 + number / 1000, "digit": number % 10},
    }


def _annotation(number: int) -> Annotation:
    return {
        "id": f"annotation{number}",
        "inputs": {"pixels": list(range(64))},
        "outputs": {"digit": number, "confidence": 0.98},
        "metadata": None,
        "labels": ["correct", f"digit-{number}"],
        "arc_id": f"arc{number:05}",
        "run_id": RUN_ID,
        "trace_id": TRACE_ID,
        "time_unix_nano": NOW - 50 * SECOND + number,
    }


def _incident() -> Incident:
    return {
        "id": "incident1",
        "title": "batch 3 misjudged",
        "description": "27 of 30 samples are right, 3 were übersehen",
        "files": [{"name": "batch-3.png", "media_type": "image/png", "size_bytes": 9_000, "sha256": "", "path": None}],
        "run_id": RUN_ID,
        "arc_id": None,
        "trace_id": TRACE_ID,
        "time_unix_nano": NOW - 40 * SECOND,
    }


def _alert(name: str, state: str, observed: float | None, *, in_range: bool = False) -> Alert:
    return {
        "name": name,
        "run_id": RUN_ID,
        "metric": "validation.accuracy",
        "rule": "is outside range" if in_range else "is below",
        "state": state,
        "observed": observed,
        "threshold": None if in_range else 0.99,
        "range_low": 0.1 if in_range else None,
        "range_high": 1.0 if in_range else None,
        "frequency_minutes": 1.0,
        "window_minutes": 5.0,
        "time_unix_nano": NOW - 30 * SECOND,
    }


def _artifact() -> Artifact:
    return {
        "name": "confusion-matrix.png",
        "category": "output",
        "media_type": "image/png",
        "size_bytes": 21_533,
        "sha256": "0" * 64,
        "run_id": RUN_ID,
        "arc_id": None,
        "original_path": None,
        "path": None,
        "time_unix_nano": NOW - 35 * SECOND,
    }


def _metrics() -> list[Metric]:
    return [
        {
            "name": "algo.arc.duration",
            "unit": "s",
            "kind": "histogram",
            "attributes": {"algo.arc.class": "classify"},
            "count": 300,
            "sum": 0.6,
            "buckets": {"0.001": 0, "0.005": 290, "+Inf": 300},
            "time_unix_nano": NOW,
        },
        {"name": "train.loss", "unit": "", "kind": "run", "attributes": {}, "value": 0.07, "time_unix_nano": NOW},
    ]


def make_span(number: int, parent: int | None, name: str, attributes: Mapping[str, Any] | None = None) -> Span:
    """Returns a span whose id is its number."""
    return {
        "trace_id": TRACE_ID,
        "span_id": f"{number:016x}",
        "parent_span_id": None if parent is None else f"{parent:016x}",
        "name": name,
        "kind": "internal",
        "status": "unset",
        "status_message": None,
        "started_unix_nano": NOW - 100 * SECOND + number,
        "duration_seconds": 0.002,
        "attributes": dict(attributes or {}),
        "events": [],
        "links": [],
        "service": "train_and_classify",
        "scope": "otel_distro",
    }


def _spans() -> list[Span]:
    spans = [make_span(1, None, "algo.run", {"algo.run.name": "digits-linear"})]
    for number in range(10, 310, 2):
        spans.append(make_span(number, 1, "algo.arc", {"algo.arc.class": "classify"}))
        spans.append(make_span(number + 1, number, "algo.arc", {"algo.arc.class": "features"}))
    return spans


def _run_events() -> list[RunEvent]:
    return [
        {
            "run_id": RUN_ID,
            "message": f"epoch {epoch}: learning rate lowered",
            "severity": "INFO",
            "time_unix_nano": NOW - (120 - epoch) * SECOND,
            "attributes": {},
        }
        for epoch in (8, 14)
    ]


def full_reader() -> FakeReader:
    """Returns a store after the demo."""
    rows: dict[str, Sequence[Any]] = {
        "runs": [_run()],
        "run_events": _run_events(),
        "arcs": [_arc(number) for number in range(300)],
        "annotations": [_annotation(number) for number in range(10)],
        "incidents": [_incident()],
        "alerts": [
            _alert("accuracy too low", "fired", 0.9361),
            _alert("accuracy is no share", "defined", None, in_range=True),
        ],
        "artifacts": [_artifact()],
        "metrics": _metrics(),
        "traces": _spans(),
    }
    falling = [1.53 / (step + 1) for step in range(20)]
    return FakeReader({name: list(records) for name, records in rows.items()}, {(RUN_ID, "train.loss"): falling})


@pytest.fixture
def reader() -> FakeReader:
    """A store after the demo."""
    return full_reader()


class Call:
    """Calls the command in this process, over a reader in memory."""

    def __init__(self, reader: FakeReader) -> None:
        self.reader = reader
        self.waiting = 0
        self.take_up_error: Exception | None = None
        self.open_error: Exception | None = None
        self.width = 100
        self.environ: dict[str, str] = {}
        self.opened: list[Path] = []
        self.took_up: list[tuple[Mapping[str, str], float]] = []

    def __call__(self, *arguments: str) -> Result:
        given = Surroundings(self.environ, lambda: NOW, self._open, self._take_up)
        return CliRunner().invoke(main, arguments, obj=given, env={"COLUMNS": str(self.width)})

    def _open(self, path: Path) -> FakeReader:
        self.opened.append(path)
        if self.open_error:
            raise self.open_error
        return self.reader

    def _take_up(self, environ: Mapping[str, str], timeout_seconds: float) -> int:
        self.took_up.append((environ, timeout_seconds))
        if self.take_up_error:
            raise self.take_up_error
        return self.waiting


@pytest.fixture
def call(reader: FakeReader) -> Call:
    """The command over a store after the demo."""
    return Call(reader)
