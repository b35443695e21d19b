"""The command over what a program really recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
from otel_distro import alert, annotate, arc, configure, export, incident, run, sub_arc, timer
import pathlib, sys

configure()
report = pathlib.Path(sys.argv[1])
report.write_text("all of it")
with run("train", folder="/tests", tags=["one"], metadata={"size": 3}, description="a test") as r:
    r.alert("too high", metric="loss", rule="is above", threshold=1.0)
    for step in range(5):
        r.log({"loss": 5.0 - step, "broken": float("nan")})
    r.event("halfway")
    r.save(report, "output")
    with arc("scoring"), sub_arc("features"), timer("load"):
        export({"score": 0.5, "region": "eu"})
        annotate(inputs={"x": 1}, outputs=[float("inf")], labels=["good"])
    incident("title", "description", files=[report])
"""
LISTINGS = ("runs", "arcs", "annotations", "incidents", "alerts", "artifacts", "metrics", "traces")


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=check, timeout=120)


def _show(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return _run("-c", "from otel_distro.cli.main import main; main()", "show", *arguments, check=check)


def _json(*arguments: str) -> Any:
    return json.loads(_show(*arguments, "--json").stdout)


@pytest.fixture
def recorded(tmp_path: Path) -> None:
    """A store in the test's own home that the program wrote to."""
    _run("-c", PROGRAM, str(tmp_path / "report.txt"))


@pytest.mark.usefixtures("recorded")
def test_everything_that_a_program_recorded_is_shown() -> None:
    shown = _json()
    (run,) = shown["runs"]
    assert (run["name"], run["folder"], run["status"], run["tags"]) == ("train", "/tests", "completed", ["one"])
    assert run["metrics"]["loss"] == {"last": 1.0, "min": 1.0, "max": 5.0, "count": 5, "last_step": 4}
    assert run["metrics"]["broken"]["last"] == "NaN"
    features, scoring = sorted(shown["arcs"], key=lambda arc: str(arc["class"]))
    assert features["parent_id"] == scoring["id"]
    assert features["exports"] == {"score": 0.5, "region": "eu"}
    (annotation,) = shown["annotations"]
    assert annotation["outputs"] == ["Infinity"]
    assert annotation["arc_id"] == features["id"]
    (alert,) = shown["alerts"]
    assert (alert["name"], alert["state"], alert["observed"]) == ("too high", "fired", 3.0)
    (incident,) = shown["incidents"]
    assert incident["files"][0]["name"] == "report.txt"
    (artifact,) = shown["artifacts"]
    assert Path(artifact["path"]).read_text() == "all of it"
    assert {"load", "loss"} <= {metric["name"] for metric in shown["metrics"]}
    assert sorted(span["name"] for span in shown["traces"]) == ["algo.arc", "algo.arc", "algo.run"]
    for line in _show().stdout, *(_show(name).stdout for name in LISTINGS):
        assert "recorded yet" not in line
        assert "no " not in line.partition("\n")[0]

    for name, arguments in {
        "runs": ("--run", "train", "--status", "completed", "--folder", "/tests", "--since", "1h"),
        "arcs": ("--run", run["id"][:6], "--class", "scoring", "--sort", "duration_seconds"),
        "annotations": ("--run", "train", "--label", "good"),
        "incidents": ("--run", "train", "--ascending"),
        "alerts": ("--run", "train", "--state", "fired"),
        "artifacts": ("--run", "train", "--category", "output", "--sort", "size_bytes"),
        "metrics": ("--run", "train", "--name", "loss"),
        "traces": ("--trace", annotation["trace_id"], "--limit", "1"),
    }.items():
        assert len(_json(name, *arguments)) == 1, name


def test_what_waits_is_taken_up_before_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as nobody_forwards:
        nobody_forwards.setenv("OTEL_DISTRO_FORWARDER", "none")
        _run("-c", PROGRAM, str(tmp_path / "report.txt"))
    result = _show("runs", "--json")
    assert [run["name"] for run in json.loads(result.stdout)] == ["train"]
    assert result.stderr == ""


def test_asking_an_empty_home_makes_no_file(own_home: Path) -> None:
    assert _json("runs") == []
    assert "nothing recorded yet" in _show().stdout
    assert [path for path in own_home.rglob("*") if path.is_file()] == []


def test_a_file_that_is_no_store_is_one_line(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"something else" * 1_000)
    result = _show("--store", str(other), check=False)
    assert result.returncode == 1
    assert str(other) in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert other.read_bytes() == b"something else" * 1_000
