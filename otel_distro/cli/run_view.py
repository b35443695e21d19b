"""One run at a glance: its heading, its metrics with their curves, and what it noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from otel_distro.cli.humanize import ago, brief, clock_time, count, duration, number, one_line, sparkline
from otel_distro.cli.render import best, dim, indented, plain, short_id, status, table
from otel_distro.query.reader import Reader, Selection
from otel_distro.query.records import Run, RunEvent

if TYPE_CHECKING:
    from rich.console import RenderableType

_METRICS_SHOWN: Final = 8
_EVENTS_SHOWN: Final = 3
# What a line of metrics needs beside the curve: indentation, name, last and best value.
_BESIDE_CURVE: Final = 58
_CURVE_WIDTHS: Final = range(12, 61)


def run_view(reader: Reader, run: Run, now_unix_nano: int, width: int, *, whole: bool) -> Iterator[RenderableType]:
    """Yields the lines and tables that show one run.

    Args:
        reader: Where its curves and events are asked for.
        run: The run.
        now_unix_nano: The present.
        width: Of the terminal, in columns.
        whole: Whether to show all of it; else what fits a glance.
    """
    yield _title(run, now_unix_nano)
    yield from (indented(line) for line in _particulars(run, whole=whole))
    if run["metrics"]:
        yield indented(_metrics(reader, run, width, None if whole else _METRICS_SHOWN))
    if not whole and len(run["metrics"]) > _METRICS_SHOWN:
        yield indented(dim(f"… {count(len(run['metrics']) - _METRICS_SHOWN, 'more metric')}"))
    yield from (indented(_event(event)) for event in _events(reader, run["id"], 100 if whole else _EVENTS_SHOWN))


def _title(run: Run, now_unix_nano: int) -> Text:
    parts = [ago(run["started_unix_nano"], now_unix_nano)]
    if run["duration_seconds"] is not None:
        parts.append(f"took {duration(run['duration_seconds'])}")
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(one_line(run["name"]), "bold cyan").append("  ").append_text(status(run["status"]))
    return line.append(one_line(f"  {', '.join(parts)}  ")).append_text(short_id(run["id"]))


def _particulars(run: Run, *, whole: bool) -> Iterator[Text]:
    where = [run["folder"], *(f"#{tag}" for tag in run["tags"])]
    yield dim(one_line("  ".join(where)))
    if run["description"]:
        yield plain(run["description"])
    if run["metadata"] and whole:
        yield from (plain(f"{key} = {brief(value)}") for key, value in run["metadata"].items())
    elif run["metadata"]:
        yield dim(brief(run["metadata"]))


def _metrics(reader: Reader, run: Run, width: int, shown: int | None) -> RenderableType:
    points = min(max(_CURVE_WIDTHS.start, width - _BESIDE_CURVE), _CURVE_WIDTHS.stop - 1)
    return table(
        [("metric", "<"), ("last", ">!"), ("best", "<!"), ("curve", "<!")],
        (
            (
                plain(name),
                plain(number(metric["last"])),
                plain(best(name, metric["min"], metric["max"])),
                plain(sparkline(reader.curve(run["id"], name, points)), "cyan"),
            )
            for name, metric in list(run["metrics"].items())[:shown]
        ),
        width,
    )


def _events(reader: Reader, run_id: str, shown: int) -> Sequence[RunEvent]:
    page = reader.run_events(Selection(where={"run_id": run_id}, limit=shown))
    return page.items[::-1]


def _event(event: RunEvent) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(clock_time(event["time_unix_nano"]), "dim").append("  ")
    alarming = event["severity"].upper().startswith(("WARN", "ERROR", "FATAL"))
    return line.append(brief(event["message"]), "yellow" if alarming else "")
