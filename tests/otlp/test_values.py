"""Any value: equal to upstream's where upstream takes it, else mended by the module's table, and never an error."""

from __future__ import annotations

import sys
from collections import UserString, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValueList

from otel_distro.otlp import values
from otel_distro.otlp.decode import attributes
from otel_distro.otlp.decode import value as decoded_value
from otel_distro.otlp.mending import CYCLE, INTEGER, OBJECT, SURROGATE, TOO_DEEP, UNPRINTABLE
from otel_distro.otlp.values import KeyValues, any_value, key_values
from otel_distro.otlp.wire import Heads
from otlp.corpus import VALUES
from otlp.upstream import upstream_value

AWARE = datetime(2026, 1, 2, 3, 4, 5, 678, timezone.utc)


def decoded(value: Any) -> Any:
    return decoded_value(AnyValue.FromString(any_value(value)))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:40])
def test_a_value_equals_upstreams(value: Any, mended: dict[str, int]) -> None:
    assert AnyValue.FromString(any_value(value)) == upstream_value(value)
    assert mended == {}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats()
    | st.binary(max_size=300)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.integers() | st.none()
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.lists(inner).map(tuple),
    max_leaves=30,
)


@settings(deadline=None)
@given(nested)
def test_any_nested_value_equals_upstreams(value: Any) -> None:
    # Serialised: parsed messages that hold NaN are not equal to themselves.
    ours = AnyValue.FromString(any_value(value)).SerializeToString(deterministic=True)
    assert ours == upstream_value(value).SerializeToString(deterministic=True)


# --- mending ---------------------------------------------------------------------------------------------------------


class Numpyish:
    """NumPy's arrays and scalars, as far as they are read."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    def tolist(self) -> Any:
        return self._plain


class Scalar:
    def item(self) -> float:
        return 2.5


class Unrelated:
    """An object whose method has the name of NumPy's and another meaning."""

    def item(self, position: int) -> int:
        return position

    def __str__(self) -> str:
        return "unrelated"


class Itself:
    """As NumPy's long double: its plain form is one of its own kind."""

    def tolist(self) -> Itself:
        return Itself()

    def __str__(self) -> str:
        return "itself"


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


class Hostile(Mapping[str, int]):
    """A mapping that raises at every touch."""

    def __getitem__(self, key: str) -> int:
        raise ValueError(key)

    def __iter__(self) -> Iterator[str]:
        raise ValueError("iter")

    def __len__(self) -> int:
        raise ValueError("len")


class Shape(Enum):
    ROUND = ("r", 1)


@dataclass
class Size:
    width: int
    name: str


class Word(str):
    __slots__ = ()


released = memoryview(b"gone")
released.release()

MENDED: list[tuple[Any, Any, str | None]] = [
    ("a\ud800b\udc00", "a�b�", SURROGATE),
    ("\ud83c\udf89", "🎉", SURROGATE),
    (Word("a\ud800"), "a�", SURROGATE),
    (1 << 63, "9223372036854775808", INTEGER),
    (-(1 << 63) - 1, "-9223372036854775809", INTEGER),
    (1 << 20000, hex(1 << 20000), INTEGER),
    (bytearray(b"ab"), b"ab", None),
    (memoryview(b"ab"), b"ab", None),
    ({3}, [3], None),
    (frozenset({"a"}), ["a"], None),
    ({"a": 1}.keys(), ["a"], None),
    ({"a": 1}.values(), [1], None),
    ({(1, 2): "tuple", 3: 4}, {"(1, 2)": "tuple", "3": 4}, None),
    ({Word("w"): 1}, {"w": 1}, None),
    ({"\ud800": 1}, {"�": 1}, SURROGATE),
    ({Unprintable(): 1}, {"<unprintable Unprintable>": 1}, UNPRINTABLE),
    (defaultdict(int, a=1), {"a": 1}, None),
    (Shape.ROUND, ["r", 1], None),
    (AWARE, "2026-01-02T03:04:05.000678+00:00", None),
    (date(2026, 1, 2), "2026-01-02", None),
    (time(3, 4), "03:04:00", None),
    (Numpyish([[1.0, 2.0]]), [[1.0, 2.0]], None),
    (Numpyish(None), None, None),
    (Scalar(), 2.5, None),
    (Unrelated(), "unrelated", OBJECT),
    (Itself(), "itself", OBJECT),
    (Size(3, "m"), {"width": 3, "name": "m"}, None),
    (UserString("text"), "text", None),
    (1 + 2j, "(1+2j)", OBJECT),
    (Decimal("1.50"), "1.50", OBJECT),
    (Fraction(1, 3), "1/3", OBJECT),
    (PurePosixPath("/a/b"), "/a/b", OBJECT),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001", OBJECT),
    (ValueError("bad"), "bad", OBJECT),
    (Size, str(Size), OBJECT),
    (object, "<class 'object'>", OBJECT),
    (Unprintable(), "<unprintable Unprintable>", UNPRINTABLE),
    (released, "<unprintable memoryview>", UNPRINTABLE),
    (Hostile(), "<unprintable Hostile>", UNPRINTABLE),
]


@pytest.mark.parametrize(("value", "expected", "reason"), MENDED, ids=lambda value: type(value).__name__)
def test_what_otlp_lacks_is_mended(value: Any, expected: Any, reason: str | None, mended: dict[str, int]) -> None:
    # Beside a good neighbour, in a body and as an attribute: the cost is that value's alone.
    found = decoded({"bad": value, "good": [value, 1]})
    assert found == {"bad": expected, "good": [expected, 1]}
    assert set(mended) == ({reason} if reason else set())


def test_numpy_is_read_without_being_imported(mended: dict[str, int]) -> None:
    numpy = pytest.importorskip("numpy")
    found = decoded(
        {
            "array": numpy.arange(4).reshape(2, 2),
            "float32": numpy.float32(0.5),
            "float64": numpy.float64(0.25),
            "int64": numpy.int64(7),
            "bool": numpy.bool_(True),
            "zero dimensions": numpy.array(3.0),
            "text": numpy.str_("t"),
            "time": numpy.datetime64("2026-01-02"),
        }
    )
    assert found == {
        "array": [[0, 1], [2, 3]],
        "float32": 0.5,
        "float64": 0.25,
        "int64": 7,
        "bool": True,
        "zero dimensions": 3.0,
        "text": "t",
        "time": "2026-01-02",
    }
    assert mended == {}


# --- depth and cycles ------------------------------------------------------------------------------------------------


def nest(depth: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"k": value}
    return value


@pytest.mark.parametrize(("kind", "deepest"), [(list, 46), (dict, 30)])
def test_the_deepest_value_passes_and_one_deeper_is_cut(kind: type, deepest: int, mended: dict[str, int]) -> None:
    assert decoded(nest(deepest, kind)) == nest(deepest, kind)
    assert mended == {}
    found = decoded(nest(deepest + 1, kind))
    for _ in range(deepest):
        found = found[0] if kind is list else found["k"]
    assert (found, mended) == ("<too deep>", {TOO_DEEP: 1})


@pytest.mark.parametrize("kind", [list, dict])
def test_a_request_with_values_of_any_depth_is_parsed(kind: type) -> None:
    """The bound is there for parsers: they take 100 messages inside each other, the request's own included."""

    def within(inner: bytes, *fields: int) -> bytes:
        for field in reversed(fields):
            inner = Heads(field)[len(inner)] + inner
        return inner

    # As deep as an exemplar's attribute lies: eight messages under the request.
    body = within(any_value(nest(200, kind)), 1, 2, 2, 5, 5, 1, 5, 1)
    assert ExportLogsServiceRequest.FromString(body).SerializeToString() == body


def test_a_cycle_is_cut_where_it_closes(mended: dict[str, int]) -> None:
    parent: dict[str, Any] = {"name": "parent"}
    parent["children"] = [{"name": number, "parent": parent} for number in range(3)]
    children = [{"name": number, "parent": "<too deep>"} for number in range(3)]
    assert decoded(parent) == {"name": "parent", "children": children}
    assert mended == {CYCLE: 3}


def test_a_list_inside_itself_is_cut(mended: dict[str, int]) -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    assert decoded(endless) == [1, "<too deep>"]
    assert mended == {CYCLE: 1}


def test_what_is_twice_beside_itself_is_no_cycle(mended: dict[str, int]) -> None:
    shared = {"a": [1]}
    assert decoded([shared, shared]) == [shared, shared]
    assert mended == {}


class Endless:
    """Its plain form is another object of its kind, of a class of its own each time."""

    def tolist(self) -> Any:
        return type("Endless", (Endless,), {})()


def test_a_plain_form_without_end_is_cut(mended: dict[str, int]) -> None:
    assert decoded(Endless()) == "<too deep>"
    assert mended == {TOO_DEEP: 1}


def test_where_python_allows_no_deeper_call_the_value_is_cut_there() -> None:
    def at_depth(frames: int) -> Any:
        return at_depth(frames - 1) if frames else any_value({"deep": nest(40, list), "flat": 1})

    frames = sys.getrecursionlimit() - 60 - sum(1 for _ in _frames())
    found = decoded_value(AnyValue.FromString(at_depth(frames)))
    innermost = found["deep"]
    while isinstance(innermost, list):
        innermost = innermost[0]
    assert (found["flat"], innermost) == (1, "<unprintable list>")


def _frames() -> Iterator[Any]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]  # None at the outermost


# --- objects that change ---------------------------------------------------------------------------------------------


class Changing(Mapping[str, int]):
    """A mapping that another thread changes during the first readings."""

    def __init__(self, disturbed: int) -> None:
        self._disturbed = disturbed

    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        yield "a"
        if self._disturbed:
            self._disturbed -= 1
            raise RuntimeError("dictionary changed size during iteration")

    def __len__(self) -> int:
        return 1


def test_a_container_that_changes_is_read_again(mended: dict[str, int]) -> None:
    assert decoded(Changing(disturbed=2)) == {"a": 1}
    assert mended == {}


def test_a_container_that_never_rests_costs_itself_alone(mended: dict[str, int]) -> None:
    assert decoded([Changing(disturbed=99), 1]) == ["<unprintable Changing>", 1]
    assert mended == {UNPRINTABLE: 1}


class Growing:
    """Its ``str()`` adds to the containers that it stands in."""

    def __init__(self, *containers: Any) -> None:
        self._containers = containers

    def __str__(self) -> str:
        for container in self._containers:
            if isinstance(container, dict):
                container[f"new {len(container)}"] = 1
            else:
                container.append(self)
        return "growing"


def test_containers_are_read_as_they_were_at_one_moment() -> None:
    numbers: list[Any] = []
    names: dict[str, Any] = {}
    growing = Growing(numbers, names)
    numbers.append(growing)
    names["first"] = growing
    assert decoded([numbers, names]) == [["growing"], {"first": "growing", "new 1": 1}]


# --- caches ----------------------------------------------------------------------------------------------------------


def test_caches_are_bounded_and_forget_nothing_that_matters() -> None:
    field = KeyValues(1)
    for round_ in range(2):
        for number in range(values._REMEMBERED):
            items = {f"key {number}": "v" * (number % 300), f"n{number}": round_}
            parts: list[bytes] = []
            key_values(parts, items, field)
            assert attributes(KeyValueList.FromString(b"".join(parts)).values) == items
    remembered = len(field) + sum(len(heads) for heads in field.values())
    assert values._REMEMBERED / 4 < remembered <= values._REMEMBERED + 2


def test_long_keys_and_values_are_not_remembered() -> None:
    field = KeyValues(1)
    key_values([], {"k" * 300: 1, "short": "v" * 300}, field)
    assert list(field) == ["short"]
    assert field["short"] == {}


def test_keys_that_are_equal_to_a_dictionary_are_told_apart() -> None:
    assert [decoded({key: 0}) for key in (1, True, 1.0, "1")] == [{"1": 0}, {"True": 0}, {"1.0": 0}, {"1": 0}]
