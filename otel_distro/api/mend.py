"""What a caller passes, turned into what an event can carry. Pure functions; none of them raises.

An event's *body* needs little of this: the encoder takes any object. Its *attributes* (tags, metadata, names) pass
through the SDK first, which drops or garbles what OpenTelemetry has no type for, so they are mended here.
"""

from __future__ import annotations

import datetime as dt
import re
import reprlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from itertools import islice
from os import PathLike, fsdecode
from typing import Any, Final

__all__ = [
    "attribute",
    "attributes",
    "instrument_name",
    "listed",
    "mapping",
    "number",
    "numbers",
    "prefixed",
    "strings",
    "text",
    "time_unix_nano",
    "unit",
]

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_DEEPEST: Final = 16  # levels of one attribute
_MOST_VALUES: Final = 10_000  # values inside one attribute, so that shared branches cannot multiply without end
_MOST_LISTED: Final = 1_000  # tags, labels or files of one call, so that an endless generator has an end
_CYCLE: Final = "<cycle>"
_TOO_MUCH: Final = "<left out>"

# https://opentelemetry.io/docs/specs/otel/metrics/api/#instrument-name-syntax
_NOT_IN_INSTRUMENT_NAME: Final = re.compile(r"[^A-Za-z0-9_./-]")
_LONGEST_INSTRUMENT_NAME: Final = 255
_LONGEST_UNIT: Final = 63


# --- texts -----------------------------------------------------------------------------------------------------------


def text(given: object) -> str:
    """Returns any object as a text that can be encoded as UTF-8, whatever its ``__str__`` does."""
    if isinstance(given, str):
        found = str.__str__(given)  # the plain text of an enumeration member or a numpy string
    elif isinstance(given, bytes | bytearray):
        found = bytes(given).decode("utf-8", "replace")
    elif isinstance(given, list | tuple | dict | set | frozenset):
        found = _outline.repr(given)
    else:
        found = _own_text(given)
    if found.isascii():
        return found
    return found.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"


_outline: Final = reprlib.Repr()  # where a text is wanted, a list or a map is a mistake: enough of it to see that


def _own_text(given: object) -> str:
    try:
        return str(given)
    except Exception:
        return f"<{type(given).__name__}>"


def strings(given: object) -> list[str]:
    """Returns tags or labels as a list of texts; a single text is a list of one, ``None`` an empty one."""
    return [text(item) for item in listed(given)]


def listed(given: object) -> list[Any]:
    """Returns what a caller may give one or many of as a list: texts, paths and maps are one, ``None`` is none."""
    if given is None:
        return []
    if isinstance(given, str | bytes | PathLike | Mapping) or not isinstance(given, Iterable):
        return [given]
    found: list[Any] = []
    try:
        found.extend(islice(given, _MOST_LISTED))
    except Exception:  # an iterator of the caller's that fails on its way: what it gave before counts
        return found
    return found


# --- maps and attributes ---------------------------------------------------------------------------------------------


def mapping(given: object) -> dict[str, Any]:
    """Returns a map with texts as keys, its values as they are; anything but a map as ``{"value": given}``."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        return {"value": given}
    try:
        copy = dict(given)  # one step for a dict: another thread may be writing to it
    except Exception:
        return {"value": text(given)}
    if all(type(key) is str for key in copy):
        return copy
    return {text(key): value for key, value in copy.items()}


def attributes(given: object) -> dict[str, Any]:
    """Returns a map whose values can be attributes of a metric, a span or an event; an empty key becomes ``_``."""
    return {key or "_": attribute(value) for key, value in mapping(given).items()}


def prefixed(template: str, given: object) -> dict[str, Any]:
    """Returns a map as attributes below a template, such as ``algo.run.metadata.<key>``."""
    return {f"{template}.{key}": value for key, value in attributes(given).items()}


def attribute(given: object) -> Any:
    """Returns a value that OpenTelemetry has a type for: text, number, boolean, bytes, ``None``, list or map of these.

    Times become ISO 8601, enumeration members their value, numpy's scalars and arrays numbers and lists, sets lists
    and everything else its text. What is nested too deeply, too large or contains itself is cut there.
    """
    return _Attribute().mended(given, ())


class _Attribute:
    """The mending of one value, with what is left of its allowance."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def mended(self, given: object, above: tuple[int, ...]) -> Any:
        self._left -= 1
        if given is None or isinstance(given, bool | float | bytes):
            return _plain(given)
        if isinstance(given, Enum):
            return self.mended(given.value, above)
        if isinstance(given, str):
            return text(given)
        if isinstance(given, int):
            return int(given) if _INT64_MIN <= given <= _INT64_MAX else text(given)
        return self._nested(given, above)

    def _nested(self, given: Any, above: tuple[int, ...]) -> Any:
        if id(given) in above:
            return _CYCLE
        if self._left <= 0 or len(above) >= _DEEPEST:
            return _TOO_MUCH
        try:
            return self._opened(given, (*above, id(given)))
        except Exception:  # an object of the caller's that fails when it is looked into
            return text(given)

    def _opened(self, given: Any, above: tuple[int, ...]) -> Any:
        if isinstance(given, Mapping):
            pairs = islice(dict(given).items(), self._left)
            return {text(key) or "_": self.mended(value, above) for key, value in pairs}
        if isinstance(given, list | tuple | AbstractSet):
            return [self.mended(item, above) for item in islice(given, self._left)]
        if isinstance(given, dt.date | dt.time):
            return given.isoformat()
        if isinstance(given, PathLike):
            return text(fsdecode(given))
        if _is_array(given):
            return self.mended(given.tolist(), above) if given.size <= self._left else _TOO_MUCH
        return text(given)


def _plain(given: bool | float | bytes | None) -> bool | float | bytes | None:
    """Takes a number out of a subclass such as numpy's float64, which would print as ``np.float64(1.0)``."""
    return float(given) if isinstance(given, float) else given


def _is_array(given: object) -> bool:
    """Tells numpy's arrays and scalars, and what looks like them, without importing numpy."""
    return hasattr(given, "tolist") and isinstance(getattr(given, "size", None), int)


# --- numbers ---------------------------------------------------------------------------------------------------------


def number(given: object) -> float | int | bool | None:
    """Returns a number of OpenTelemetry's range, not finite ones included, or ``None`` for what is none.

    Scalars of numpy, PyTorch and the like are asked for their ``item()``, others such as ``Decimal`` for their float.
    A text is no number, even where it looks like one.
    """
    if isinstance(given, str | bytes | bytearray):
        return None
    try:
        if hasattr(given, "item"):
            given = given.item()
        return _in_range(given)
    except Exception:
        return None


def _in_range(given: Any) -> float | int | bool | None:
    if isinstance(given, bool):
        return given
    if isinstance(given, int):
        return int(given) if _INT64_MIN <= given <= _INT64_MAX else float(given)
    return float(given) if hasattr(given, "__float__") else None


def numbers(given: Mapping[Any, Any]) -> tuple[dict[str, float | int | bool], list[str]]:
    """Parts what can be a metric from what cannot.

    Args:
        given: Metric names with their values.

    Returns:
        A copy with the numbers, and the names of what was left out; of what is no map, its type.
    """
    try:
        copy = dict(given)  # one step for a dict: another thread may be writing to it
    except Exception:
        return {}, [f"<{type(given).__name__}>"]
    for name, value in copy.items():
        kind = type(value)
        if type(name) is not str or (
            kind is not float and (kind is not int or not _INT64_MIN <= value <= _INT64_MAX) and kind is not bool
        ):
            return _parted(copy)
    return copy, []


def _parted(given: Mapping[Any, Any]) -> tuple[dict[str, float | int | bool], list[str]]:
    kept: dict[str, float | int | bool] = {}
    left_out: list[str] = []
    for name, value in given.items():
        found = number(value)
        if found is None:
            left_out.append(text(name))
        else:
            kept[text(name)] = found
    return kept, left_out


def time_unix_nano(given: object) -> int | None:
    """Returns a moment in nanoseconds since the epoch, or ``None`` for what is none or lies outside OTLP's range.

    A ``datetime`` is taken too; one without a zone is local time, as everywhere in Python.
    """
    if isinstance(given, dt.datetime):
        given = _datetime_nano(given)
    found = number(given)
    if found is None or isinstance(found, bool) or not 0 <= found <= _INT64_MAX:
        return None
    return int(found)


def _datetime_nano(given: dt.datetime) -> int | None:
    """Counts in whole microseconds: as a float, a present-day time is off by up to 0.2 microseconds."""
    try:
        since = given.astimezone(dt.timezone.utc) - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    except Exception:  # year 1 or 9999 in a zone that leads out of the calendar
        return None
    return since // dt.timedelta(microseconds=1) * 1_000


# --- instruments -----------------------------------------------------------------------------------------------------


def instrument_name(given: object) -> str:
    """Returns a name that OpenTelemetry takes for an instrument: a letter, then letters, digits and ``_ . - /``.

    Every other character becomes ``_``; a name that begins with something else gets an ``m_`` in front, and what is
    longer than 255 characters is cut.
    """
    found = _NOT_IN_INSTRUMENT_NAME.sub("_", text(given))
    if not found[:1].isalpha():
        found = f"m_{found}"
    return found[:_LONGEST_INSTRUMENT_NAME]


def unit(given: object) -> str:
    """Returns a unit that OpenTelemetry takes: ASCII, at most 63 characters."""
    return text(given).encode("ascii", "replace").decode("ascii")[:_LONGEST_UNIT]
