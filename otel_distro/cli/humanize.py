"""Times, durations, numbers and values in a few characters, for people.

Pure functions: the present is handed in. Nothing here knows about the terminal; characters that a terminal's encoding
lacks are replaced when they are written (:mod:`otel_distro.cli.encoding`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

SPARKS: Final = "▁▂▃▄▅▆▇█"
NOT_FINITE: Final = "!"
UNKNOWN: Final = "-"

_NANOSECONDS: Final = 1_000_000_000
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY

# Characters that would move the cursor, ring, or start an escape sequence: a recorded text may hold any of them.
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\N{REPLACEMENT CHARACTER}") | {
    ord("\t"): " ",
    ord("\n"): " ",
    ord("\r"): None,
    0x2028: " ",
    0x2029: " ",
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A))),  # these turn the direction of what follows
}
_ITEMS_SHOWN: Final = 3
_NESTING_SHOWN: Final = 3


def ago(time_unix_nano: int | None, now_unix_nano: int) -> str:
    """Says how long ago something was; the local date and time where that is clearer.

    Args:
        time_unix_nano: When it was, in nanoseconds since the epoch; ``None`` if unknown.
        now_unix_nano: The present.
    """
    if time_unix_nano is None:
        return UNKNOWN
    seconds = (now_unix_nano - time_unix_nano) / _NANOSECONDS
    if not -1 < seconds < _WEEK:
        return local_time(time_unix_nano)
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"


def local_time(time_unix_nano: int) -> str:
    """Writes a time as ``2026-01-31 14:05``, in the time zone of whoever reads it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_unix_nano // _NANOSECONDS))
    except (OverflowError, ValueError, OSError):  # a recorded time may be any number
        return f"{time_unix_nano} ns"


def clock_time(time_unix_nano: int) -> str:
    """Writes a time as ``14:05:59``, in the time zone of whoever reads it."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(time_unix_nano // _NANOSECONDS))
    except (OverflowError, ValueError, OSError):
        return f"{time_unix_nano} ns"


def duration(seconds: float | None) -> str:
    """Writes a duration with the two units that matter: ``850 µs``, ``2.31 s``, ``4 min 5 s``, ``2 h 10 min``."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    return _long_duration(round(seconds))


def _long_duration(seconds: int) -> str:
    for unit, name, smaller, smaller_name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name} {seconds % unit // smaller} {smaller_name}"
    return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"


def size(size_bytes: int | None) -> str:
    """Writes a size with a binary unit: ``812 B``, ``4.2 KiB``."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < 1024:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 999.5:
            return f"{value:.3g} {unit}"
    return f"{value / 1024:,.1f} TiB"


def number(value: float | None) -> str:
    """Writes a number with four significant digits; whole numbers whole, what is not finite by its name in JSON."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")  # noqa: PLR0124 - NaN's own test
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def count(amount: int, noun: str) -> str:
    """Writes an amount and its noun: ``1 run``, ``1,200 runs``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def one_line(text: str) -> str:
    """Returns a text that cannot leave its line nor command the terminal: control characters are replaced."""
    return text.translate(_CONTROLS)


def shorten(text: str, width: int) -> str:
    """Cuts a text to a width in characters, with an ellipsis where something is missing."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"


def brief(value: Any, width: int = 200) -> str:
    """Writes any recorded value in one line: ``digit=3 confidence=0.98 pixels=[0, 0, 5, … 61 more]``.

    Args:
        value: What was recorded: a map is written by its keys, anything else by itself.
        width: How long the line may become, in characters.
    """
    if isinstance(value, Mapping):
        text = " ".join(f"{key}={_nested(value[key], 1, width)}" for key in islice(value, width))
    else:
        text = _nested(value, 1, width)
    return shorten(one_line(text), width)


def _nested(value: Any, level: int, width: int) -> str:
    """Writes a value inside another; the work is bounded by ``width`` and the depth, not by the value."""
    if isinstance(value, (str, bytes, bytearray)):
        return str(value[: width + 1])
    if isinstance(value, (Mapping, Sequence)):
        return _container(value, level, width)
    if isinstance(value, float):
        return number(value)
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else shorten(str(value), width)


def _container(value: Mapping[Any, Any] | Sequence[Any], level: int, width: int) -> str:
    if level > _NESTING_SHOWN:
        return "…"
    more = [f"… {len(value) - _ITEMS_SHOWN} more"] if len(value) > _ITEMS_SHOWN else []
    if isinstance(value, Mapping):
        shown = [f"{key}={_nested(value[key], level + 1, width)}" for key in islice(value, _ITEMS_SHOWN)]
        return f"{{{', '.join(shown + more)}}}"
    return f"[{', '.join([_nested(item, level + 1, width) for item in value[:_ITEMS_SHOWN]] + more)}]"


def sparkline(values: Iterable[float]) -> str:
    """Draws values as a curve of block characters, lowest to highest; ``!`` where one is not finite."""
    values = list(values)
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_spark(value, low, high) for value in values)


def _spark(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NOT_FINITE
    if high == low:
        return SPARKS[len(SPARKS) // 2 - 1]
    # Halved first: the difference of two large values of opposite sign may not be finite.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return SPARKS[min(len(SPARKS) - 1, int(share * len(SPARKS)))]
