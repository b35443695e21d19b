"""Mending: what a caller passes, as what an event can carry."""

from __future__ import annotations

import datetime as dt
import json
import math
import pathlib
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.api import mend


class Word(str, Enum):
    YES = "yes"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


def wide() -> Any:
    """Nests one list in another twice, forty times: 2**40 values if it were written out."""
    found: Any = [1]
    for _ in range(40):
        found = [found, found]
    return found


def wide_map() -> Any:
    found: Any = {"a": 1}
    for _ in range(40):
        found = {"b": found, "c": found}
    return found


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("a", "a"),
        (Word.YES, "yes"),
        (np.str_("a"), "a"),
        (b"a\xff", "a\ufffd"),
        ("a\ud800b", "a?b"),
        (5, "5"),
        (None, "None"),
        (Unprintable(), "<Unprintable>"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_text(given_: object, expected: str) -> None:
    found = mend.text(given_)
    assert found == expected
    assert type(found) is str


def test_a_text_of_something_endless_ends() -> None:
    assert len(mend.text(wide())) < 20_000


def attributes_cases() -> list[tuple[Any, Any]]:
    zone = dt.timezone(dt.timedelta(hours=2))
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return [
        (None, None),
        (True, True),
        (1, 1),
        (2**63 - 1, 2**63 - 1),
        (2**63, "9223372036854775808"),
        (0.5, 0.5),
        (b"\x00", b"\x00"),
        ("a\ud800", "a?"),
        (Word.YES, "yes"),
        (np.float64(0.5), 0.5),
        (np.int32(5), 5),
        (np.bool_(True), True),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.datetime64("2024-01-02T03:04:05"), "2024-01-02T03:04:05"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=zone), "2024-01-02T03:04:05+02:00"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.time(3, 4), "03:04:00"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Decimal("1.50"), "1.50"),
        ((1, [2, {3}]), [1, [2, [3]]]),
        ({1: {"": None}}, {"1": {"_": None}}),
        (cycle, [1, "<cycle>"]),
        (range(3), "range(0, 3)"),
    ]


@pytest.mark.parametrize(("given_", "expected"), attributes_cases())
def test_attribute(given_: object, expected: object) -> None:
    found = mend.attribute(given_)
    assert found == expected
    assert type(found) is type(expected)


def test_an_attribute_is_bounded_in_depth_and_size() -> None:
    deep: Any = 1
    for _ in range(1_000):
        deep = [deep]
    assert str(mend.attribute(deep)).count("[") == 16
    assert len(json.dumps(mend.attribute(wide()))) < 1_000_000
    assert len(mend.attribute(list(range(50_000)))) < 10_001
    assert len(mend.attribute({str(n): n for n in range(50_000)})) < 10_001
    assert json.dumps(mend.attribute(wide_map())).count(":") < 25_000
    assert mend.attribute(np.zeros(50_000)) == "<left out>"
    shared = {"a": 1}
    assert mend.attribute([shared, shared]) == [shared, shared], "what is there twice is no cycle"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_an_attribute_is_of_a_type_that_opentelemetry_has(anything: Any) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert all(type(key) is str and key for key in value)
            for inner in value.values():
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        else:
            assert value is None or type(value) in {bool, int, float, str, bytes}
            assert not isinstance(value, int) or -(2**63) <= value < 2**63
            assert not isinstance(value, str) or value.encode() is not None

    check(mend.attribute(anything))


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (None, {}),
        ({"a": object}, {"a": object}),
        ({1: 2}, {"1": 2}),
        ("text", {"value": "text"}),
        ([1], {"value": [1]}),
        ([("a", 1)], {"value": [("a", 1)]}),
    ],
)
def test_mapping(given_: object, expected: object) -> None:
    assert mend.mapping(given_) == expected


def test_prefixed() -> None:
    assert mend.prefixed("algo.run.metadata", {"a": {1}, "": 2}) == {
        "algo.run.metadata.a": [1],
        "algo.run.metadata._": 2,
    }


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (1, 1),
        (True, True),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.array(3), 3),
        (np.array([1, 2]), None),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
        (2**64, float(2**64)),
        (10**400, None),
        (math.inf, math.inf),
        ("1", None),
        (b"1", None),
        (1j, None),
        (None, None),
        ([], None),
    ],
)
def test_number(given_: object, expected: object) -> None:
    found = mend.number(given_)
    assert found == expected
    assert type(found) is type(expected)


def test_numbers_parts_what_can_be_a_metric() -> None:
    assert mend.numbers({"a": 1, "b": "x", 3: 0.5, "d": 2**63}) == ({"a": 1, "3": 0.5, "d": float(2**63)}, ["b"])
    assert mend.numbers(5) == ({}, ["<int>"])  # type: ignore[arg-type]  # bad data


EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (0, 0),
        (1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (1.7e18, 1_700_000_000_000_000_000),
        (np.int64(5), 5),
        (EPOCH + dt.timedelta(days=20_000, microseconds=1), 20_000 * 86_400 * 10**9 + 1_000),
        (dt.datetime(1969, 12, 31, tzinfo=dt.timezone.utc), None),
        (dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-1))), None),
        (-1, None),
        (2**63, None),
        (True, None),
        (math.nan, None),
        ("1700000000000000000", None),
        (None, None),
    ],
)
def test_time_unix_nano(given_: object, expected: object) -> None:
    assert mend.time_unix_nano(given_) == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("a", ["a"]),
        ([1, None], ["1", "None"]),
        (None, []),
        ({"a": 1}, ["{'a': 1}"]),
        (5, ["5"]),
        (iter("ab"), ["a", "b"]),
    ],
)
def test_strings(given_: object, expected: list[str]) -> None:
    assert mend.strings(given_) == expected


def test_what_has_no_end_is_listed_to_a_bound() -> None:
    def endless() -> Any:
        while True:
            yield "tag"

    assert len(mend.strings(endless())) == 1_000


@pytest.mark.parametrize(
    ("given_", "expected"), [("a.b/c-d_e", "a.b/c-d_e"), ("a b", "a_b"), ("1a", "m_1a"), ("", "m_"), ("é", "m__")]
)
def test_instrument_name(given_: str, expected: str) -> None:
    assert mend.instrument_name(given_) == expected


@given(st.text())
def test_an_instrument_name_is_always_one(anything: str) -> None:
    import re

    assert re.fullmatch(r"[a-zA-Z][-_./a-zA-Z0-9]{0,254}", mend.instrument_name(anything))
    assert re.fullmatch(r"[\x00-\x7F]{0,63}", mend.unit(anything))
