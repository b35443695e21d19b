"""``otel-distro show`` without a sub-command: everything recorded, at a glance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from otel_distro.cli.humanize import duration
from otel_distro.cli.listings import NOUNS, head, listing_table, nothing_recorded
from otel_distro.cli.render import dim, heading, indented, make_console, plain, status, table, write
from otel_distro.cli.run_view import run_view
from otel_distro.cli.selecting import listing_of
from otel_distro.cli.trace_tree import newest_traces, trace_tree
from otel_distro.query.reader import Reader, Selection
from otel_distro.query.records import Arc

# So many ARCs are looked at for the table of classes: the glance stays quick however many there are.
ARCS_SUMMED: Final = 10_000
_RUNS_SHOWN: Final = 3
_ROWS_SHOWN: Final = {"alerts": 5, "incidents": 5, "annotations": 3, "artifacts": 5}


def draw(reader: Reader, path: Path, now_unix_nano: int) -> None:
    """Prints everything recorded, the newest of each kind.

    Args:
        reader: Where to ask.
        path: Where the store lies, to be named when it holds nothing.
        now_unix_nano: The present.
    """
    console = make_console()
    empty = True
    for section in _sections(reader, now_unix_nano, console.width):
        if not empty:
            write(console, "")
        write(console, section)
        empty = False
    if empty:
        write(console, nothing_recorded("nothing", path))


def _sections(reader: Reader, now_unix_nano: int, width: int) -> Iterator[RenderableType]:
    yield from _runs(reader, now_unix_nano, width)
    yield from _newest(reader, "alerts", now_unix_nano, width)
    yield from _newest(reader, "incidents", now_unix_nano, width)
    yield from _arcs(reader, width)
    yield from _newest(reader, "annotations", now_unix_nano, width)
    yield from _newest(reader, "artifacts", now_unix_nano, width)
    yield from _trace(reader, now_unix_nano)


def _section(title: str, *content: RenderableType, more: str = "") -> Group:
    """Joins a heading and what stands below it; ``more`` names the listing that shows the rest."""
    rest = [indented(dim(f"… more: otel-distro show {more}"))] if more else []
    return Group(heading(title), *(indented(part) for part in content), *rest)


def _runs(reader: Reader, now_unix_nano: int, width: int) -> Iterator[Group]:
    runs, more = head(reader.runs, Selection(), _RUNS_SHOWN)
    if not runs:
        return
    views: list[RenderableType] = []
    for run in runs:
        views += [Text()] if views else []
        views += run_view(reader, run, now_unix_nano, width, whole=False)
    yield _section("Runs", *views, more="runs" if more else "")


def _newest(reader: Reader, name: str, now_unix_nano: int, width: int) -> Iterator[Group]:
    records, more = head(listing_of(reader, name), Selection(), _ROWS_SHOWN[name])
    if records:
        shown = listing_table(name, records, now_unix_nano, width)
        yield _section(NOUNS[name].capitalize(), shown, more=name if more else "")


def _trace(reader: Reader, now_unix_nano: int) -> Iterator[Group]:
    for spans, more in newest_traces(reader, Selection(), 1):
        yield _section("Newest trace", trace_tree(spans, now_unix_nano, more=more))


@dataclass(slots=True)
class _Class:
    """What the ARCs of one class have in common."""

    depth: int = 0
    durations_seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def add(self, arc: Arc) -> None:
        """Counts one ARC."""
        self.depth = arc["id"].count(".") if arc["parent_id"] is not None else 0
        self.statuses[arc["status"]] += 1
        if arc["duration_seconds"] is not None:
            self.durations_seconds.append(arc["duration_seconds"])

    def order(self) -> tuple[int, int]:
        """Returns what to sort by: ARCs before their sub-ARCs, then the many before the few."""
        return self.depth, -self.statuses.total()


def _arcs(reader: Reader, width: int) -> Iterator[Group]:
    arcs, more = head(reader.arcs, Selection(), ARCS_SUMMED)
    if arcs:
        title = f"ARCs by class, of the newest {ARCS_SUMMED:,}" if more else "ARCs by class"
        yield _section(title, _classes(arcs, width))


def _classes(arcs: Iterable[Arc], width: int) -> RenderableType:
    classes: dict[str, _Class] = defaultdict(_Class)
    for arc in arcs:
        classes[arc["class"]].add(arc)
    return table(
        [("class", "<"), ("ARCs", ">!"), ("mean", ">!"), ("longest", ">!"), ("status", "<")],
        (
            (
                plain(name, "bold"),
                plain(f"{summed.statuses.total():,}"),
                plain(duration(_mean(summed.durations_seconds))),
                plain(duration(max(summed.durations_seconds, default=None))),
                _statuses(summed.statuses),
            )
            for name, summed in sorted(classes.items(), key=lambda item: item[1].order())
        ),
        width,
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _statuses(statuses: Counter[str]) -> Text:
    parts = [Text(f"{amount:,} ").append_text(status(name)) for name, amount in statuses.most_common()]
    return Text(", ").join(parts)
