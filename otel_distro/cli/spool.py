"""``otel-distro spool``: what waits on this host, and delivering it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from otel_distro.cli.json_output import write_list
from otel_distro.cli.surroundings import surroundings

if TYPE_CHECKING:
    from otel_distro.forwarder.ledger import Balance
    from otel_distro.forwarder.maintenance import Progress, Spools

_F = TypeVar("_F", bound=Callable[..., Any])

_HELP = """See and deliver what waits for its destinations.

What programs recorded lies in a spool until every destination has it. Covers every service of this host whose
destinations the environment names, as a program's own environment would (OTEL_DISTRO_DESTINATIONS and the
destinations' variables).
"""


@click.group("spool", help=_HELP)
def spool() -> None:
    """Groups the commands."""


def _which(command: _F) -> _F:
    """Adds the options that say which spools a command covers."""
    for option in (
        click.option("--all", "all_of_host", is_flag=True, help="Every spool of this host, whatever its destinations."),
        click.option("--service", metavar="NAME", help="Only the spool of this service."),
    ):
        command = option(command)
    return command


@spool.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, an object a destination.")
@_which
@click.pass_context
def status(context: click.Context, *, as_json: bool, service: str | None, all_of_host: bool) -> None:
    """Print where each destination stands: accepted, delivered, queued, parked, lost."""
    balances = _spools(context, service, all_of_host=all_of_host).balances()
    if as_json:
        write_list(sys.stdout.buffer, [_as_json(balance) for balance in balances.values()])
    elif balances:
        _print_table(balances.values())
    else:
        click.echo("no spool on this host holds anything for these destinations")


@spool.command()
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to try at most.",
)
@_which
@click.pass_context
def drain(context: click.Context, *, timeout: float, service: str | None, all_of_host: bool) -> None:
    """Deliver what waits; exit with 1 if something is left."""
    spools = _spools(context, service, all_of_host=all_of_host)
    with _progress() as show:
        balances = spools.drain(timeout, show)
    for balance in balances.values():
        if balance.parked:
            click.echo(f"{balance.name}: {balance.parked} parked", err=True)
        if balance.queued:
            click.echo(f"{balance.name}: {balance.queued} still wait", err=True)
    context.exit(any(balance.queued for balance in balances.values()))


def _spools(context: click.Context, service: str | None, *, all_of_host: bool) -> Spools:
    # Imported here: --help and completion need none of it.
    from otel_distro.forwarder.maintenance import Spools  # noqa: PLC0415

    try:
        return Spools.offered_by(
            surroundings(context).environ,
            lambda line: click.echo(line, err=True),
            service=service,
            all_of_host=all_of_host,
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _as_json(balance: Balance) -> dict[str, Any]:
    return {
        "name": balance.name,
        "accepted": balance.accepted,
        "delivered": balance.delivered,
        "queued": balance.queued,
        "parked": balance.parked,
        "lost": balance.lost,
    }


def _print_table(balances: Collection[Balance]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a table needs it
    from rich.table import Table  # noqa: PLC0415

    table = Table("destination", box=None, header_style="bold", pad_edge=False)
    for column in ("accepted", "delivered", "queued", "parked", "lost"):
        table.add_column(column, justify="right")
    for one in balances:
        lost = ", ".join(f"{count} {reason}" for reason, count in one.lost.items()) or "0"
        table.add_row(one.name, *map(str, (one.accepted, one.delivered, one.queued, one.parked)), lost)
    Console().print(table)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Shows a progress bar of the records delivered; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("delivering", total=None)

        def show(balances: Mapping[str, Balance]) -> None:
            accepted = sum(balance.accepted for balance in balances.values())
            queued = sum(balance.queued for balance in balances.values())
            progress.update(task, total=accepted, completed=accepted - queued)

        yield show
