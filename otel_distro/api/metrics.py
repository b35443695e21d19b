"""Instruments: counter, gauge, histogram, summary, meter.

Plain OpenTelemetry instruments for now: a summary stands on a histogram, a meter on a counter, from which whoever
reads it takes the rate. Calling a factory again with the same name gives the same object.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from otel_distro.api import mend
from otel_distro.api.counting import DROPPED, count, warn_once
from otel_distro.api.guard import swallow
from otel_distro.api.instruments import Kind, instrument

__all__ = ["Counter", "Gauge", "Histogram", "Meter", "Summary", "counter", "gauge", "histogram", "meter", "summary"]

Attributes = Mapping[str, Any]
Take = Callable[[float, dict[str, Any]], None]


class _Instrument:
    """One named instrument.

    Attributes:
        name: As OpenTelemetry has it.
        unit: In UCUM.
        description: What it measures.
    """

    __slots__ = ("description", "name", "unit")

    kind: ClassVar[Kind]
    method: ClassVar[str]
    from_zero: ClassVar[bool] = True  # OpenTelemetry takes nothing below it

    def __init__(self, name: str, unit: str, description: str) -> None:
        self.name = name
        self.unit = unit
        self.description = description

    def _record(self, value: object, attributes: Attributes | None, take: Take | None = None) -> None:
        """Mends a value and its attributes and hands them to ``take``; to the instrument itself if not given.

        What the SDK would refuse with a warning for each call is counted here, and named once.
        """
        try:
            found = mend.number(value)
            if found is None or not math.isfinite(found) or (self.from_zero and found < 0):
                count(DROPPED)
                shown = mend.text(value)[:100]
                warn_once(f"instrument {self.name}", "%s: %s is no value for it and is left out", self.name, shown)
                return
            (take or self._pass_on)(found, {} if attributes is None else mend.attributes(attributes))
        except Exception as error:
            swallow(self.name, error)

    def _pass_on(self, value: float, attributes: dict[str, Any]) -> None:
        """Records a value, in whichever SDK is there now."""
        under = instrument(self.kind, self.name, self.unit, self.description)
        getattr(under, self.method)(value, attributes)


class Counter(_Instrument):
    """Counts what only grows, such as requests."""

    __slots__ = ()
    kind = "counter"
    method = "add"

    def add(self, amount: float = 1, *, attributes: Attributes | None = None) -> None:
        """Adds to the count.

        Args:
            amount: How much; what is below zero or not finite is left out and counted.
            attributes: Which of the counter's series.
        """
        self._record(amount, attributes)

    inc = add


class Histogram(_Instrument):
    """Keeps the distribution of a value, such as a latency, in buckets."""

    __slots__ = ()
    kind = "histogram"
    method = "record"

    def record(self, value: float, *, attributes: Attributes | None = None) -> None:
        """Takes one value.

        Args:
            value: In the histogram's unit; what is below zero or not finite is left out and counted.
            attributes: Which of the histogram's series.
        """
        self._record(value, attributes)

    observe = record


class Summary(_Instrument):
    """Keeps count and sum of a value."""

    __slots__ = ()
    kind = "histogram"
    method = "record"

    def observe(self, value: float, *, attributes: Attributes | None = None) -> None:
        """Takes one value.

        Args:
            value: In the summary's unit; what is below zero or not finite is left out and counted.
            attributes: Which of the summary's series.
        """
        self._record(value, attributes)


class Meter(_Instrument):
    """Counts events whose rate matters."""

    __slots__ = ()
    kind = "counter"
    method = "add"

    def mark(self, n: float = 1, *, attributes: Attributes | None = None) -> None:
        """Notes that events happened.

        Args:
            n: How many; what is below zero or not finite is left out and counted.
            attributes: Which of the meter's series.
        """
        self._record(n, attributes)


class Gauge(_Instrument):
    """Holds a value that goes up and down, such as a queue's length."""

    __slots__ = ("_values",)
    kind = "gauge"
    method = "set"
    from_zero = False

    def __init__(self, name: str, unit: str, description: str) -> None:
        super().__init__(name, unit, description)
        self._values: dict[Any, float] = {}

    def set(self, value: float, *, attributes: Attributes | None = None) -> None:
        """Sets the value.

        Args:
            value: In the gauge's unit; what is not finite is left out and counted.
            attributes: Which of the gauge's series.
        """
        self._record(value, attributes, self._set)

    def inc(self, amount: float = 1, *, attributes: Attributes | None = None) -> None:
        """Adds to the value, which is zero before anything set it.

        Args:
            amount: How much.
            attributes: Which of the gauge's series.
        """
        self._record(amount, attributes, self._move)

    def dec(self, amount: float = 1, *, attributes: Attributes | None = None) -> None:
        """Takes from the value.

        Args:
            amount: How much.
            attributes: Which of the gauge's series.
        """
        self._record(amount, attributes, lambda found, mended: self._move(-found, mended))

    def _set(self, value: float, attributes: dict[str, Any]) -> None:
        self._values[_series(attributes)] = value
        self._pass_on(value, attributes)

    def _move(self, amount: float, attributes: dict[str, Any]) -> None:
        series = _series(attributes)
        with _Lock.lock:
            value = self._values.get(series, 0) + amount
            self._values[series] = value
        self._pass_on(value, attributes)


class _Lock:
    """Guards the read and write of one gauge value; nothing that could wait happens while it is held.

    Reentrant, so that a signal handler that counts cannot hang on its own thread; new in a forked child, which would
    otherwise inherit it locked by a thread that it does not have.
    """

    lock = threading.RLock()

    @classmethod
    def renew(cls) -> None:
        cls.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Lock.renew)


def _series(attributes: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, mend.text(value)) for key, value in attributes.items()))


# --- factories -------------------------------------------------------------------------------------------------------

I = TypeVar("I", bound=_Instrument)  # noqa: E741 - one of five small classes, used in one function

_made: dict[str, _Instrument] = {}


def _once(kind: type[I], name: object, unit: str, description: str) -> I:
    if not isinstance(name, str) or not name:
        raise ValueError(f"name must be a text that is not empty, such as 'requests', not {mend.text(name)!r}")
    cleaned = mend.instrument_name(name)
    found = _made.get(cleaned)
    if found is None:
        found = _made.setdefault(cleaned, kind(cleaned, mend.unit(unit), mend.text(description)))
    if not isinstance(found, kind):
        wanted, taken = kind.__name__.lower(), type(found).__name__.lower()
        raise ValueError(f"name {name!r} is a {taken} already; give the {wanted} another name")  # noqa: TRY004 - as all
    return found


def counter(name: str, unit: str = "", description: str = "") -> Counter:
    """Returns the counter of a name; the first call makes it.

    Args:
        name: Such as ``orders``; characters that OpenTelemetry does not take become ``_``.
        unit: In UCUM, such as ``By`` or ``{order}``.
        description: What it counts.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return _once(Counter, name, unit, description)


def gauge(name: str, unit: str = "", description: str = "") -> Gauge:
    """Returns the gauge of a name; the first call makes it.

    Args:
        name: Such as ``queue.length``; characters that OpenTelemetry does not take become ``_``.
        unit: In UCUM, such as ``By`` or ``{job}``.
        description: What it measures.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return _once(Gauge, name, unit, description)


def histogram(name: str, unit: str = "", description: str = "") -> Histogram:
    """Returns the histogram of a name; the first call makes it.

    Args:
        name: Such as ``response.size``; characters that OpenTelemetry does not take become ``_``.
        unit: In UCUM, such as ``By`` or ``s``.
        description: What it measures.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return _once(Histogram, name, unit, description)


def summary(name: str, unit: str = "", description: str = "") -> Summary:
    """Returns the summary of a name; the first call makes it.

    Args:
        name: Such as ``batch.size``; characters that OpenTelemetry does not take become ``_``.
        unit: In UCUM, such as ``{sample}`` or ``s``.
        description: What it measures.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return _once(Summary, name, unit, description)


def meter(name: str, unit: str = "", description: str = "") -> Meter:
    """Returns the meter of a name; the first call makes it.

    Args:
        name: Such as ``requests``; characters that OpenTelemetry does not take become ``_``.
        unit: In UCUM, such as ``{request}``.
        description: What it counts.

    Raises:
        ValueError: The name is empty, or belongs to an instrument of another kind.
    """
    return _once(Meter, name, unit, description)
