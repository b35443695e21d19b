"""Text as UTF-8, whatever was handed in where text belongs.

The rules stand in the table of ``values``: half of a surrogate pair becomes U+FFFD, an object its ``str()``.
"""

from __future__ import annotations

from otel_distro.otlp.mending import OBJECT, SURROGATE, UNPRINTABLE, note
from otel_distro.otlp.wire import Heads

__all__ = ["printed", "text", "text_field", "without_surrogates"]


def text(value: object) -> bytes:
    """Returns text as UTF-8; no text at all for ``None``, ``str()`` for any other object. Never raises."""
    if type(value) is str:
        try:
            return value.encode()
        except UnicodeEncodeError:
            return without_surrogates(value)
    if value is None:
        return b""
    if isinstance(value, str):
        return text(str.__str__(value))
    return text(printed(value, OBJECT))


def without_surrogates(value: str) -> bytes:
    """Joins surrogate pairs to the characters that they mean and puts U+FFFD in place of single halves."""
    note(SURROGATE)
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def printed(value: object, reason: str = "") -> str:
    """Returns ``str()`` of an object, counted by a reason if one is given, or its type's name where that raises."""
    try:
        as_text = str.__str__(str(value))
    except Exception:
        note(UNPRINTABLE)
        return f"<unprintable {type(value).__name__}>"
    if reason:
        note(reason)
    return as_text


def text_field(parts: list[bytes], heads: Heads, value: object) -> None:
    """Appends a field of text; nothing where there is none."""
    data = text(value)
    if data:
        parts += (heads[len(data)], data)
