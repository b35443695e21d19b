"""The command ``otel-distro``: its sub-commands, each loaded when it is called.

Starting is quick because nothing is imported before it is needed: click here, rich when a table is drawn, and the
OpenTelemetry SDK never.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from otel_distro.cli.encoding import make_printable
from otel_distro.cli.surroundings import real_surroundings

# A command is one line here: its name, and where it is.
COMMANDS: Final = {
    "show": "otel_distro.cli.show:show",
    "spool": "otel_distro.cli.spool:spool",
    "completion": "otel_distro.cli.completion:completion",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are called, or listed by ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names, in the order of help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, or ``None`` where there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


_HELP: Final = """See what programs recorded: runs, ARCs, annotations, incidents, alerts, artifacts, metrics, traces.

\b
A program records with:  from otel_distro import configure, run
or without a change:     opentelemetry-instrument python program.py
"""


@click.group("otel-distro", cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="otel-distro", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Runs the command line."""
    make_printable()
    if context.obj is None:
        context.obj = real_surroundings()


if __name__ == "__main__":
    main()
