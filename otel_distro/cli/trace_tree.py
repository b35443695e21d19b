"""A trace as a tree; many spans alike become one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text
from rich.tree import Tree

from otel_distro import semconv
from otel_distro.cli.humanize import ago, count, duration, one_line
from otel_distro.cli.selecting import rows
from otel_distro.query.reader import Reader, Selection
from otel_distro.query.records import Span

SPANS_DRAWN: Final = 2_000
SPANS_SEARCHED: Final = 10_000
_ALIKE_SHOWN: Final = 2
_DEPTH_SHOWN: Final = 12

_Children = Mapping[str | None, Sequence[Span]]


def trace_tree(spans: Sequence[Span], now_unix_nano: int, *, more: bool = False) -> Tree:
    """Draws the spans of one trace.

    Args:
        spans: They may come in any order; one whose parent is not among them stands at the top.
        now_unix_nano: The present.
        more: Whether the trace has more spans than these.
    """
    began = min(spans, key=lambda span: span["started_unix_nano"])
    title = Text(f"trace {began['trace_id'][:8]}", "dim")
    title.append(f"  {ago(began['started_unix_nano'], now_unix_nano)}")
    if began["service"]:
        title.append(f"  {one_line(began['service'])}")
    tree = Tree(title, guide_style="dim")
    known = {span["span_id"] for span in spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span["started_unix_nano"]):
        parent = span["parent_span_id"]
        children[parent if parent in known and parent != span["span_id"] else None].append(span)
    _grow(tree, children, None, 1)
    if more:
        tree.add(Text(f"… the first {count(len(spans), 'span')}; the trace has more", "dim"))
    return tree


def _grow(tree: Tree, children: _Children, parent: str | None, depth: int) -> None:
    """Adds the children of a span, the first ones of each name whole, the rest of that name as one line."""
    if depth > _DEPTH_SHOWN:
        tree.add(Text("…", "dim"))
        return
    alike: dict[str, list[Span]] = defaultdict(list)
    for span in children.get(parent, ()):
        alike[_name(span)].append(span)
    for name, spans in alike.items():
        shown = spans if len(spans) <= _ALIKE_SHOWN + 1 else spans[:_ALIKE_SHOWN]
        for span in shown:
            _grow(tree.add(_label(span)), children, span["span_id"], depth + 1)
        if len(spans) > len(shown):
            tree.add(_rest(name, spans[len(shown) :]))


def _name(span: Span) -> str:
    """Returns what a span is, in the words of whoever recorded it."""
    for name, attribute, word in (
        (semconv.SPAN_RUN, semconv.RUN_NAME, "run"),
        (semconv.SPAN_ARC, semconv.ARC_CLASS, "ARC"),
    ):
        if span["name"] == name and attribute in span["attributes"]:
            return one_line(f"{word} {span['attributes'][attribute]}")
    return one_line(span["name"])


def _label(span: Span) -> Text:
    label = Text(_name(span), no_wrap=True, overflow="ellipsis")
    label.append(f"  {duration(span['duration_seconds'])}", "cyan")
    if span["kind"].lower() not in ("", "internal"):
        label.append(f"  {span['kind'].lower()}", "dim")
    if _failed(span):
        label.append(one_line(f"  failed {span['status_message'] or ''}"), "red")
    return label


def _rest(name: str, spans: Sequence[Span]) -> Text:
    mean = sum(span["duration_seconds"] for span in spans) / len(spans)
    label = Text(f"… {len(spans):,} more {name}", "dim", no_wrap=True, overflow="ellipsis")
    label.append(f"  mean {duration(mean)}", "cyan")
    failed = sum(map(_failed, spans))
    return label.append(f"  {failed:,} failed", "red") if failed else label


def _failed(span: Span) -> bool:
    return span["status"].lower() == "error"


def newest_traces(reader: Reader, selection: Selection, amount: int) -> Iterator[tuple[Sequence[Span], bool]]:
    """Finds the traces of the newest spans.

    Args:
        reader: Where to ask.
        selection: Which spans to look among; at most ``SPANS_SEARCHED`` are looked at.
        amount: How many traces at most.

    Yields:
        The spans of each trace, at most ``SPANS_DRAWN``, and whether it has more.
    """
    seen: set[str] = set()
    for span in rows(reader.traces, selection, SPANS_SEARCHED):
        if span["trace_id"] in seen:
            continue
        if len(seen) == amount:
            return
        seen.add(span["trace_id"])
        whole = Selection(where={"trace_id": span["trace_id"]}, descending=False)
        spans = list(rows(reader.traces, whole, SPANS_DRAWN + 1))
        yield spans[:SPANS_DRAWN], len(spans) > SPANS_DRAWN
