"""Every environment variable of the distribution itself: name, type, default, unit and what it does.

``docs/reference/configuration.md`` is generated from this list. Variables of OpenTelemetry (``OTEL_SERVICE_NAME``,
``OTEL_TRACES_SAMPLER``, ...) keep their meaning and are not repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        name: As it stands in the environment.
        type: ``path``, ``integer``, ``number``, ``boolean``, ``list`` or the choices, separated by ``|``.
        default: What holds when it is unset or empty, in words or as a literal.
        unit: Of its value; empty where it has none.
        description: One or two sentences.
    """

    name: str
    type: str
    default: str
    unit: str
    description: str


DESTINATIONS: Final = "OTEL_DISTRO_DESTINATIONS"
SPOOL_DIR: Final = "OTEL_DISTRO_SPOOL_DIR"
LOCAL_STORE: Final = "OTEL_DISTRO_LOCAL_STORE"
LOCAL_MAX_BYTES: Final = "OTEL_DISTRO_LOCAL_MAX_BYTES"
LOCAL_MAX_AGE_DAYS: Final = "OTEL_DISTRO_LOCAL_MAX_AGE_DAYS"
FORWARDER: Final = "OTEL_DISTRO_FORWARDER"
EXIT_TIMEOUT_SECONDS: Final = "OTEL_DISTRO_EXIT_TIMEOUT_SECONDS"
QUIET: Final = "OTEL_DISTRO_QUIET"

VARIABLES: Final = (
    Variable(
        DESTINATIONS,
        "list",
        "local",
        "",
        "Where everything goes, for all three signals at once: names of destinations, separated by commas.",
    ),
    Variable(
        SPOOL_DIR,
        "path",
        "otel-distro/spool below XDG_STATE_HOME or ~/.local/state",
        "",
        "Where records lie until every destination has them. Never a shared temporary directory.",
    ),
    Variable(
        LOCAL_STORE,
        "path",
        "otel-distro/local.db below XDG_STATE_HOME or ~/.local/state",
        "",
        "The SQLite file of the destination local, which otel-distro show reads.",
    ),
    Variable(
        LOCAL_MAX_BYTES,
        "integer",
        "1073741824",
        "bytes",
        "How large the local store may grow, artifacts included, before the oldest and least precious rows go.",
    ),
    Variable(
        LOCAL_MAX_AGE_DAYS,
        "number",
        "30",
        "days",
        "How old rows of the local store may grow.",
    ),
    Variable(
        FORWARDER,
        "thread|none",
        "thread",
        "",
        "Who forwards: a thread of one process of the service, or nobody (otel-distro spool drain does it later).",
    ),
    Variable(
        EXIT_TIMEOUT_SECONDS,
        "number",
        "2",
        "seconds",
        "How long the program waits at its exit for what still has to be delivered. The rest is safe on disk.",
    ),
    Variable(
        QUIET,
        "boolean",
        "false",
        "",
        "Silences the start line, warnings and the exit summary on stderr.",
    ),
)
