"""Alert rules over a run's metrics, judged by whoever forwards: no vendor is needed for one to fire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from opentelemetry.context import Context

from otel_distro import semconv
from otel_distro.api import events, mend
from otel_distro.api.context import here
from otel_distro.api.counting import OUTSIDE_RUN, count, warn_once

__all__ = ["Rule", "alert", "define_alert"]

_WITH_RANGE: Final = (semconv.RULE_OUTSIDE, semconv.RULE_INSIDE)


def alert(
    name: str,
    *,
    metric: str,
    rule: str,
    threshold: float | None = None,
    range_low: float | None = None,
    range_high: float | None = None,
    frequency_minutes: float = 1,
    window_minutes: float = 1,
) -> None:
    """Defines an alert over a metric of the current run.

    Every ``frequency_minutes`` from the run's start, and once more at its end, the mean of the metric's points in
    the ``window_minutes`` before is held against the rule.

    Args:
        name: The alert's name.
        metric: The name that ``log`` is given for the metric.
        rule: ``is above`` or ``is below``, which need a threshold; ``is outside range`` or ``is inside range``,
            which need ``range_low`` and ``range_high``.
        threshold: The limit, in the metric's unit.
        range_low: The range's lower end, in the metric's unit.
        range_high: Its upper end.
        frequency_minutes: How often the mean is taken, in minutes.
        window_minutes: Over how long it is taken, in minutes.

    Raises:
        ValueError: The rule is unknown, lacks its limits or has others; a frequency or window is not above zero.
    """
    judged = Rule(metric, rule, threshold, range_low, range_high, frequency_minutes, window_minutes)
    belongs = here()
    define_alert(name, judged, belongs)
    if semconv.RUN_ID not in belongs:
        count(OUTSIDE_RUN)
        warn_once("alert outside run", "alert %s is never judged: no run is current", mend.text(name))


class Rule(NamedTuple):
    """A rule as the caller gave it; the arguments of :func:`alert`."""

    metric: str
    rule: str
    threshold: float | None
    range_low: float | None
    range_high: float | None
    frequency_minutes: float
    window_minutes: float

    def attributes(self) -> dict[str, Any]:
        """Returns the rule as attributes of an event.

        Raises:
            ValueError: As :func:`alert` says.
        """
        if mend.text(self.rule) not in semconv.ALERT_RULES:
            raise ValueError(f"rule must be one of {', '.join(semconv.ALERT_RULES)}, not {mend.text(self.rule)!r}")
        limits = self._range() if self.rule in _WITH_RANGE else self._threshold()
        return {
            semconv.ALERT_RULE: self.rule,
            semconv.ALERT_METRIC: mend.text(self.metric),
            semconv.ALERT_FREQUENCY_MINUTES: _minutes("frequency_minutes", self.frequency_minutes),
            semconv.ALERT_WINDOW_MINUTES: _minutes("window_minutes", self.window_minutes),
            **limits,
        }

    def _threshold(self) -> dict[str, float]:
        if self.range_low is not None or self.range_high is not None:
            raise ValueError(f"range_low and range_high have no meaning for the rule {self.rule!r}: leave them out")
        if self.threshold is None:
            raise ValueError(f"threshold is needed for the rule {self.rule!r}")
        return {semconv.ALERT_THRESHOLD: _limit("threshold", self.threshold)}

    def _range(self) -> dict[str, float]:
        if self.threshold is not None:
            raise ValueError(f"threshold has no meaning for the rule {self.rule!r}: leave it out")
        if self.range_low is None or self.range_high is None:
            missing = "range_low" if self.range_low is None else "range_high"
            raise ValueError(f"{missing} is needed for the rule {self.rule!r}, which takes range_low and range_high")
        low, high = _limit("range_low", self.range_low), _limit("range_high", self.range_high)
        if low >= high:
            raise ValueError(f"range_low must be below range_high, but {low} is not below {high}")
        return {semconv.ALERT_RANGE_LOW: low, semconv.ALERT_RANGE_HIGH: high}


def define_alert(name: str, rule: Rule, belongs: Mapping[str, Any], context: Context | None = None) -> None:
    """Emits the definition of an alert.

    Args:
        name: The alert's name.
        rule: How it is judged.
        belongs: The attributes of the run that it belongs to.
        context: Where it was defined; the current context if not given.

    Raises:
        ValueError: As :func:`alert` says.
    """
    attributes = {semconv.ALERT_NAME: mend.text(name), **rule.attributes(), **belongs}
    events.emit(semconv.EVENT_ALERT_DEFINED, attributes, time_unix_nano=events.moment(None), context=context)


def _limit(argument: str, given: object) -> float:
    found = mend.number(given)
    if found is None or not math.isfinite(found):
        raise ValueError(f"{argument} must be a finite number, not {mend.text(given)!r}")
    return float(found)


def _minutes(argument: str, given: object) -> float:
    found = mend.number(given)
    if found is None or not math.isfinite(found) or found <= 0:
        raise ValueError(f"{argument} must be a number of minutes above zero, not {mend.text(given)!r}")
    return float(found)
