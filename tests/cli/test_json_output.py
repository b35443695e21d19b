"""Strict JSON, streamed."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from otel_distro.cli import json_output


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"not strict: {constant}")


def _strictly(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"), parse_constant=_refuse)


def _written(records: Iterator[Any] | list[Any]) -> bytes:
    stream = io.BytesIO()
    json_output.write_list(stream, records)
    return stream.getvalue()


def test_no_records_are_an_empty_list() -> None:
    assert _written([]) == b"[]\n"


def test_a_record_is_a_line() -> None:
    text = _written([{"name": "é"}, {"name": "b"}])
    assert text == '[\n{"name": "é"},\n{"name": "b"}\n]\n'.encode()
    assert _strictly(text) == [{"name": "é"}, {"name": "b"}]


def test_numbers_that_json_lacks_are_strings_at_any_depth() -> None:
    record = {"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": True, "e": None, "f": 1.5}
    assert _strictly(_written([record])) == [
        {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}], "d": True, "e": None, "f": 1.5}
    ]


def test_what_json_lacks_becomes_a_string() -> None:
    assert _strictly(json_output.encode({"b": b"\x00\xff", "s": (1, 2), 3: 1j})) == {
        "b": "AP8=",
        "s": [1, 2],
        "3": "1j",
    }


def test_a_lone_surrogate_is_kept_as_its_escape() -> None:
    assert _strictly(json_output.encode("a\udc80b")) == "a\udc80b"


def test_several_lists_are_one_object() -> None:
    stream = io.BytesIO()
    json_output.write_lists(stream, {"runs": [{"id": "1"}], "arcs": []})
    assert _strictly(stream.getvalue()) == {"runs": [{"id": "1"}], "arcs": []}
    json_output.write_lists(empty := io.BytesIO(), {})
    assert _strictly(empty.getvalue()) == {}


def test_a_record_is_written_before_the_next_but_one_is_read() -> None:
    stream = io.BytesIO()
    behind: list[int] = []

    def records() -> Iterator[dict[str, int]]:
        for number in range(1_000):
            behind.append(number - stream.getvalue().count(b"number"))
            yield {"number": number}

    json_output.write_list(stream, records())
    assert max(behind) <= 1


def test_nothing_is_written_when_the_question_is_refused() -> None:
    def refused() -> Iterator[Any]:
        raise ValueError("no such field")
        yield

    stream = io.BytesIO()
    with pytest.raises(ValueError, match="no such field"):
        json_output.write_list(stream, refused())
    assert stream.getvalue() == b""
