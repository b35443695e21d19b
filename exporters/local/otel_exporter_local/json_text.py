"""Strict JSON text (RFC 8259) of what OTLP can carry: bytes as base64, numbers that are not finite as strings."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from typing import Any, Final

__all__ = ["dumps", "loads"]


def dumps(value: Any) -> str:
    """Returns the JSON text of a value made of what OTLP's AnyValue can hold."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_finite(value))


def loads(text: str | None) -> Any:
    """Returns the value of a JSON text; ``None`` for none."""
    return None if text is None else json.loads(text)


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no value of OTLP")


def _finite(value: Any) -> Any:
    """Replaces the numbers that JSON lacks by the names that the rest of the distribution prints for them."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_base64)
