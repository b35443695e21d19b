"""``otel-distro show``: what was recorded, as tables for people and as JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from otel_distro.cli import json_output, selecting
from otel_distro.cli.humanize import count
from otel_distro.cli.selecting import Filter, listing_of, rows, run_id
from otel_distro.cli.surroundings import Surroundings, reading_errors, surroundings
from otel_distro.environment_variables import LOCAL_STORE
from otel_distro.query.reader import Reader, Selection

_TAKE_UP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Listing:
    """One sub-command.

    Attributes:
        name: Of the sub-command, and of the reader's method.
        title: What its rows are, for the help.
        filters: The options that choose rows.
        limit: How many rows a table holds unless the user says otherwise.
    """

    name: str
    title: str
    filters: Sequence[Filter]
    limit: int = 20


LISTINGS: Final = (
    Listing(
        "runs",
        "Runs and their last metric values; with --run, all of one.",
        (selecting.RUN_ITSELF, selecting.RUN_STATUS, selecting.FOLDER),
    ),
    Listing(
        "arcs",
        "ARCs with duration, status, and what was exported to them.",
        (selecting.RUN, selecting.ARC_CLASS, selecting.ARC_STATUS),
    ),
    Listing(
        "annotations",
        "Annotations: inputs, outputs and labels of predictions.",
        (selecting.RUN, selecting.LABEL),
    ),
    Listing("incidents", "Incidents and their files.", (selecting.RUN,)),
    Listing("alerts", "Alert rules: defined, fired or resolved.", (selecting.RUN, selecting.ALERT_STATE)),
    Listing("artifacts", "Artifacts: the files of runs and ARCs.", (selecting.RUN, selecting.CATEGORY)),
    Listing("metrics", "The last value of each metric.", (selecting.RUN, selecting.NAME)),
    Listing("traces", "Spans; the table draws traces, and its limit counts them.", (selecting.TRACE,), 3),
)

_EPILOG: Final = (
    "Rows come newest first. In JSON, times are nanoseconds since 1970 (..._unix_nano) and durations seconds"
    ' (..._seconds); numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity".'
)


@contextmanager
def _opened(given: Surroundings, store: Path | None) -> Iterator[tuple[Reader, Path]]:
    """Opens the store, once what waits for it was taken up."""
    path = store or given.store()
    _take_up(given, path)
    try:
        with given.open_reader(path) as reader:
            yield reader, path
    except BrokenPipeError:
        raise  # whoever read our output has gone: click ends quietly
    except reading_errors() as error:
        raise click.ClickException(str(error)) from error


def _take_up(given: Surroundings, path: Path) -> None:
    try:
        waiting = given.take_up({**given.environ, LOCAL_STORE: str(path)}, _TAKE_UP_SECONDS)
    except Exception as error:  # what is in the store can be shown in any case
        click.echo(f"what waits could not be taken up: {error}", err=True)
        return
    if waiting:
        click.echo(f"{count(waiting, 'record')} still {'waits' if waiting == 1 else 'wait'}", err=True)


def _store_option() -> click.Option:
    return click.Option(
        ["--store"],
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The local store to read.  [default: {LOCAL_STORE}, or otel-distro/local.db below XDG_STATE_HOME]",
    )


def _json_option(help_text: str) -> click.Option:
    return click.Option(["--json", "as_json"], is_flag=True, help=help_text)


def _show_everything(*, store: Path | None, as_json: bool) -> None:
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        return
    given = surroundings(context)
    with _opened(given, store) as (reader, path):
        if as_json:
            listings = {listing.name: rows(listing_of(reader, listing.name)) for listing in LISTINGS}
            json_output.write_lists(sys.stdout.buffer, listings)
        else:
            from otel_distro.cli import overview  # noqa: PLC0415 - rich is loaded only when something is drawn

            overview.draw(reader, path, given.now_unix_nano())


def _show_listing(
    listing: Listing,
    *,
    store: Path | None,
    as_json: bool,
    limit: int | None,
    since: int | None,
    sort: str,
    ascending: bool,
    **wanted: str | None,
) -> None:
    context = click.get_current_context()
    outer = context.parent.params if context.parent else {}
    given = surroundings(context)
    with _opened(given, store or outer.get("store")) as (reader, path):
        where = _where(reader, wanted)
        selection = Selection(where=where, since_unix_nano=since, sort=sort, descending=not ascending)
        if as_json or outer.get("as_json"):
            json_output.write_list(sys.stdout.buffer, rows(listing_of(reader, listing.name), selection, limit))
        else:
            from otel_distro.cli import listings  # noqa: PLC0415 - rich is loaded only when something is drawn

            listings.draw(listing.name, reader, path, selection, limit or listing.limit, given.now_unix_nano())


def _where(reader: Reader, wanted: Mapping[str, str | None]) -> dict[str, Any]:
    where = {field: value for field, value in wanted.items() if value is not None}
    for filter_ in (selecting.RUN, selecting.RUN_ITSELF):
        if filter_.field in where:
            where[filter_.field] = run_id(reader, where[filter_.field])
    return where


def _command(listing: Listing) -> click.Command:
    return click.Command(
        listing.name,
        callback=partial(_show_listing, listing),
        help=listing.title,
        epilog=_EPILOG,
        params=[
            _json_option("Print a list of objects, for programs."),
            click.Option(
                ["--limit"],
                type=click.IntRange(min=1),
                help=f"How many rows at most.  [default: {listing.limit}; in JSON all]",
            ),
            *(chosen.option() for chosen in listing.filters),
            selecting.since_option(),
            click.Option(["--sort"], default="", metavar="FIELD", help="Largest first by this field of the JSON."),
            click.Option(["--ascending"], is_flag=True, help="Smallest, or oldest, first."),
            _store_option(),
        ],
    )


show = click.Group(
    "show",
    callback=_show_everything,
    invoke_without_command=True,
    help="Show what was recorded: all at a glance, or one kind.",
    epilog=_EPILOG,
    params=[_json_option("Print one object with a list for each kind of record, for programs."), _store_option()],
    commands=[_command(listing) for listing in LISTINGS],
)
