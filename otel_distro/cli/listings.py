"""One table for each kind of record, for ``otel-distro show`` and each of its sub-commands."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from rich.console import Console, Group, RenderableType
from rich.text import Text

from otel_distro.cli.humanize import UNKNOWN, ago, brief, count, duration, number, size, sparkline
from otel_distro.cli.render import dim, make_console, plain, short_id, shortened, status, table, write
from otel_distro.cli.run_view import run_view
from otel_distro.cli.selecting import listing_of, rows
from otel_distro.cli.trace_tree import newest_traces, trace_tree
from otel_distro.query.reader import Page, Reader, Selection
from otel_distro.query.records import Alert, Annotation, Arc, Artifact, Incident, Metric, Run

T = TypeVar("T")
Cells = Sequence[RenderableType]
# A listing's table: titles and forms of its columns (see render.table), and one record's cells at a given present.
Layout = tuple[Sequence[tuple[str, str]], Callable[[Any, int], Cells]]


def _run(run: Run, now: int) -> Cells:
    values = {name: metric["last"] for name, metric in run["metrics"].items()}
    return (
        plain(run["name"], "bold"),
        status(run["status"]),
        plain(ago(run["started_unix_nano"], now)),
        plain(duration(run["duration_seconds"])),
        plain(values),
        short_id(run["id"]),
    )


def _arc(arc: Arc, now: int) -> Cells:
    return (
        plain(arc["class"], "bold"),
        status(arc["status"]),
        plain(ago(arc["started_unix_nano"], now)),
        plain(duration(arc["duration_seconds"])),
        plain(arc["exports"]),
        short_id(arc["id"]),
    )


def _annotation(annotation: Annotation, now: int) -> Cells:
    return (
        plain(ago(annotation["time_unix_nano"], now)),
        plain(", ".join(annotation["labels"])),
        plain(annotation["outputs"]),
        plain(annotation["inputs"]),
        short_id(annotation["run_id"]),
    )


def _incident(incident: Incident, now: int) -> Cells:
    return (
        plain(ago(incident["time_unix_nano"], now)),
        plain(incident["title"], "red"),
        plain(incident["description"]),
        plain(", ".join(str(file.get("name")) for file in incident["files"])),
        short_id(incident["run_id"]),
    )


def _alert(alert: Alert, now: int) -> Cells:
    return (
        status(alert["state"]),
        plain(alert["name"], "bold"),
        plain(alert["metric"]),
        plain(f"{alert['rule']} {_bound(alert)}"),
        plain(number(alert["observed"])),
        plain(ago(alert["time_unix_nano"], now)),
        short_id(alert["run_id"]),
    )


def _bound(alert: Alert) -> str:
    if alert["threshold"] is not None:
        return number(alert["threshold"])
    return f"{number(alert['range_low'])} to {number(alert['range_high'])}"


def _artifact(artifact: Artifact, now: int) -> Cells:
    return (
        plain(artifact["name"], "bold"),
        plain(artifact["category"]),
        plain(size(artifact["size_bytes"])),
        plain(artifact["media_type"]),
        plain(ago(artifact["time_unix_nano"], now)),
        short_id(artifact["run_id"]),
    )


def _metric(metric: Metric, now: int) -> Cells:
    return (
        plain(metric["name"], "bold"),
        dim(metric["kind"]),
        plain(_value(metric)),
        dim(shortened(brief({key.rpartition(".")[2]: value for key, value in metric.get("attributes", {}).items()}))),
        plain(ago(metric.get("time_unix_nano"), now)),
    )


def _value(metric: Metric) -> str:
    """Writes a number; of a distribution the mean, the count, and the shape of its buckets."""
    unit = metric.get("unit", "")
    if "value" in metric:
        return _quantity(metric["value"], unit)
    amount = metric.get("count", 0)
    mean = _quantity(metric["sum"] / amount, unit) if amount and "sum" in metric else UNKNOWN
    return f"{mean} mean of {amount:,}  {_shape(list(metric.get('buckets', {}).values()))}".rstrip()


def _quantity(value: float, unit: str) -> str:
    """Writes a number with its unit, in the form of https://ucum.org that OpenTelemetry uses."""
    if unit == "s":
        return duration(value)
    if unit == "By" and math.isfinite(value):
        return size(round(value))
    return f"{number(value)} {unit.strip('{}')}".rstrip()


def _shape(cumulative: Sequence[int]) -> str:
    """Draws how full buckets are, from the first that holds something to the last."""
    counts = [upper - lower for lower, upper in zip([0, *cumulative], cumulative, strict=False)]
    full = [position for position, count in enumerate(counts) if count]
    return sparkline([0, *counts[full[0] : full[-1] + 1], 0]) if full else ""


LAYOUTS: Final[Mapping[str, Layout]] = {
    "runs": (
        (("run", "<"), ("status", "<!"), ("started", "<!"), ("took", ">!"), ("last values", "<"), ("id", "<!")),
        _run,
    ),
    "arcs": (
        (("class", "<"), ("status", "<!"), ("started", "<!"), ("took", ">!"), ("exports", "<"), ("id", "<")),
        _arc,
    ),
    "annotations": (
        (("when", "<!"), ("labels", "<"), ("outputs", "<"), ("inputs", "<"), ("run", "<!?")),
        _annotation,
    ),
    "incidents": (
        (("when", "<!"), ("incident", "<"), ("description", "<"), ("files", "<"), ("run", "<!?")),
        _incident,
    ),
    "alerts": (
        (
            ("state", "<!"),
            ("alert", "<"),
            ("metric", "<"),
            ("rule", "<!"),
            ("observed", ">!"),
            ("when", "<!?"),
            ("run", "<!?"),
        ),
        _alert,
    ),
    "artifacts": (
        (("artifact", "<"), ("category", "<!"), ("size", ">!"), ("type", "<"), ("when", "<!"), ("run", "<!?")),
        _artifact,
    ),
    "metrics": (
        (("metric", "<"), ("kind", "<!"), ("value", "<!"), ("attributes", "<"), ("when", "<!?")),
        _metric,
    ),
}
NOUNS: Final = {
    "runs": "runs",
    "arcs": "ARCs",
    "annotations": "annotations",
    "incidents": "incidents",
    "alerts": "alerts",
    "artifacts": "artifacts",
    "metrics": "metrics",
    "traces": "traces",
}
HOW_TO_RECORD: Final = (
    "Record with run(), arc() or annotate() of otel_distro, after its configure();\n"
    "or run a program as it is:  opentelemetry-instrument python program.py"
)


def head(listing: Callable[[Selection], Page[T]], selection: Selection, limit: int) -> tuple[list[T], bool]:
    """Reads the first rows, and whether there are more."""
    found = list(rows(listing, selection, limit + 1))
    return found[:limit], len(found) > limit


def listing_table(name: str, records: Sequence[Any], now_unix_nano: int, width: int) -> RenderableType:
    """Draws records of one kind as a table.

    Args:
        name: One of ``LAYOUTS``.
        records: What the reader returned.
        now_unix_nano: The present.
        width: Of the terminal, in columns.
    """
    columns, cells = LAYOUTS[name]
    return table(columns, (cells(record, now_unix_nano) for record in records), width)


def draw(name: str, reader: Reader, path: Path, selection: Selection, limit: int, now_unix_nano: int) -> None:
    """Prints one listing.

    Args:
        name: One of ``NOUNS``.
        reader: Where to ask.
        path: Where the store lies, to be named when it holds nothing.
        selection: Which rows.
        limit: How many rows at most.
        now_unix_nano: The present.
    """
    console = make_console()
    if name == "traces":
        shown = _draw_traces(console, reader, selection, limit, now_unix_nano)
    elif name == "runs" and "id" in selection.where:
        shown = _draw_whole_runs(console, reader, selection, now_unix_nano)
    else:
        shown = _draw_table(console, name, reader, selection, limit, now_unix_nano)
    if not shown:
        chosen = selection.where or selection.since_unix_nano is not None
        write(console, _nothing(NOUNS[name], path, chosen=bool(chosen)))


def _draw_table(console: Console, name: str, reader: Reader, selection: Selection, limit: int, now: int) -> bool:
    records, more = head(listing_of(reader, name), selection, limit)
    if records:
        write(console, listing_table(name, records, now, console.width))
    if more:
        write(console, dim(f"… the first {count(limit, 'row')}; more with --limit"))
    return bool(records)


def _draw_whole_runs(console: Console, reader: Reader, selection: Selection, now: int) -> bool:
    found = list(rows(reader.runs, selection))
    for run in found:
        write(console, Group(*run_view(reader, run, now, console.width, whole=True)))
    return bool(found)


def _draw_traces(console: Console, reader: Reader, selection: Selection, limit: int, now: int) -> bool:
    shown = False
    for spans, more in newest_traces(reader, selection, limit):
        write(console, trace_tree(spans, now, more=more))
        shown = True
    return shown


def _nothing(noun: str, path: Path, *, chosen: bool) -> Text:
    if chosen:
        return Text(f"no {noun} match")
    return nothing_recorded(f"no {noun}", path)


def nothing_recorded(noun: str, path: Path) -> Text:
    """Says that the store holds ``no runs``, or ``nothing``, and what to do about it."""
    return Text(f"{noun} recorded yet in {path}\n{HOW_TO_RECORD}")
