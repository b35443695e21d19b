"""A program records the same whichever way it is started, and its own output stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import programs

APP = """
    from otel_distro import annotate, arc, configure, export, incident, run, sub_arc, timeseries

    {start}

    with run("train", folder="/tests", tags=["demo"], metadata={{"environment": "test"}}, description="A test") as r:
        r.alert("too high", metric="loss", rule="is above", threshold=0.1)
        for step in range(3):
            r.log({{"loss": 1 / (step + 1)}}, step=step)
        r.save(__file__, "code")
        with arc("scoring"), sub_arc("features"):
            export({{"score": 0.5, "region": "eu"}})
        annotate(inputs={{"x": 1}}, outputs={{"y": 2}}, labels=["good"])
        incident("misjudged", "a batch was misjudged", files=[__file__])
    timeseries("price", 3.2, time_unix_nano=1_700_000_000_000_000_000)
    print("the program's own output")
"""

LISTINGS = ("runs", "arcs", "annotations", "incidents", "alerts", "artifacts", "metrics", "traces")
# What differs from one time to the next: ids, times, and what names this process.
VARYING = re.compile(
    r"(^|[_.])id$|_unix_nano$|duration|^path$|^trace|^links$|^observed$|service\.instance\.id|process\."
)


def steady(value: Any) -> Any:
    """Leaves out ids, times and what names the process."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if not VARYING.search(key)}
    return [steady(item) for item in value] if isinstance(value, list) else value


def recorded() -> dict[str, Any]:
    """Returns everything that is shown, without what varies."""
    listed = {what: steady(programs.shown(what)) for what in LISTINGS}
    listed["metrics"] = sorted(
        [(row["name"], row["unit"], row["kind"], str(steady(row["attributes"]))) for row in programs.shown("metrics")]
    )
    listed["traces"] = sorted((row["name"], row["kind"], row["status"]) for row in programs.shown("traces"))
    return listed


@pytest.mark.parametrize("instrumented", [False, True])
def test_what_is_recorded_is_shown(tmp_path: Path, instrumented: bool) -> None:
    app = programs.write(tmp_path, APP.format(start="" if instrumented else "configure()"))

    result = programs.run(app, instrumented=instrumented)

    assert (result.returncode, result.stdout) == (0, "the program's own output\n")
    (run,) = programs.shown("runs")
    assert (run["name"], run["folder"], run["status"], run["tags"]) == ("train", "/tests", "completed", ["demo"])
    assert (run["metadata"], run["description"]) == ({"environment": "test"}, "A test")
    assert run["metrics"]["loss"] == {"last": 1 / 3, "min": 1 / 3, "max": 1.0, "count": 3, "last_step": 2}
    top, sub = sorted(programs.shown("arcs"), key=lambda row: len(row["id"]))
    assert (top["class"], sub["class"], sub["parent_id"]) == ("scoring", "features", top["id"])
    assert sub["exports"] == {"score": 0.5, "region": "eu"}
    (annotation,) = programs.shown("annotations")
    assert (annotation["inputs"], annotation["outputs"], annotation["labels"]) == ({"x": 1}, {"y": 2}, ["good"])
    assert annotation["run_id"] == run["id"]
    (incident,) = programs.shown("incidents")
    assert [file["name"] for file in incident["files"]] == ["app.py"]
    (alert,) = programs.shown("alerts")
    assert (alert["name"], alert["state"]) == ("too high", "fired")
    assert alert["observed"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    (artifact,) = programs.shown("artifacts")
    assert Path(artifact["path"]).read_text("utf-8") == app.read_text("utf-8")


def test_both_ways_of_starting_record_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = []
    app = programs.write(tmp_path, APP.format(start="configure()"))
    for instrumented in (False, True):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state-{instrumented}"))
        assert programs.run(app, instrumented=instrumented).returncode == 0
        recordings.append(recorded())

    assert recordings[0] == recordings[1]


def test_stderr_has_the_start_line_and_the_summary_and_quiet_has_nothing(tmp_path: Path) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))

    spoken = programs.run(app).stderr.splitlines()
    silent = programs.run(app, OTEL_DISTRO_QUIET="true").stderr

    assert len(spoken) == 2
    assert "otel-distro show" in spoken[0]
    accepted, delivered = re.findall(r"(\d+) (?:accepted|delivered)", spoken[1])
    assert accepted == delivered
    assert silent == ""


def test_what_was_mended_or_left_out_is_named_once_and_counted(tmp_path: Path) -> None:
    app = programs.write(
        tmp_path,
        """
        from otel_distro import annotate, configure, export, run
        configure()
        with run("train") as r:
            for _ in range(3):
                r.log({"loss": 1, "note": "no number"})
            r.save("/nowhere/at/all", "output")
            export({"outside": "any ARC"})
            annotate(inputs={"object": object()}, outputs=2**70)
        """,
    )

    spoken, silent = programs.run(app).stderr, programs.run(app, OTEL_DISTRO_QUIET="true").stderr

    assert spoken.count("leaves out what is no number: note") == 1
    assert spoken.splitlines()[-1].endswith("; 1 file missing, 5 mended, 1 outside arc")
    assert silent == ""


def test_a_disk_that_refuses_everything_is_said_and_the_program_runs(tmp_path: Path) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))
    (tmp_path / "file").write_text("where a directory is needed")

    result = programs.run(app, OTEL_DISTRO_SPOOL_DIR=str(tmp_path / "file"))

    assert (result.returncode, result.stdout) == (0, "the program's own output\n")
    assert "cannot be written" in result.stderr
    assert re.search(r"\d+ lost because the disk refused them", result.stderr)
    assert "delivered" not in result.stderr


def test_nothing_is_written_when_the_sdk_is_disabled(tmp_path: Path, own_home: Path) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))

    result = programs.run(app, OTEL_SDK_DISABLED="true")

    assert (result.returncode, result.stdout) == (0, "the program's own output\n")
    assert programs.command("show", "runs", "--json", OTEL_SDK_DISABLED="true").stdout.strip() == "[]"
    assert not (own_home / "state").exists()


def test_a_wrong_setting_is_one_line_and_the_program_runs(tmp_path: Path) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))

    result = programs.run(app, OTEL_DISTRO_DESTINATIONS="local,nosuch", OTEL_DISTRO_QUIET="")

    assert (result.returncode, result.stdout) == (0, "the program's own output\n")
    assert "OTEL_DISTRO_DESTINATIONS names 'nosuch', which is not installed; known are local" in result.stderr
    assert len(programs.shown("runs")) == 1


@pytest.mark.parametrize("instrumented", [False, True])
def test_a_setting_that_cannot_work_is_one_line_and_the_program_runs_unrecorded(
    tmp_path: Path, instrumented: bool
) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))

    result = programs.run(app, instrumented=instrumented, OTEL_DISTRO_EXIT_TIMEOUT_SECONDS="soon")

    assert (result.returncode, result.stdout) == (0, "the program's own output\n")
    assert "OTEL_DISTRO_EXIT_TIMEOUT_SECONDS='soon' is no number of seconds; set it to one" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_program_whose_first_record_comes_at_its_exit_delivers_it(tmp_path: Path) -> None:
    # From Python 3.12 on no thread can be started by then: the exit itself forwards.
    app = programs.write(
        tmp_path,
        """
        from otel_distro import configure, counter
        configure()
        counter("things").add(3)
        """,
    )

    assert programs.run(app).stderr.endswith("local: 1 accepted, 1 delivered\n")
    assert [(row["name"], row["value"]) for row in programs.shown("metrics")] == [("things", 3)]


def test_what_a_killed_program_recorded_is_shown(tmp_path: Path) -> None:
    app = programs.write(
        tmp_path,
        """
        import os, signal
        from otel_distro import configure, run
        configure()
        r = run.start("killed")
        for n in range(500):
            r.log({"n": n})
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert programs.run(app).returncode == -9

    (run,) = next(rows for _ in range(10) if (rows := programs.shown("runs")))  # each takes up at most 2 s of it

    assert run["metrics"]["n"] == {"last": 499, "min": 0, "max": 499, "count": 500, "last_step": 499}


def test_what_waits_is_delivered_by_a_drain(tmp_path: Path) -> None:
    app = programs.write(tmp_path, APP.format(start="configure()"))
    result = programs.run(app, OTEL_DISTRO_FORWARDER="none", OTEL_DISTRO_EXIT_TIMEOUT_SECONDS="0")
    kept = re.search(r"(\d+) kept", result.stderr)
    assert kept
    status = programs.spool_status()["local"]
    assert status["queued"] == status["accepted"] == int(kept[1])

    drained = programs.command("spool", "drain")

    assert drained.returncode == 0, drained.stderr
    after = programs.spool_status()["local"]
    assert (after["queued"], after["parked"], after["lost"]) == (0, 0, {})
    assert after["delivered"] == after["accepted"] == status["accepted"] + 1  # and the alert that fired
    assert len(programs.shown("runs")) == 1


def test_a_child_process_records_into_the_run_and_the_arc_of_its_parent(tmp_path: Path) -> None:
    child = programs.write(
        tmp_path,
        """
        from otel_distro import annotate, configure, export
        configure()
        export({"from": "child"})
        annotate(inputs=1, outputs=2)
        """,
        "child.py",
    )
    parent = programs.write(
        tmp_path,
        f"""
        import os, subprocess, sys
        from otel_distro import arc, configure, run
        configure()
        with run("parent"), arc("scoring"):
            subprocess.run([sys.executable, {str(child)!r}], check=True)
        """,
    )

    result = programs.run(parent)

    assert result.returncode == 0, result.stderr
    (run,), (arc,), (annotation,) = (programs.shown(what) for what in ("runs", "arcs", "annotations"))
    assert arc["exports"] == {"from": "child"}
    assert (annotation["run_id"], annotation["arc_id"]) == (run["id"], arc["id"])
