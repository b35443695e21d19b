"""Times, durations, numbers and values in words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from otel_distro.cli import humanize

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "just now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_400, "1 d ago"),
        (6.9 * 86_400, "6 d ago"),
    ],
)
def test_ago(seconds: float, words: str) -> None:
    assert humanize.ago(NOW - int(seconds * SECOND), NOW) == words


@pytest.mark.parametrize("seconds", [8 * 86_400, -3_600])
def test_what_is_long_ago_or_in_the_future_is_a_date(seconds: int) -> None:
    then = NOW - seconds * SECOND
    assert humanize.ago(then, NOW) == humanize.local_time(then)


def test_a_time_that_nobody_knows_is_a_dash() -> None:
    assert humanize.ago(None, NOW) == "-"


def test_any_recorded_time_can_be_written() -> None:
    assert humanize.local_time(10**30).endswith(" ns")
    assert humanize.clock_time(-(10**30)).endswith(" ns")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (math.nan, "-"),
        (0.0, "0 µs"),
        (0.00085, "850 µs"),
        (0.00099999, "1 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1 s"),
        (6.314, "6.31 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3_599.7, "1 h 0 min"),
        (7_800, "2 h 10 min"),
        (200_000, "2 d 7 h"),
        (-2, "-2 s"),
    ],
)
def test_duration(seconds: float | None, words: str) -> None:
    assert humanize.duration(seconds) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(None, "-"), (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (10**6, "977 KiB"), (2**30, "1 GiB")],
)
def test_size(size_bytes: int | None, words: str) -> None:
    assert humanize.size(size_bytes) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        (3.0, "3"),
        (0.123456, "0.1235"),
        (1.5e12, "1.5e+12"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_number(value: float | None, words: str) -> None:
    assert humanize.number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"digit": 3, "confidence": 0.98123}, "digit=3 confidence=0.9812"),
        ({"ok": True, "one": 1, "none": None}, "ok=true one=1 none=null"),
        ({"pixels": list(range(64))}, "pixels=[0, 1, 2, … 61 more]"),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, "a={b={c={d=…}}}"),
        ([1.0, "x", {}], "[1, x, {}]"),
        ("text", "text"),
        ({}, ""),
        (10**400, "1" + "0" * 198 + "…"),
    ],
)
def test_brief(value: Any, words: str) -> None:
    assert humanize.brief(value) == words


def test_a_long_value_is_cut_to_the_width() -> None:
    assert humanize.brief({"text": "x" * 10_000_000}, width=20) == "text=" + "x" * 14 + "…"


def test_a_recorded_text_cannot_command_the_terminal() -> None:
    shown = humanize.brief("a\x1b[2Jb\x07c\nd\te\x9bf\u202eg")
    assert shown == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c d e\N{REPLACEMENT CHARACTER}fg"


@pytest.mark.parametrize(
    ("values", "curve"),
    [
        ([], ""),
        ([1.0], "▄"),
        ([2.0, 2.0], "▄▄"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([0.0, math.nan, 1.0, math.inf], "▁!█!"),
        ([math.nan], "!"),
        ([-1.7e308, 1.7e308], "▁█"),
    ],
)
def test_sparkline(values: list[float], curve: str) -> None:
    assert humanize.sparkline(values) == curve


def test_count_knows_one_from_many() -> None:
    assert humanize.count(1, "run") == "1 run"
    assert humanize.count(1_200, "run") == "1,200 runs"
