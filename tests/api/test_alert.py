"""Alert rules: what is defined, and which definitions are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from api.fakes import Recorded
from otel_distro import semconv
from otel_distro.api import alert, counting, run


def test_a_threshold_is_defined_on_the_run(recorded: Recorded) -> None:
    with run("train") as r:
        r.alert("too high", metric="loss", rule="is above", threshold=1, window_minutes=5)
    assert recorded.one(semconv.EVENT_ALERT_DEFINED).attributes == {
        "algo.run.id": r.id,
        "algo.run.name": "train",
        "algo.alert.name": "too high",
        "algo.alert.rule": "is above",
        "algo.alert.metric": "loss",
        "algo.alert.frequency_minutes": 1.0,
        "algo.alert.window_minutes": 5.0,
        "algo.alert.threshold": 1.0,
    }


@pytest.mark.parametrize("rule", ["is outside range", "is inside range"])
def test_a_range_is_defined_on_the_current_run(recorded: Recorded, rule: str) -> None:
    with run("train") as r:
        alert("density", metric="density", rule=rule, range_low=np.float32(1), range_high=5, frequency_minutes=0.5)
    attributes = recorded.one(semconv.EVENT_ALERT_DEFINED).attributes
    assert attributes["algo.run.id"] == r.id
    assert attributes["algo.alert.frequency_minutes"] == 0.5
    assert (attributes["algo.alert.range_low"], attributes["algo.alert.range_high"]) == (1.0, 5.0)
    assert type(attributes["algo.alert.range_low"]) is float


def test_an_alert_outside_any_run_is_recorded_and_warned_of(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    alert("lonely", metric="loss", rule="is below", threshold=0)
    assert "algo.run.id" not in recorded.one(semconv.EVENT_ALERT_DEFINED).attributes
    assert counting.counts() == {"outside_run": 1}
    assert [record.getMessage() for record in caplog.records] == ["alert lonely is never judged: no run is current"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rule": "above", "threshold": 1}, "rule must be one of is above, is below, is outside range, is inside range"),
    ({"rule": None, "threshold": 1}, "rule must be one of"),
    ({"rule": "is above"}, "threshold is needed for the rule 'is above'"),
    ({"rule": "is above", "threshold": "1"}, "threshold must be a finite number, not '1'"),
    ({"rule": "is above", "threshold": math.nan}, "threshold must be a finite number, not 'nan'"),
    ({"rule": "is below", "threshold": 1, "range_low": 0}, "range_low and range_high have no meaning"),
    ({"rule": "is below", "threshold": 1, "range_high": 0}, "range_low and range_high have no meaning"),
    ({"rule": "is inside range", "range_low": 0}, "range_high is needed for the rule 'is inside range'"),
    ({"rule": "is inside range", "range_high": 0}, "range_low is needed for the rule 'is inside range'"),
    ({"rule": "is inside range", "range_low": 0, "range_high": 1, "threshold": 1}, "threshold has no meaning"),
    ({"rule": "is outside range", "range_low": 1, "range_high": 1}, "range_low must be below range_high"),
    ({"rule": "is outside range", "range_low": -math.inf, "range_high": 1}, "range_low must be a finite number"),
    ({"rule": "is above", "threshold": 1, "frequency_minutes": 0}, "frequency_minutes must be a number of minutes"),
    ({"rule": "is above", "threshold": 1, "frequency_minutes": "1"}, "frequency_minutes must be a number of minutes"),
    ({"rule": "is above", "threshold": 1, "window_minutes": -1}, "window_minutes must be a number of minutes above"),
    ({"rule": "is above", "threshold": 1, "window_minutes": math.inf}, "window_minutes must be a number of minutes"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_a_wrong_rule_is_refused_at_once(recorded: Recorded, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        alert("wrong", metric="loss", **arguments)
    with run() as r, pytest.raises(ValueError, match="^" + message):
        r.alert("wrong", metric="loss", **arguments)
    assert recorded.events(semconv.EVENT_ALERT_DEFINED) == []
