"""What the distribution is told: frozen, parsed once from an environment that is handed in.

An empty variable is an unset one. What cannot work is a ``ValueError`` that names variable, problem and cure.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from otel_distro import environment_variables as env

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True, slots=True)
class DestinationName:
    """One entry of ``OTEL_DISTRO_DESTINATIONS``.

    Attributes:
        kind: The plugin's name.
        name: What the user calls it; the kind itself unless it was named.
    """

    kind: str
    name: str


LOCAL: Final = DestinationName("local", "local")


@dataclass(frozen=True, slots=True)
class Config:
    """The distribution's own settings.

    Attributes:
        service: The service whose records these are.
        destinations: Where they go.
        spool: The root of the spool.
        forwards: Whether this process may forward.
        exit_timeout_seconds: How long the exit waits at most.
        quiet: Whether nothing is said on stderr.
        disabled: Whether nothing is recorded at all (``OTEL_SDK_DISABLED``).
    """

    service: str
    destinations: Sequence[DestinationName]
    spool: Path
    forwards: bool
    exit_timeout_seconds: float
    quiet: bool
    disabled: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Config:
        """Reads the settings.

        Raises:
            ValueError: A variable cannot work.
        """
        return cls(
            service=service_name(environ),
            destinations=_destinations(environ),
            spool=_spool(environ),
            forwards=_choice(environ, env.FORWARDER, ("thread", "none")) == "thread",
            exit_timeout_seconds=_seconds(environ, env.EXIT_TIMEOUT_SECONDS, 2.0),
            quiet=boolean(environ, env.QUIET),
            disabled=environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
        )


def state_home(environ: Mapping[str, str]) -> Path:
    """Returns where state that outlives the program lies, by the XDG base directory specification."""
    chosen = environ.get("XDG_STATE_HOME", "")
    # A relative path is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    home = Path(chosen) if Path(chosen).is_absolute() else Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return home / "otel-distro"


def service_name(environ: Mapping[str, str]) -> str:
    """Returns the service's name: as it is set, else after the main script, never after the interpreter."""
    if named := environ.get("OTEL_SERVICE_NAME", "").strip():
        return named
    for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, _, value = pair.partition("=")
        if key.strip() == "service.name" and value.strip():
            return unquote(value.strip())
    return _main_script(sys.orig_argv[1:])


def boolean(environ: Mapping[str, str], name: str) -> bool:
    """Reads a boolean variable; unset is false.

    Raises:
        ValueError: It is neither true nor false.
    """
    value = environ.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value and value not in _FALSE:
        raise ValueError(f"{name}={value!r} is neither true nor false; set it to true or false, or unset it")
    return False


def _main_script(arguments: Sequence[str]) -> str:
    """Returns the name of the script or module in the interpreter's own arguments (before it took any away)."""
    with_value = {"-X", "-W", "--check-hash-based-pycs"}
    rest = iter(arguments)
    for argument in rest:
        if argument in with_value:
            next(rest, None)
        elif argument == "-m":
            return next(rest, "python").partition(".")[0] or "python"
        elif argument.startswith("-c"):
            return "command"
        elif not argument.startswith("-"):
            return Path(argument).stem or "python"
    return "interactive"


def _destinations(environ: Mapping[str, str]) -> Sequence[DestinationName]:
    entries = [entry.strip() for entry in environ.get(env.DESTINATIONS, "").split(",") if entry.strip()]
    chosen = [_destination(entry) for entry in entries] or [LOCAL]
    names = [destination.name for destination in chosen]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{env.DESTINATIONS} has {name!r} twice; name one of them, as in simvue:lab")
    return chosen


def _destination(entry: str) -> DestinationName:
    kind, colon, name = entry.partition(":")
    if not kind or (colon and not name) or not set(kind + name) <= _NAME_CHARACTERS:
        raise ValueError(
            f"{env.DESTINATIONS} has {entry!r}, which is no destination; write kind or kind:name, of a-z, 0-9 and _"
        )
    return DestinationName(kind, name or kind)


def _spool(environ: Mapping[str, str]) -> Path:
    chosen = environ.get(env.SPOOL_DIR, "")
    return Path(chosen).absolute() if chosen else state_home(environ) / "spool"


def _choice(environ: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    value = environ.get(name, "").strip().lower() or choices[0]
    if value not in choices:
        raise ValueError(f"{name}={value!r} is unknown; set it to one of {', '.join(choices)}")
    return value


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    value = environ.get(name, "").strip()
    try:
        seconds = float(value) if value else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{name}={value!r} is no number of seconds; set it to one, such as {default:g}")
    return seconds
