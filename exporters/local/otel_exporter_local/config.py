"""The destination's settings, read from the environment that it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from otel_distro.forwarder.destination import DestinationConfig
from otel_distro.query.schema import store_path

__all__ = ["LocalConfig"]

T = TypeVar("T", int, float)

_DEFAULT_MAX_BYTES: Final = 1024**3
_DEFAULT_MAX_AGE_DAYS: Final = 30.0
_LEAST_BYTES: Final = 1024**2  # below, the empty tables alone come near the bound


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """Settings of one local store.

    Attributes:
        path: The file, absolute.
        max_bytes: How large file and artifacts may grow together.
        max_age_days: How old rows may grow, in days; infinity for no bound.
    """

    path: Path
    max_bytes: int
    max_age_days: float

    @classmethod
    def read(cls, config: DestinationConfig) -> LocalConfig:
        """Reads ``OTEL_DISTRO_LOCAL_*``; of a named destination ``OTEL_DISTRO_DESTINATION_<NAME>_*`` before them.

        Raises:
            ValueError: A value cannot be; the message names the variable and the cure.
        """
        name = config.name if config.name != config.kind else ""
        environ = config.environ
        return cls(
            path=store_path(environ, name),
            max_bytes=_number(environ, name, "MAX_BYTES", int, _DEFAULT_MAX_BYTES, _LEAST_BYTES),
            max_age_days=_number(environ, name, "MAX_AGE_DAYS", float, _DEFAULT_MAX_AGE_DAYS, 0.0),
        )


def _number(environ: Mapping[str, str], name: str, option: str, parse: Callable[[str], T], default: T, least: T) -> T:
    """Returns the first of the option's variables that is set; an empty one counts as unset."""
    for variable in (f"OTEL_DISTRO_DESTINATION_{name.upper()}_{option}" if name else "", f"OTEL_DISTRO_LOCAL_{option}"):
        text = environ.get(variable, "").strip()
        if text:
            return _checked(variable, text, parse, least)
    return default


def _checked(variable: str, text: str, parse: Callable[[str], T], least: T) -> T:
    expected = "a whole number" if parse is int else "a number"
    try:
        value = parse(text)
    except ValueError:
        value = least - 1
    if value < least or math.isnan(value):
        raise ValueError(f"{variable}={text} is not {expected} of at least {least}: correct it, or unset it")
    return value
