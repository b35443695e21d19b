"""Reads typed values out of an event's attributes. Whoever wrote them, a value of another type never raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LISTS", "below", "integer", "number", "text", "texts", "to_number", "within_int64"]

INT64_MAX: Final = 2**63 - 1
LISTS: Final = (list, tuple)
_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def text(attributes: Mapping[str, Any], key: str) -> str | None:
    """Returns a text; other values as Python prints them; ``None`` where there is none."""
    value = attributes.get(key)
    return value if value is None or isinstance(value, str) else str(value)


def texts(attributes: Mapping[str, Any], key: str) -> list[str] | None:
    """Returns a list of texts; a single text as a list of one; ``None`` where there is none."""
    value = attributes.get(key)
    if value is None:
        return None
    return [str(item) for item in value] if isinstance(value, LISTS) else [str(value)]


def integer(attributes: Mapping[str, Any], key: str) -> int | None:
    """Returns an integer; ``None`` where there is none."""
    value = attributes.get(key)
    return within_int64(value) if isinstance(value, int) else None


def number(attributes: Mapping[str, Any], key: str) -> float | None:
    """Returns a number; ``None`` where there is none."""
    return to_number(attributes.get(key))


def to_number(value: Any) -> float | None:
    """Returns a value as a number, NaN and infinities by their names too; ``None`` if it is none."""
    if isinstance(value, (int, float)):
        return float(value)
    return _NOT_FINITE.get(value) if isinstance(value, str) else None


def below(attributes: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Returns the attributes of a template (``algo.run.metadata.<key>``) by key."""
    start = prefix + "."
    return {name[len(start) :]: value for name, value in attributes.items() if name.startswith(start)}


def within_int64(value: int) -> int:
    """Returns an integer as SQLite can hold it: OTLP's unsigned ones reach further."""
    return min(value, INT64_MAX)
