"""A trace as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from rich.console import Console

from otel_distro.cli.trace_tree import trace_tree
from otel_distro.query.records import Span

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND


def _span(number: int, parent: int | None, name: str, **fields: Any) -> Span:
    span: Span = {
        "trace_id": "ab" * 16,
        "span_id": f"{number:016x}",
        "parent_span_id": None if parent is None else f"{parent:016x}",
        "name": name,
        "kind": "internal",
        "status": "unset",
        "status_message": None,
        "started_unix_nano": NOW - 100 * SECOND + number,
        "duration_seconds": 0.002,
        "attributes": {},
        "events": [],
        "links": [],
        "service": None,
        "scope": None,
    }
    return {**span, **fields}  # type: ignore[typeddict-item] # the keywords are fields of Span


def _drawn(spans: Sequence[Span], *, more: bool = False) -> list[str]:
    console = Console(file=StringIO(), width=80)
    with console.capture() as captured:
        console.print(trace_tree(spans, NOW, more=more))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_children_stand_below_their_parent_in_the_order_of_time() -> None:
    spans = [_span(3, 1, "second"), _span(2, 1, "first"), _span(4, 2, "inner"), _span(1, None, "root")]
    assert _drawn(spans) == [
        "trace abababab  1 min ago",
        "└── root  2 ms",
        "    ├── first  2 ms",
        "    │   └── inner  2 ms",
        "    └── second  2 ms",
    ]


def test_runs_and_arcs_are_called_what_they_are() -> None:
    spans = [
        _span(1, None, "algo.run", attributes={"algo.run.name": "train"}),
        _span(2, 1, "algo.arc", attributes={"algo.arc.class": "scoring"}),
    ]
    assert _drawn(spans)[1:] == ["└── run train  2 ms", "    └── ARC scoring  2 ms"]


def test_many_alike_become_one_line_that_counts_what_failed() -> None:
    spans = [_span(1, None, "root"), *(_span(n, 1, "step") for n in range(2, 7)), _span(7, 1, "other")]
    spans.append(_span(8, 1, "step", status="error", duration_seconds=0.01))
    assert _drawn(spans)[1:] == [
        "└── root  2 ms",
        "    ├── step  2 ms",
        "    ├── step  2 ms",
        "    ├── … 4 more step  mean 4 ms  1 failed",
        "    └── other  2 ms",
    ]


def test_three_alike_are_drawn_whole() -> None:
    assert _drawn([_span(n, None, "step") for n in range(3)])[1:] == [
        "├── step  2 ms",
        "├── step  2 ms",
        "└── step  2 ms",
    ]


def test_a_span_whose_parent_is_missing_or_itself_stands_at_the_top() -> None:
    assert _drawn([_span(1, 99, "orphan"), _span(2, 2, "own parent")])[1:] == [
        "├── orphan  2 ms",
        "└── own parent  2 ms",
    ]


def test_what_failed_says_why_and_a_kind_worth_naming_is_named() -> None:
    span = _span(1, None, "GET /", kind="server", status="error", status_message="boom\x1b[2J")
    assert _drawn([span])[1] == "└── GET /  2 ms  server  failed boom\N{REPLACEMENT CHARACTER}[2J"


def test_depth_is_bounded() -> None:
    spans = [_span(n, n - 1 if n else None, f"level {n}") for n in range(2_000)]
    lines = _drawn(spans)
    assert len(lines) < 30
    assert lines[-1].endswith("└── …")


def test_a_trace_cut_short_says_so() -> None:
    assert _drawn([_span(1, None, "root")], more=True)[-1] == "└── … the first 1 span; the trace has more"
