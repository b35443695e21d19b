"""Holds the rules of ARCHITECTURE.md over the whole tree, and shows of each that a planted violation is caught."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import architecture_rules as rules

ROOT = Path(__file__).parents[1]
VENDOR = "exporters/acme/otel_exporter_acme"
DOC = '"""Says what it is for."""\n'
EMPTY = {"otel_distro/__init__.py": DOC, "otel_distro/api/__init__.py": DOC, "pyproject.toml": "[project]\n"}

# A rule, the file that breaks it, and what stands in it.
VIOLATIONS = [
    (rules.rooms, "otel_distro/semconv.py", "import json"),
    (rules.rooms, "otel_distro/semconv.py", "from otel_distro import config"),
    (rules.rooms, "otel_distro/environment_variables.py", "import os"),
    (rules.rooms, "otel_distro/config.py", "import yaml"),
    (rules.rooms, "otel_distro/api/run.py", "from opentelemetry.sdk import trace"),
    (rules.rooms, "otel_distro/api/run.py", "from otel_distro import spool"),
    (rules.rooms, "otel_distro/api/run.py", "def f():\n    from otel_distro.otlp import encoder"),
    (rules.rooms, "otel_distro/api/run.py", "from ..spool import writer"),
    (rules.rooms, "otel_distro/api/run.py", "import requests"),
    (rules.rooms, "otel_distro/compat/mona.py", "from otel_distro.forwarder import worker"),
    (rules.rooms, "otel_distro/query/local.py", "from otel_distro.api import run"),
    (rules.rooms, "otel_distro/query/local.py", "import pandas"),
    (rules.rooms, "otel_distro/spool/writer.py", "from opentelemetry import trace"),
    (rules.rooms, "otel_distro/spool/writer.py", "from otel_distro.otlp.encoder import encode"),
    (rules.rooms, "otel_distro/otlp/encoder.py", "from otel_distro.spool import writer"),
    (rules.rooms, "otel_distro/forwarder/worker.py", "import otel_distro.api"),
    (rules.rooms, "otel_distro/forwarder/worker.py", "import grpc"),
    (rules.rooms, "otel_distro/metrics/counter.py", "from opentelemetry.sdk.metrics import MeterProvider"),
    (rules.rooms, "otel_distro/cli/main.py", "import importlib\nimportlib.import_module('requests')"),
    (rules.rooms, "otel_distro/shed/tool.py", "import json"),
    (rules.rooms, f"{VENDOR}/exporter.py", "from otel_distro.api import run"),
    (rules.rooms, f"{VENDOR}/exporter.py", "from otel_distro.spool.writer import Writer"),
    (rules.rooms, f"{VENDOR}/exporter.py", "import requests"),
    (rules.rooms, f"{VENDOR}/client.py", "from otel_distro.configurator import start"),
    (rules.rooms, "instrumentations/acme/otel_instrumentation_acme/core.py", "import opentelemetry.sdk.trace"),
    (rules.rooms, "instrumentations/acme/otel_instrumentation_acme/core.py", "import otel_distro.spool"),
    (rules.house_knows_no_plugin, "otel_distro/cli/main.py", "import otel_exporter_local.exporter"),
    (rules.house_knows_no_plugin, "otel_distro/cli/main.py", "from otel_instrumentation_asgi import core"),
    (rules.house_knows_no_plugin, "otel_distro/cli/main.py", "NAME = 'otel_exporter_local.exporter'"),
    (rules.plugins_know_no_other, f"{VENDOR}/exporter.py", "from otel_exporter_local import exporter"),
    (rules.translators_are_pure, f"{VENDOR}/translator.py", "import time"),
    (rules.translators_are_pure, f"{VENDOR}/translator.py", "from datetime import datetime\ndatetime.now()"),
    (rules.translators_are_pure, f"{VENDOR}/translator.py", "from os import environ"),
    (rules.translators_are_pure, f"{VENDOR}/batcher.py", "import urllib.request"),
    (rules.translators_are_pure, f"{VENDOR}/batcher.py", "from .client import Client"),
    (rules.only_clients_reach_the_wire, f"{VENDOR}/exporter.py", "from http.client import HTTPSConnection"),
    (rules.private_modules_stay_in_one_place, "otel_distro/distro.py", "import opentelemetry.sdk._configuration"),
    (rules.private_modules_stay_in_one_place, "tests/test_x.py", "from opentelemetry.sdk.trace import _Span"),
    (rules.private_modules_stay_in_one_place, "tests/test_x.py", "from opentelemetry.sdk._logs._internal import Log"),
    (rules.loads_no_sdk, "otel_distro/api/run.py", "import opentelemetry.sdk.trace"),
    (rules.loads_no_sdk, "otel_distro/__init__.py", "import google.protobuf.message"),
    (rules.loads_no_sdk, "otel_distro/compat/mona.py", "import opentelemetry.exporter.otlp.proto.common"),
    (rules.loads_no_sdk, "instrumentations/acme/otel_instrumentation_acme/__init__.py", "import grpc"),
    (rules.files_have_a_docstring, "benchmarks/spool.py", "import json"),
    (rules.files_are_short, "demo/long.py", "\n" * rules.MAX_LINES),
    (rules.init_files_define_nothing, "otel_distro/spool/__init__.py", "def f(): ..."),
    (rules.init_files_define_nothing, f"{VENDOR}/__init__.py", "LIMIT = 3"),
    (rules.project_avoids_upstream_traps, "pyproject.toml", "[project.optional-dependencies]\ninstruments = []"),
    (rules.project_avoids_upstream_traps, "pyproject.toml", '[project]\ndependencies = ["opentelemetry-distro>=0.5"]'),
    (
        rules.project_avoids_upstream_traps,
        "pyproject.toml",
        '[project.optional-dependencies]\nx = ["opentelemetry_distro"]',
    ),
]

# What looks like a violation and is none.
LAWFUL = [
    (rules.rooms, "otel_distro/api/run.py", "from opentelemetry import trace\nfrom otel_distro import semconv"),
    (
        rules.rooms,
        "otel_distro/query/reader.py",
        "from typing import *\nif TYPE_CHECKING:\n    import typing_extensions",
    ),
    (rules.rooms, f"{VENDOR}/client.py", "import requests\nfrom otel_distro.forwarder.errors import HeldError"),
    (rules.rooms, "instrumentations/acme/otel_instrumentation_acme/core.py", "import fastapi, otel_distro.api"),
    (rules.plugins_know_no_other, f"{VENDOR}/exporter.py", "from otel_exporter_acme.client import Client"),
    (rules.translators_are_pure, f"{VENDOR}/translator.py", "import math, urllib.parse\nfrom datetime import datetime"),
    (rules.only_clients_reach_the_wire, f"{VENDOR}/client.py", "import http.client"),
    (
        rules.private_modules_stay_in_one_place,
        "tests/test_x.py",
        "from opentelemetry.sdk._logs.export import Processor",
    ),
    (rules.private_modules_stay_in_one_place, "tests/test_x.py", "from opentelemetry import _logs"),
    (rules.private_modules_stay_in_one_place, "otel_distro/configurator.py", "import opentelemetry.sdk._configuration"),
    (rules.init_files_define_nothing, f"{VENDOR}/__init__.py", "from json import loads\n__all__ = ['loads']"),
    (rules.project_avoids_upstream_traps, "pyproject.toml", '[project]\ndependencies = ["opentelemetry-distro-x"]'),
]

Rule = Callable[[Path], list[str]]


def plant(root: Path, path: str, text: str) -> None:
    """Lays out a small house that keeps every rule, and one file more."""
    for name, content in {**EMPTY, path: text}.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "path", "text"), VIOLATIONS)
def test_a_violation_is_caught(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    plant(tmp_path, path, text)
    assert len(rule(tmp_path)) == 1


@pytest.mark.parametrize(("rule", "path", "text"), LAWFUL)
def test_what_is_lawful_passes(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    plant(tmp_path, path, text)
    assert rule(tmp_path) == []


def test_each_rule_has_a_violation_planted() -> None:
    assert {rule for rule, _, _ in VIOLATIONS} == set(rules.RULES)


def test_each_room_stands_in_the_document() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    there = [name.removeprefix("otel_distro/") for name in rules.ROOMS if (ROOT / name).exists()]
    names = [name if name.endswith(".py") else f"{name}/" for name in there if name != "__init__.py"]
    assert [name for name in names if f"`{name}" not in page] == []


def base_configurator(private: Any) -> None:
    """``configure`` hands its keywords to ``_configure``, and a configurator is made once."""
    given: list[dict[str, Any]] = []

    class Own(private):  # type: ignore[misc]  # a base that is known at run time only
        def _configure(self, **keywords: Any) -> None:
            given.append(keywords)

    Own().configure(auto_instrumentation_version="1")
    assert given == [{"auto_instrumentation_version": "1"}]
    assert Own() is Own()


# What configurator.py expects of each private name that it imports: seen here when upstream changes it.
PRIVATE = {"opentelemetry.sdk._configuration._BaseConfigurator": base_configurator}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_name_is_as_we_need_it(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    PRIVATE[name](getattr(import_module(module), attribute))


def test_each_private_name_in_use_has_its_test() -> None:
    imported = rules.private_names(ROOT / "otel_distro/configurator.py", ROOT)
    assert {name.target for name in imported} == set(PRIVATE)
