"""Points with a time of the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_distro.api import mend, wiring
from otel_distro.api.counting import DROPPED, count, warn_once
from otel_distro.api.events import moment
from otel_distro.api.guard import Guard
from otel_distro.api.sink import Point

__all__ = ["timeseries"]


def timeseries(
    name: str, value: float, time_unix_nano: int | None = None, tags: Mapping[str, Any] | None = None
) -> None:
    """Records one value of a series.

    Args:
        name: The series' name.
        value: Its value; NaN and infinities are recorded as such. What is no number is left out and counted.
        time_unix_nano: When, in nanoseconds since the epoch; now if not given.
        tags: What tells the series from others of its name.
    """
    with Guard("timeseries"):
        found = mend.number(value)
        if found is None:
            count(DROPPED)
            warn_once(f"timeseries {mend.text(name)}", "timeseries: a value of %s is no number", mend.text(name))
            return
        point = Point(mend.text(name), found, moment(time_unix_nano), mend.attributes(tags))
        wiring.get_sink().points([point])
