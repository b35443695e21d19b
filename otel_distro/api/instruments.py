"""The instruments behind the API: made once for each name and wiring, and the mirror of the runs' last values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

from opentelemetry.metrics import CallbackOptions, Observation

from otel_distro import semconv
from otel_distro.api import wiring
from otel_distro.api.counting import DROPPED, count
from otel_distro.api.guard import Guard

__all__ = ["add_incident", "instrument", "mirror", "mirror_runs", "record_seconds", "record_size"]

Kind = Literal["counter", "gauge", "histogram"]

# OpenTelemetry's default bounds are made for milliseconds: every call under 5 s would lie in one bucket
_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0),
)
_MOST_MIRRORED: Final = 2_000  # series that the SDK keeps before it folds further ones into one

_last_values: dict[str, float | int | bool] = {}


def instrument(kind: Kind, name: str, unit: str = "", description: str = "") -> Any:
    """Returns the OpenTelemetry instrument of a name; the first call makes it.

    Args:
        kind: Which instrument.
        name: A name that OpenTelemetry takes.
        unit: In UCUM, such as ``s`` or ``By``.
        description: What it measures.
    """
    found = wiring.active().instruments.get(name)
    if found is not None:
        return found
    bounds = {"explicit_bucket_boundaries_advisory": _SECONDS} if kind == "histogram" and unit == "s" else {}
    return _made(kind, name, unit=unit, description=description, **bounds)


def _made(kind: str, name: str, **options: Any) -> Any:
    active = wiring.active()
    make: Callable[..., Any] = getattr(active.meter, f"create_{kind}")
    return active.instruments.setdefault(name, make(name, **options))


# --- what the API measures itself ------------------------------------------------------------------------------------


def record_seconds(name: str, seconds: float, attributes: Mapping[str, str]) -> None:
    """Records the duration of a run or an ARC."""
    with Guard(name):
        instrument("histogram", name, "s", "How long it took").record(seconds, attributes)


def record_size(size_bytes: int, category: str) -> None:
    """Records the size of an artifact."""
    with Guard(semconv.METRIC_ARTIFACT_SIZE):
        sizes = instrument("histogram", semconv.METRIC_ARTIFACT_SIZE, "By", "Size of artifacts")
        sizes.record(size_bytes, {semconv.ARTIFACT_CATEGORY: category})


def add_incident() -> None:
    """Counts an incident."""
    with Guard(semconv.METRIC_INCIDENTS):
        instrument("counter", semconv.METRIC_INCIDENTS, "{incident}", "Incidents reported").add(1)


# --- the mirror ------------------------------------------------------------------------------------------------------


def mirror_runs() -> None:
    """Makes the gauge that shows the last value of every run metric. It is asked at collection, so logging pays none.

    Every point itself is an event: an instrument has no step and no time of the caller's.
    """
    if semconv.METRIC_RUN_METRIC not in wiring.active().instruments:
        with Guard(semconv.METRIC_RUN_METRIC):
            _made(
                "observable_gauge",
                semconv.METRIC_RUN_METRIC,
                callbacks=[_observe],
                description="Last value of each metric of a run",
            )


def mirror(values: Mapping[str, float | int | bool]) -> None:
    """Remembers values for the gauge; names past the bound are counted and left out of it, not of the run."""
    if len(_last_values) < _MOST_MIRRORED:
        _last_values.update(values)
        return
    known = {name: value for name, value in values.items() if name in _last_values}
    _last_values.update(known)
    if len(known) < len(values):
        count(f"{DROPPED} from {semconv.METRIC_RUN_METRIC}", len(values) - len(known))


def _observe(_: CallbackOptions) -> Iterable[Observation]:
    """Leaves out what is not finite, which the SDK would refuse with a warning at every collection."""
    last = list(_last_values.items())
    return [Observation(value, {semconv.METRIC_NAME: name}) for name, value in last if math.isfinite(value)]
