"""Times and runs, as they are typed."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from otel_distro.cli.selecting import since_unix_nano

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("15min", 900), ("1h", 3_600), ("1.5 h", 5_400), ("2d", 172_800), (" 1w ", 604_800)],
)
def test_an_age(text: str, seconds: int) -> None:
    assert since_unix_nano(text, NOW) == NOW - seconds * SECOND


def test_a_time_with_a_zone() -> None:
    expected = int(datetime(2026, 1, 31, 14, 5, tzinfo=timezone.utc).timestamp()) * SECOND
    assert since_unix_nano("2026-01-31T14:05:00Z", NOW) == expected
    assert since_unix_nano("2026-01-31T15:05:00+01:00", NOW) == expected


def test_a_date_is_local() -> None:
    midnight = datetime(2026, 1, 31).astimezone()
    assert since_unix_nano("2026-01-31", NOW) == int(midnight.timestamp()) * SECOND


@pytest.mark.parametrize("text", ["1900-01-01", "9999-12-30", "999999999w"])
def test_a_time_stays_what_a_store_can_compare(text: str) -> None:
    assert 0 <= since_unix_nano(text, NOW) < 2**63


@pytest.mark.parametrize("text", ["", "soon", "1y", "-1h", "2026-13-01", "9" * 400 + "s"])
def test_anything_else_is_refused_with_the_forms_that_are_known(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 15m, 1h, 2d"):
        since_unix_nano(text, NOW)
