"""Running programs as a user does, and reading back what they recorded with the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

SCRIPTS = Path(sys.executable).parent
# A loaded machine may need longer than the exit's two seconds to deliver; tests of the deadline set their own.
PATIENT = {"OTEL_DISTRO_EXIT_TIMEOUT_SECONDS": "30"}


def start(path: Path, arguments: tuple[str, ...], *, instrumented: bool = False, **environ: str) -> Any:
    """Starts a program; returns the process, its output piped."""
    wrapper = [str(SCRIPTS / "opentelemetry-instrument")] if instrumented else []
    return subprocess.Popen(
        [*wrapper, sys.executable, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **PATIENT, **environ},
    )


def write(folder: Path, source: str, name: str = "app.py") -> Path:
    """Writes a program's source, its indentation taken away."""
    path = folder / name
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def run(path: Path, *, instrumented: bool = False, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    with start(path, (), instrumented=instrumented, **environ) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs ``otel-distro``."""
    return subprocess.run(
        [str(SCRIPTS / "otel-distro"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environ},
    )


def shown(what: str, *arguments: str) -> list[dict[str, Any]]:
    """Returns what ``otel-distro show WHAT --json`` prints."""
    result = command("show", what, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def spool_status() -> dict[str, dict[str, Any]]:
    """Returns what ``otel-distro spool status --json`` prints, by destination."""
    result = command("spool", "status", "--json")
    assert result.returncode == 0, result.stderr
    return {row["name"]: row for row in json.loads(result.stdout)}
