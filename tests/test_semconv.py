"""Holds the names in the code and the registry that describes them equal, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_distro import semconv

REGISTRY = Path(__file__).parents[1] / "docs" / "reference" / "registry.yaml"
STABILITY = "development"
# constants that are no name of an attribute, an event, a span or a metric
NOT_NAMES = ("SCOPE_NAME", "SCHEMA_URL", "NAMESPACE")
VALUES = {
    "algo.run.status": semconv.RUN_STATUSES,
    "algo.arc.status": semconv.ARC_STATUSES,
    "algo.artifact.category": semconv.ARTIFACT_CATEGORIES,
    "algo.alert.rule": semconv.ALERT_RULES,
}

Group = dict[str, Any]


@cache
def registry() -> tuple[Group, ...]:
    with REGISTRY.open(encoding="utf-8") as file:
        return tuple(yaml.safe_load(file)["groups"])


def groups(kind: str) -> list[Group]:
    return [group for group in registry() if group["type"] == kind]


def defined_attributes() -> dict[str, Group]:
    found = [attribute for group in groups("attribute_group") for attribute in group["attributes"] if "id" in attribute]
    assert len({attribute["id"] for attribute in found}) == len(found), "an attribute is defined twice"
    return {attribute["id"]: attribute for attribute in found}


def references() -> Iterator[tuple[str, str]]:
    for kind in ("attribute_group", "span", "event", "metric"):
        for group in groups(kind):
            yield from ((group["id"], found["ref"]) for found in group.get("attributes", ()) if "ref" in found)


def names_in_code(prefix: str) -> set[str]:
    return {value for name, value in vars(semconv).items() if name.startswith(prefix) and name != "METRIC_NAME"}


def attributes_in_code() -> set[str]:
    others = ("EVENT_", "SPAN_", "METRIC_", "STATUS_", "RULE_", "FILE_", "_", *NOT_NAMES)
    texts = {name: value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str)}
    return {value for name, value in texts.items() if not name.startswith(others)} | {semconv.METRIC_NAME}


def test_attributes_are_equal() -> None:
    assert set(defined_attributes()) == attributes_in_code()


def test_events_are_equal() -> None:
    assert {group["name"] for group in groups("event")} == names_in_code("EVENT_")


def test_spans_are_equal() -> None:
    assert {group["id"].removeprefix("span.") for group in groups("span")} == names_in_code("SPAN_")


def test_metrics_are_equal() -> None:
    assert {group["metric_name"] for group in groups("metric")} == names_in_code("METRIC_")


@pytest.mark.parametrize("name", VALUES)
def test_values_are_equal(name: str) -> None:
    members = defined_attributes()[name]["type"]["members"]
    assert tuple(member["value"] for member in members) == VALUES[name]


def test_every_closed_list_of_values_is_compared() -> None:
    closed = {name for name, attribute in defined_attributes().items() if isinstance(attribute["type"], dict)}
    assert closed == set(VALUES)


def test_the_keys_of_a_file_are_those_of_an_artifact() -> None:
    keys = {f"algo.artifact.{value}" for name, value in vars(semconv).items() if name.startswith("FILE_")}
    of_an_artifact = {name for name in defined_attributes() if name.startswith("algo.artifact.")}
    assert of_an_artifact - keys == {semconv.ARTIFACT_ID, semconv.ARTIFACT_CATEGORY}
    assert keys <= of_an_artifact


def test_every_reference_leads_to_an_attribute() -> None:
    assert [reference for reference in references() if reference[1] not in defined_attributes()] == []


def test_every_attribute_of_ours_is_referred_to() -> None:
    referred = {name for _, name in references()}
    assert set(defined_attributes()) == referred


def test_every_extended_group_is_there() -> None:
    there = {group["id"] for group in groups("attribute_group")}
    extending = [group for kind in ("attribute_group", "span", "event") for group in groups(kind)]
    assert {group["extends"] for group in extending if "extends" in group} <= there


@pytest.mark.parametrize("kind", ["span", "event", "metric"])
def test_every_signal_has_what_the_format_asks_for(kind: str) -> None:
    wanted = {
        "span": {"id", "brief", "stability", "span_kind", "attributes"},
        "event": {"id", "brief", "stability", "name"},
        "metric": {"id", "brief", "stability", "metric_name", "instrument", "unit", "attributes"},
    }[kind]
    for group in groups(kind):
        assert wanted <= set(group), group["id"]
        assert group["id"] == f"{kind}.{group.get('name') or group.get('metric_name') or group['id'].partition('.')[2]}"
        assert group["stability"] == STABILITY


def test_every_attribute_has_what_the_format_asks_for() -> None:
    for name, attribute in defined_attributes().items():
        assert attribute["brief"].endswith("."), name
        assert attribute["stability"] == STABILITY
        if isinstance(attribute["type"], str) and attribute["type"].startswith("string"):
            assert attribute["examples"], name
