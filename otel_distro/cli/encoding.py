"""Output that an old terminal can show: what its encoding lacks is replaced by something that looks like it."""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper
from typing import Final

ERROR_HANDLER: Final = "otel_distro.approximate"

# Each character is replaced by exactly one, so that columns stay aligned.
_LOOKS_LIKE: Final = str.maketrans(
    "▁▂▃▄▅▆▇█…µ·●○✓✗↓↑→─│├└",
    "_.,-=+*#~u*oo+xv^>-|+`",
)
_OTHER: Final = "?"


def approximate(error: UnicodeError) -> tuple[str, int]:
    """Replaces what cannot be encoded: an error handler as :func:`codecs.register_error` takes it.

    Args:
        error: What an encoder met.

    Returns:
        What to write instead, and where to go on.

    Raises:
        UnicodeError: It came from a decoder; there is nothing to approximate.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    similar = error.object[error.start : error.end].translate(_LOOKS_LIKE)
    return "".join(char if char.isascii() else _OTHER for char in similar), error.end


def make_printable() -> None:
    """Lets standard output and standard error take any text, whatever their encoding."""
    codecs.register_error(ERROR_HANDLER, approximate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ERROR_HANDLER)
