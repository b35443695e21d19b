"""What the API emits is what the registry says: every attribute declared, every required one there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.fakes import Recorded
from otel_distro.api import alert, annotate, arc, artifact, event, export, incident, run, set_resource, sub_arc

REGISTRY = Path(__file__).parents[2] / "docs" / "reference" / "registry.yaml"
EMITTED_ELSEWHERE = {"algo.alert.fired", "algo.alert.resolved"}  # by whoever evaluates the rules
TYPES = {
    "string": str,
    "int": int,
    "double": float,
    "string[]": list,
    "any": list,
    "template[any]": object,
}

Group = dict[str, Any]


@cache
def groups() -> dict[str, Group]:
    return {group["id"]: group for group in yaml.safe_load(REGISTRY.read_text("utf-8"))["groups"]}


@cache
def types() -> dict[str, Any]:
    attributes = (found for group in groups().values() for found in group.get("attributes", ()))
    return {found["id"]: found["type"] for found in attributes if "id" in found}


def levels(group_id: str) -> dict[str, Any]:
    """Returns the attributes of a group, those it inherits included, with their requirement levels."""
    group = groups()[group_id]
    inherited = levels(group["extends"]) if "extends" in group else {}
    own = {found["ref"]: found.get("requirement_level") for found in group.get("attributes", ())}
    return {**inherited, **own}


def check(group_id: str, attributes: Mapping[str, Any]) -> None:
    declared = levels(group_id)
    templates = tuple(f"{name}." for name in declared if str(types()[name]).startswith("template"))
    unknown = [name for name in attributes if name not in declared and not name.startswith(templates or ("\0",))]
    assert unknown == [], group_id
    required = [name for name, level in declared.items() if level == "required"]
    assert [name for name in required if name not in attributes] == [], group_id
    for name, value in attributes.items():
        if name in declared:
            check_type(name, value)


def check_type(name: str, value: Any) -> None:
    kind = types()[name]
    if isinstance(kind, dict):
        assert value in [member["value"] for member in kind["members"]], name
    else:
        assert isinstance(list(value) if isinstance(value, tuple) else value, TYPES[kind]), name


@pytest.fixture
def everything(recorded: Recorded, tmp_path: Path) -> Recorded:
    """Makes every call once, in every surrounding."""
    path = tmp_path / "file.txt"
    path.write_text("content")
    everywhere(path)
    set_resource("model-7")
    with run("train", folder="/f", tags=["a"], metadata={"b": 1}, description="d") as r:
        everywhere(path)
        with arc("scoring"):
            everywhere(path)
            with sub_arc("features") as features:
                everywhere(path)
                features.export({"a": 1})
        r.log({"loss": 1.0})
        r.event("text")
        r.event(ValueError("no"))
        r.save(path, "output")
        r.artifact({"a": 1}, "output", name="n")
        r.alert("a", metric="m", rule="is above", threshold=1)
        r.update(metadata={"a": 1}, tags=["t"], description="d", status="failed")
        r.folder("/f", metadata={"a": 1}, tags=["t"], description="d")
    with pytest.raises(ValueError, match="no"), run(), arc("failing"):
        raise ValueError("no")
    return recorded


def everywhere(path: Path) -> None:
    annotate(inputs=1, outputs=2, metadata={"a": 1}, labels=["l"])
    incident("title", "description", files=[path])
    artifact(path, "input")
    alert("a", metric="m", rule="is inside range", range_low=0, range_high=1)
    event("text")
    event({"a": 1})
    event(ValueError("no"))
    export({"a": 1})


def test_every_event_is_as_declared(everything: Recorded) -> None:
    by_name = {group["name"]: group_id for group_id, group in groups().items() if group["type"] == "event"}
    for found in everything.events():
        check(by_name[found.name], found.attributes)
        assert (found.body is not None) == ("body" in groups()[by_name[found.name]]), found.name
    assert {found.name for found in everything.events()} == set(by_name) - EMITTED_ELSEWHERE


def test_every_span_is_as_declared(everything: Recorded) -> None:
    for span in everything.spans():
        check(f"span.{span.name}", dict(span.attributes or {}))
    assert {span.name for span in everything.spans()} == {"algo.run", "algo.arc"}


def test_every_metric_is_as_declared(everything: Recorded) -> None:
    data = everything.metric_reader.get_metrics_data()
    assert data is not None
    made = {metric.name: metric for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics}
    declared = {group["metric_name"]: group for group in groups().values() if group["type"] == "metric"}
    assert set(made) == set(declared)
    for name, metric in made.items():
        assert metric.unit == declared[name]["unit"], name
        assert type(metric.data).__name__.lower().startswith(kinds(declared[name]["instrument"])), name
        for point in metric.data.data_points:
            check(f"metric.{name}", dict(point.attributes or {}))


def kinds(instrument: str) -> str:
    """Returns how the SDK's class for the data of an instrument begins."""
    return {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}[instrument]


def test_the_check_finds_what_is_wrong() -> None:
    good: dict[str, Any] = {"algo.folder.path": "/f", "algo.folder.metadata.a": {"b": 1}}
    check("event.algo.folder.updated", good)
    bad: Iterable[dict[str, Any]] = ({}, {**good, "algo.run.id": "1"}, {"algo.folder.path": 5})
    for attributes in bad:
        with pytest.raises(AssertionError):
            check("event.algo.folder.updated", attributes)
