"""Writes the pages of ``docs/reference/`` that the code itself answers: variables, commands, fields of ``--json``.

``make docs`` runs it; a test holds the pages to what it would write.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from otel_distro.cli.main import main
from otel_distro.environment_variables import VARIABLES, Variable
from otel_distro.query import records

REFERENCE: Final = Path(__file__).parents[1] / "docs" / "reference"
NOTE: Final = "<!-- Written by `make docs`; edit the code it is taken from, not this page. -->\n"
WIDTH: Final = 100

# What `otel-distro show` lists, and the record that each of its rows is.
LISTINGS: Final[Mapping[str, Any]] = {
    "runs": records.Run,
    "arcs": records.Arc,
    "annotations": records.Annotation,
    "incidents": records.Incident,
    "alerts": records.Alert,
    "artifacts": records.Artifact,
    "metrics": records.Metric,
    "traces": records.Span,
}
JSON_TYPES: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    Any: "any",
    types.NoneType: "null",
    records.RunMetric: "[metric of a run](#metric-of-a-run)",
}


def configuration() -> str:
    """Returns the page of environment variables, one section a variable."""
    head = (
        f"# Environment variables\n\n{NOTE}\n"
        "The distribution is configured by the environment. A variable that is empty is unset. OpenTelemetry's own\n"
        "variables (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`, ...) keep their meaning and are\n"
        "[documented there](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).\n"
    )
    return head + "".join(_variable(variable) for variable in VARIABLES)


def _variable(variable: Variable) -> str:
    unit = f", in {variable.unit}" if variable.unit else ""
    kind = " or ".join(f"`{choice}`" for choice in variable.type.split("|")) if "|" in variable.type else variable.type
    return f"\n## {variable.name}\n\n{variable.description}\n\n- Value: {kind}{unit}\n- Default: {variable.default}\n"


def command_line() -> str:
    """Returns the page of commands: the help of each."""
    sections = "".join(f"\n## {path}\n\n```text\n{text}\n```\n" for path, text in _helps(main, None, "otel-distro"))
    return f"# Command line\n\n{NOTE}{sections}"


def _helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": WIDTH, "color": False}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            if child is not None and not child.hidden:
                yield from _helps(child, context, child_name)


def show_json() -> str:
    """Returns the page of fields that ``otel-distro show WHAT --json`` prints."""
    head = (
        f"# Fields of `show --json`\n\n{NOTE}\n"
        "`otel-distro show WHAT --json` prints a list of objects. These field names are stable. Times end in\n"
        "`_unix_nano`: nanoseconds since 1970 in UTC. Durations end in `_seconds`. What is not known is `null`.\n"
    )
    listings = "".join(_record(name, record) for name, record in LISTINGS.items())
    return head + listings + _record("Metric of a run", records.RunMetric)


def _record(title: str, record: Any) -> str:
    about = " ".join(str(record.__doc__).split())
    fields = "".join(f"| `{name}` | {_json_type(hint)} |\n" for name, hint in typing.get_type_hints(record).items())
    return f"\n## {title}\n\n{about}\n\n| field | type |\n|---|---|\n{fields}"


def _json_type(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_json_type(argument) for argument in arguments)
    if origin is list:
        return f"list of {_json_type(arguments[0])}"
    if origin is dict:
        return f"object of {_json_type(arguments[1])}"
    return JSON_TYPES[hint]


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "configuration.md": configuration,
    "command-line.md": command_line,
    "show-json.md": show_json,
}

if __name__ == "__main__":
    for file_name, render in PAGES.items():
        (REFERENCE / file_name).write_text(render(), encoding="utf-8")
        print(f"docs/reference/{file_name}")
