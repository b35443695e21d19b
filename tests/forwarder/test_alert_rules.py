"""The four rules, judged over windows of record time."""

from __future__ import annotations

import math
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.forwarder.alert_rules import AlertRule, Judgement, is_rule

MINUTE = 60 * 10**9
START = 1_000 * MINUTE


def rule(kind: str = semconv.RULE_ABOVE, frequency: float = 1, window: float = 1, **limits: float) -> AlertRule:
    attributes: dict[str, Any] = {
        semconv.RUN_ID: "run",
        semconv.ALERT_NAME: "name",
        semconv.ALERT_METRIC: "loss",
        semconv.ALERT_RULE: kind,
        semconv.ALERT_FREQUENCY_MINUTES: frequency,
        semconv.ALERT_WINDOW_MINUTES: window,
        **{f"algo.alert.{name}": value for name, value in (limits or {"threshold": 1.0}).items()},
    }
    assert is_rule(attributes)
    return AlertRule(attributes, START)


def feed(alert: AlertRule, *points: tuple[float, float]) -> list[Judgement]:
    """Feeds points given as minutes since the start, and value."""
    return [judgement for minutes, value in points for judgement in alert.add(START + int(minutes * MINUTE), value)]


def said(judgements: list[Judgement]) -> list[tuple[str, float, float]]:
    return [
        (j.event_name.rpartition(".")[2], (j.time_unix_nano - START) / MINUTE, j.attributes[semconv.ALERT_OBSERVED])
        for j in judgements
    ]


def test_the_mean_of_the_window_before_each_tick_is_judged() -> None:
    alert = rule()

    judgements = feed(alert, (0.2, 1.0), (0.8, 2.0), (1.5, 0.0), (2.5, 0.0))

    assert said(judgements) == [("fired", 1.0, 1.5), ("resolved", 2.0, 0.0)]


def test_a_state_that_lasts_is_said_once() -> None:
    assert said(feed(rule(), *[(n + 0.5, 5.0) for n in range(10)])) == [("fired", 1.0, 5.0)]


def test_the_runs_end_is_judged_too() -> None:
    alert = rule()
    feed(alert, (0.1, 3.0))

    assert said(list(alert.end(START + MINUTE // 2))) == [("fired", 0.5, 3.0)]


def test_a_point_after_the_window_is_none_of_its_points() -> None:
    alert = rule()
    feed(alert, (0.1, 0.0), (0.9, 9.0))

    assert said(list(alert.end(START + MINUTE // 2))) == []


def test_an_empty_window_says_nothing() -> None:
    alert = rule()

    assert said(feed(alert, (0.5, 5.0), (100.5, 5.0))) == [("fired", 1.0, 5.0)]
    assert said(list(alert.end(START + 300 * MINUTE))) == []


def test_a_window_wider_than_the_frequency_overlaps() -> None:
    alert = rule(frequency=1, window=3)

    judgements = feed(alert, (0.5, 0.0), (1.5, 0.0), (2.5, 9.0), (3.5, 9.0), (4.5, 9.0))

    assert said(judgements) == [("fired", 3.0, 3.0)]


def test_a_gap_of_a_year_is_no_work() -> None:
    alert = rule()
    feed(alert, (0.5, 5.0))

    assert said(list(alert.advance(START + 500_000 * MINUTE))) == [("fired", 1.0, 5.0)]
    assert alert.next_unix_nano > START + 499_999 * MINUTE


@pytest.mark.parametrize(
    ("kind", "limits", "broken", "kept"),
    [
        (semconv.RULE_ABOVE, {"threshold": 1.0}, 1.1, 1.0),
        (semconv.RULE_BELOW, {"threshold": 1.0}, 0.9, 1.0),
        (semconv.RULE_OUTSIDE, {"range_low": 1.0, "range_high": 5.0}, 5.1, 5.0),
        (semconv.RULE_OUTSIDE, {"range_low": 1.0, "range_high": 5.0}, 0.9, 1.0),
        (semconv.RULE_INSIDE, {"range_low": 1.0, "range_high": 5.0}, 5.0, 5.1),
        (semconv.RULE_ABOVE, {"threshold": 1.0}, math.inf, math.nan),
        (semconv.RULE_OUTSIDE, {"range_low": 1.0, "range_high": 5.0}, math.nan, 2.0),
    ],
)
def test_the_four_rules(kind: str, limits: dict[str, float], broken: float, kept: float) -> None:
    assert [j.event_name for j in feed(rule(kind, **limits), (0.5, broken), (1.5, 0))] == [semconv.EVENT_ALERT_FIRED]
    assert feed(rule(kind, **limits), (0.5, kept), (1.5, 0)) == []


@pytest.mark.parametrize(
    "change",
    [
        {semconv.ALERT_RULE: "is odd"},
        {semconv.ALERT_THRESHOLD: "high"},
        {semconv.ALERT_METRIC: ""},
        {semconv.RUN_ID: None},
        {semconv.ALERT_WINDOW_MINUTES: None},
    ],
)
def test_what_cannot_be_judged_is_no_rule(change: dict[str, Any]) -> None:
    assert not is_rule({**rule().attributes, **change})
