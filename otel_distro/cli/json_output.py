"""Strict JSON on standard output, a record a line, in constant memory.

Numbers that JSON lacks are written as the strings ``NaN``, ``Infinity`` and ``-Infinity``; the text is UTF-8 whatever
the terminal's encoding is (RFC 8259, section 8.1), a lone surrogate is written as its escape.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any


def encode(value: Any) -> bytes:
    """Writes one value as strict JSON in one line.

    Args:
        value: What a reader returned; whatever JSON lacks is written as a string.

    Returns:
        UTF-8 bytes without a line end.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # the fast way refuses numbers that are not finite, and bytes
        text = json.dumps(_strict(value), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_strict(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def write_list(stream: IO[bytes], records: Iterable[Any]) -> None:
    """Writes records as one JSON list, each as soon as it is read.

    Args:
        stream: Where to write.
        records: The records; the first is read before anything is written, so that a refused question leaves no
            half of an answer.
    """
    stream.writelines(_list(iter(records)))
    stream.write(b"\n")
    stream.flush()


def write_lists(stream: IO[bytes], lists: Mapping[str, Iterable[Any]]) -> None:
    """Writes several lists of records as one JSON object, each record as soon as it is read.

    Args:
        stream: Where to write.
        lists: The object's keys, and the records of each.
    """
    separator = b"{\n"
    for name, records in lists.items():
        stream.write(separator + encode(name) + b": ")
        stream.writelines(_list(iter(records)))
        separator = b",\n"
    stream.write(b"\n}\n" if lists else b"{}\n")
    stream.flush()


def _list(records: Iterator[Any]) -> Iterator[bytes]:
    try:
        first = next(records)
    except StopIteration:
        yield b"[]"
        return
    yield b"[\n" + encode(first)
    for record in records:
        yield b",\n" + encode(record)
    yield b"\n]"
