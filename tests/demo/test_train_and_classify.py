"""The demonstration, run as a user runs it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="the demonstration's libraries are an extra: pip install 'otel-distro[demo]'")
pytest.importorskip("matplotlib", reason="the demonstration's libraries are an extra: pip install 'otel-distro[demo]'")

PROGRAM = Path(__file__).parents[2] / "demo" / "train_and_classify.py"
HELD_BACK = 400


@dataclass(frozen=True)
class Demonstration:
    """One run of the demonstration.

    Attributes:
        stdout: What the program printed.
        stderr: What it said beside.
        records: What ``otel-distro show --json`` shows afterwards.
        overview: What ``otel-distro show`` shows afterwards.
    """

    stdout: str
    stderr: str
    records: dict[str, list[dict[str, Any]]]
    overview: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    state = tmp_path_factory.mktemp("state")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "XDG_"))}
    environ = {**kept, "XDG_STATE_HOME": str(state), "LC_ALL": "C.UTF-8", "COLUMNS": "100"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], env=environ, capture_output=True, text=True, check=True, timeout=240
        )

    program = run(str(PROGRAM))
    show = "from otel_distro.cli.main import main; main()"
    records = json.loads(run("-c", show, "show", "--json").stdout)
    return Demonstration(program.stdout, program.stderr, records, run("-c", show, "show").stdout)


def test_it_prints_its_result_alone(shown: Demonstration) -> None:
    assert re.fullmatch(r"9\d\.\d% of 400 held-back digits were read right\n", shown.stdout)


def test_it_says_how_far_it_is(shown: Demonstration) -> None:
    lines = shown.stderr.splitlines()
    assert "training 20 of 20" in lines
    assert "classifying 20 of 20" in lines


def test_one_run_with_every_step_of_its_metrics(shown: Demonstration) -> None:
    (run,) = shown.records["runs"]
    assert (run["name"], run["folder"], run["status"]) == ("digits-linear", "/demo/digits", "completed")
    assert run["tags"] == ["demo", "digits", "linear"]
    assert run["metadata"]["epochs"] == 20
    assert 0.9 < run["metadata"]["held_back_accuracy"] < 1
    assert set(run["metrics"]) == {
        "train.loss",
        "train.accuracy",
        "validation.loss",
        "validation.accuracy",
        "learning_rate",
    }
    for metric in run["metrics"].values():
        assert (metric["count"], metric["last_step"]) == (20, 19)
    assert run["metrics"]["train.loss"]["last"] < 0.3
    assert run["metrics"]["train.loss"]["max"] > 0.9


def test_the_rule_that_training_breaks_fires_and_the_other_does_not(shown: Demonstration) -> None:
    states = {alert["name"]: alert["state"] for alert in shown.records["alerts"]}
    assert states == {"accuracy too low": "fired", "training diverges": "defined"}
    fired = next(alert for alert in shown.records["alerts"] if alert["state"] == "fired")
    assert 0.9 < fired["observed"] < 0.99


def test_each_sample_is_an_arc_with_a_sub_arc_and_an_annotation(shown: Demonstration) -> None:
    (run,) = shown.records["runs"]
    arcs = {arc["id"]: arc for arc in shown.records["arcs"]}
    assert Counter(arc["class"] for arc in arcs.values()) == {"classify": HELD_BACK, "features": HELD_BACK}
    for arc in arcs.values():
        assert arc["status"] == "completed"
        assert arc["run_id"] == run["id"]
        if arc["class"] == "features":
            assert arcs[arc["parent_id"]]["class"] == "classify"
            assert set(arc["exports"]) == {"ink", "empty_columns"}
        else:
            assert set(arc["exports"]) == {"confidence", "margin", "correct", "predicted", "stroke"}
    annotations = shown.records["annotations"]
    assert Counter(arcs[annotation["arc_id"]]["class"] for annotation in annotations) == {"classify": HELD_BACK}
    for annotation in annotations:
        assert len(annotation["inputs"]["pixels"]) == 64
        assert set(annotation["outputs"]) == {"digit", "confidence"}
        assert annotation["labels"][0] in ("correct", "wrong")


def test_misjudged_batches_are_incidents_with_a_picture(shown: Demonstration) -> None:
    assert shown.records["incidents"]
    for incident in shown.records["incidents"]:
        assert re.fullmatch(r"batch \d+ misjudged", incident["title"])
        (file,) = incident["files"]
        assert file["media_type"] == "image/png"
        assert Path(file["path"]).read_bytes().startswith(b"\x89PNG")


def test_model_picture_and_program_are_artifacts(shown: Demonstration) -> None:
    artifacts = {artifact["name"]: artifact for artifact in shown.records["artifacts"]}
    assert {name: artifact["category"] for name, artifact in artifacts.items()} == {
        "digits-linear.npz": "output",
        "confusion-matrix.png": "output",
        "train_and_classify.py": "code",
    }
    assert artifacts["train_and_classify.py"]["size_bytes"] == PROGRAM.stat().st_size
    assert artifacts["confusion-matrix.png"]["media_type"] == "image/png"


def test_all_is_one_trace(shown: Demonstration) -> None:
    spans = shown.records["traces"]
    assert Counter(span["name"] for span in spans) == {"algo.run": 1, "algo.arc": 2 * HELD_BACK}
    assert len({span["trace_id"] for span in spans}) == 1


def test_the_timers_are_metrics(shown: Demonstration) -> None:
    counts = {metric["name"]: metric.get("count") for metric in shown.records["metrics"]}
    assert counts["demo.epoch"] == 20
    assert counts["demo.batch"] == 20


def test_the_overview_shows_it(shown: Demonstration) -> None:
    for expected in ("digits-linear  completed", "learning rate lowered", "accuracy too low", "misjudged"):
        assert expected in shown.overview
    assert "ARC classify" in shown.overview
    assert "run digits-linear" in shown.overview
