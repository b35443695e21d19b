"""Alert rules: when the mean of a run's metric over a window breaks one. Pure: no clock, no disk.

At each ``frequency`` minutes from the run's start, and once more at its end, the mean of the points in the ``window``
minutes before is judged. A window that began before the run counts what it has, an empty one says nothing. Time is the
records' own, so a drain a week later judges as the leader would have then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from otel_distro import semconv

_MINUTE_NANOS: Final = 60 * 10**9


def _in_range(mean: float, rule: Mapping[str, Any]) -> bool:
    low, high = float(rule[semconv.ALERT_RANGE_LOW]), float(rule[semconv.ALERT_RANGE_HIGH])
    return low <= mean <= high


# From the seed systems: the mean of the window is compared with a threshold, or with a range whose ends belong to it.
# A mean that is not a number lies outside every range.
_BROKEN: Final[Mapping[str, Callable[[float, Mapping[str, Any]], bool]]] = {
    semconv.RULE_ABOVE: lambda mean, rule: mean > rule[semconv.ALERT_THRESHOLD],
    semconv.RULE_BELOW: lambda mean, rule: mean < rule[semconv.ALERT_THRESHOLD],
    semconv.RULE_OUTSIDE: lambda mean, rule: not _in_range(mean, rule),
    semconv.RULE_INSIDE: _in_range,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """An alert that changed its state.

    Attributes:
        event_name: ``algo.alert.fired`` or ``algo.alert.resolved``.
        time_unix_nano: The end of the window that was judged.
        attributes: Those of the definition, and the observed mean.
    """

    event_name: str
    time_unix_nano: int
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class AlertRule:
    """One rule of one run, with the points that its next windows may need.

    Attributes:
        attributes: The attributes of its ``algo.alert.defined`` event.
        origin_unix_nano: The run's start, from which the judgements are counted.
        next_unix_nano: When the next judgement is due.
        firing: Whether the last judgement found it broken.
        points: Time and value of the points, in the order in which they came.
    """

    attributes: Mapping[str, Any]
    origin_unix_nano: int
    next_unix_nano: int = 0
    firing: bool = False
    points: deque[tuple[int, float]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.next_unix_nano = self.next_unix_nano or self.origin_unix_nano + self._frequency_nanos

    @property
    def metric(self) -> str:
        """The name of the metric that it watches."""
        return str(self.attributes[semconv.ALERT_METRIC])

    def add(self, time_unix_nano: int, value: float) -> Iterator[Judgement]:
        """Takes a point in; yields what the windows that ended before it brought to light."""
        yield from self.advance(time_unix_nano - 1)
        self.points.append((time_unix_nano, value))

    def advance(self, until_unix_nano: int) -> Iterator[Judgement]:
        """Judges every window that ended up to a time."""
        while self.next_unix_nano <= until_unix_nano:
            yield from self._judge(self.next_unix_nano)
            self.next_unix_nano += self._frequency_nanos
            if not self.points:  # empty windows say nothing: go straight to the first that is not yet over
                behind = max(0, until_unix_nano - self.next_unix_nano) // self._frequency_nanos
                self.next_unix_nano += behind * self._frequency_nanos

    def end(self, time_unix_nano: int) -> Iterator[Judgement]:
        """Judges what is left at the run's end."""
        yield from self.advance(time_unix_nano)
        yield from self._judge(time_unix_nano)

    @property
    def _frequency_nanos(self) -> int:
        return max(1, int(self.attributes[semconv.ALERT_FREQUENCY_MINUTES] * _MINUTE_NANOS))

    def _judge(self, end: int) -> Iterator[Judgement]:
        begin = end - int(self.attributes[semconv.ALERT_WINDOW_MINUTES] * _MINUTE_NANOS)
        while self.points and self.points[0][0] <= begin:
            self.points.popleft()
        values = [value for time, value in self.points if begin < time <= end]
        if not values:
            return
        mean = sum(values) / len(values)
        broken = _BROKEN[self.attributes[semconv.ALERT_RULE]](mean, self.attributes)
        if broken != self.firing:
            self.firing = broken
            name = semconv.EVENT_ALERT_FIRED if broken else semconv.EVENT_ALERT_RESOLVED
            yield Judgement(name, end, {**self.attributes, semconv.ALERT_OBSERVED: mean})


def is_rule(attributes: Mapping[str, Any]) -> bool:
    """Returns whether the attributes of an event define a rule that can be judged."""
    needed = {
        semconv.RULE_ABOVE: (semconv.ALERT_THRESHOLD,),
        semconv.RULE_BELOW: (semconv.ALERT_THRESHOLD,),
        semconv.RULE_OUTSIDE: (semconv.ALERT_RANGE_LOW, semconv.ALERT_RANGE_HIGH),
        semconv.RULE_INSIDE: (semconv.ALERT_RANGE_LOW, semconv.ALERT_RANGE_HIGH),
    }.get(attributes.get(semconv.ALERT_RULE, ""))
    numbers = (*(needed or ()), semconv.ALERT_FREQUENCY_MINUTES, semconv.ALERT_WINDOW_MINUTES)
    return (
        needed is not None
        and all(isinstance(attributes.get(name), int | float) for name in numbers)
        and bool(attributes.get(semconv.ALERT_METRIC))
        and bool(attributes.get(semconv.RUN_ID))
    )
