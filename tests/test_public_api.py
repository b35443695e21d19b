"""Holds the public API: the names, that each is documented, and the shape of each call."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import otel_distro

NAMES = [
    "alert",
    "annotate",
    "arc",
    "artifact",
    "configure",
    "counter",
    "detached",
    "event",
    "export",
    "flush",
    "gauge",
    "histogram",
    "incident",
    "meter",
    "run",
    "shutdown",
    "sub_arc",
    "summary",
    "timer",
    "timeseries",
]

# What may be passed by position, in order, then which keywords there are at least. More keywords may follow.
SHAPES = {
    "run": ("name", "folder tags metadata description"),
    "arc": ("arc_class", "id"),
    "sub_arc": ("arc_class", "id"),
    "annotate": ("", "inputs outputs metadata labels id"),
    "incident": ("title description", "files"),
    "artifact": ("value category", "name"),
    "timeseries": ("name value time_unix_nano tags", ""),
    "flush": ("timeout_seconds", ""),
    "shutdown": ("timeout_seconds", ""),
}


def test_the_package_hands_on_these_names_and_no_other() -> None:
    assert sorted(otel_distro.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_documented(name: str) -> None:
    value = getattr(otel_distro, name)
    documentation = inspect.getdoc(value)
    assert callable(value)
    assert documentation, f"{name} has no docstring"
    assert documentation.splitlines()[0].endswith("."), f"the first line of {name} is no sentence"


@pytest.mark.parametrize("name", SHAPES)
def test_each_call_has_its_shape(name: str) -> None:
    positional, keywords = (part.split() for part in SHAPES[name])
    parameters = inspect.signature(getattr(otel_distro, name)).parameters
    by_position = [key for key, value in parameters.items() if value.kind is value.POSITIONAL_OR_KEYWORD]
    assert by_position == positional
    assert set(keywords) <= set(parameters)


def test_a_star_import_gives_them_all() -> None:
    program = f"from otel_distro import *; print(all(callable(globals()[name]) for name in {NAMES!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
