"""How the options of ``otel-distro show`` choose rows: filters, times, and runs named by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import click

from otel_distro import semconv
from otel_distro.cli.surroundings import surroundings
from otel_distro.query.reader import Page, Reader, Selection, every

T = TypeVar("T")

_PAGE: Final = 500
_EVERYTHING: Final = Selection()
_RUNS_SEARCHED: Final = 10_000
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(rf"(\d{{1,9}}(?:\.\d+)?)\s*({'|'.join(_SECONDS)})")
_RUN_ID: Final = re.compile(r"[0-9a-f]{32}")
_BEGINNING_OF_RUN_ID: Final = re.compile(r"[0-9a-f]{4,31}")


def since_option() -> click.Option:
    """Returns the option ``--since``; its value is in nanoseconds since the epoch."""
    return click.Option(
        ["--since"],
        callback=_since,
        metavar="WHEN",
        help="Only since then: 90s, 15m, 1h, 2d, 1w ago, or a date or time.",
    )


def _since(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return since_unix_nano(text, surroundings(context).now_unix_nano())
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def since_unix_nano(text: str, now_unix_nano: int) -> int:
    """Reads an age, or a date or time in ISO 8601 (local unless it names a zone).

    Args:
        text: Such as ``1h`` or ``2026-01-31T14:05``.
        now_unix_nano: The present.

    Returns:
        Nanoseconds since the epoch.

    Raises:
        ValueError: It is neither.
    """
    age = _AGE.fullmatch(text.strip())
    if age:
        return _storable(now_unix_nano - int(float(age[1]) * _SECONDS[age[2]] * 1_000_000_000))
    try:
        # Python 3.10 does not read the zone "Z"
        seconds = datetime.fromisoformat(re.sub("Z$", "+00:00", text.strip())).timestamp()
        return _storable(int(seconds * 1e6) * 1_000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no time: give an age like 90s, 15m, 1h, 2d, or a date like 2026-01-31") from None


def _storable(time_unix_nano: int) -> int:
    """Keeps a time between 1970 and the end of what 64 bits can count, in 2262."""
    return min(max(0, time_unix_nano), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """One option that compares a field.

    Attributes:
        field: The field's name in a record, and the option's parameter.
        flags: What is typed.
        help: What it does.
        metavar: What its value is called in the help.
        choices: The values it takes; empty for any.
    """

    field: str
    flags: Sequence[str]
    help: str
    metavar: str | None = None
    choices: Sequence[str] = ()

    def option(self) -> click.Option:
        """Returns the option."""
        kind = click.Choice(self.choices) if self.choices else None
        return click.Option([*self.flags, self.field], type=kind, metavar=self.metavar, help=self.help)


_RUN_HELP: Final = "Only of this run: its id, the first digits of its id, or its name."
RUN: Final = Filter("run_id", ["--run"], _RUN_HELP, "RUN")
RUN_ITSELF: Final = Filter("id", ["--run"], _RUN_HELP, "RUN")
RUN_STATUS: Final = Filter("status", ["--status"], "Only with this status.", choices=semconv.RUN_STATUSES)
FOLDER: Final = Filter("folder", ["--folder"], "Only in this folder.", "PATH")
ARC_CLASS: Final = Filter("class", ["--class"], "Only of this class.", "CLASS")
ARC_STATUS: Final = Filter("status", ["--status"], "Only with this status.", choices=semconv.ARC_STATUSES)
ALERT_STATE: Final = Filter(
    "state", ["--state", "--status"], "Only in this state.", choices=("defined", "fired", "resolved")
)
CATEGORY: Final = Filter("category", ["--category"], "Only of this category.", choices=semconv.ARTIFACT_CATEGORIES)
LABEL: Final = Filter("labels", ["--label"], "Only with this label.", "LABEL")
NAME: Final = Filter("name", ["--name"], "Only of this name.", "NAME")
TRACE: Final = Filter("trace_id", ["--trace"], "Only this trace.", "ID")


def listing_of(reader: Reader, name: str) -> Callable[[Selection], Page[Any]]:
    """Returns the reader's listing of that name."""
    listing: Callable[[Selection], Page[Any]] = getattr(reader, name)
    return listing


def rows(
    listing: Callable[[Selection], Page[T]], selection: Selection = _EVERYTHING, limit: int | None = None
) -> Iterator[T]:
    """Yields the rows that were asked for, read page by page.

    Args:
        listing: A listing of a reader.
        selection: Which rows; the size of its pages does not count.
        limit: How many rows in all; every one if not given.

    Raises:
        click.UsageError: The listing refuses a field.
    """
    pages = replace(selection, limit=min(limit or _PAGE, _PAGE))
    yield from islice(every(partial(_ask, listing), pages), limit)


def _ask(listing: Callable[[Selection], Page[T]], selection: Selection) -> Page[T]:
    try:
        return listing(selection)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def run_id(reader: Reader, text: str) -> str:
    """Finds a run by its id, the first digits of its id (four or more), or its name; of several, the newest.

    Raises:
        click.ClickException: There is none.
    """
    if _RUN_ID.fullmatch(text):
        return text
    for run in rows(reader.runs, Selection(where={"name": text}), limit=1):
        return run["id"]
    if _BEGINNING_OF_RUN_ID.fullmatch(text):
        for run in rows(reader.runs, limit=_RUNS_SEARCHED):
            if run["id"].startswith(text):
                return run["id"]
    raise click.ClickException(f"no run has the name or id {text!r}; see: otel-distro show runs")
