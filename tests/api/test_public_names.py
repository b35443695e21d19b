"""The API's names: held, documented, each in the list of its module."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

from otel_distro import api

NAMES = [
    "alert",
    "annotate",
    "arc",
    "artifact",
    "counter",
    "current_arc",
    "current_run",
    "detached",
    "event",
    "export",
    "gauge",
    "get_resource",
    "histogram",
    "incident",
    "meter",
    "run",
    "set_resource",
    "sub_arc",
    "summary",
    "timer",
    "timeseries",
]
MODULES = [import_module(f"otel_distro.api.{found.name}") for found in pkgutil.iter_modules(api.__path__)]


def test_the_names_are_these() -> None:
    assert list(api.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_what_it_does_and_what_it_takes(name: str) -> None:
    value = getattr(api, name)
    text = inspect.getdoc(value)
    assert text
    taken = inspect.getdoc(value.__call__) if name == "run" else text
    parameters = [found for found in inspect.signature(value).parameters if found not in {"args", "kwds"}]
    assert [found for found in parameters if f"{found}:" not in str(taken)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_module_hands_on_what_it_lists_and_documents_it(module: ModuleType) -> None:
    assert module.__doc__
    for name in module.__all__:
        value = getattr(module, name)
        if not inspect.isclass(value) and not inspect.isfunction(value):
            continue
        assert inspect.getdoc(value), name
        for method, function in vars(value).items() if inspect.isclass(value) else ():
            assert method.startswith("_") or not inspect.isfunction(function) or inspect.getdoc(function), method
