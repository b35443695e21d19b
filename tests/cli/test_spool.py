"""``otel-distro spool``: its table, its JSON, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otel_distro.cli.main import main
from otel_distro.config import LOCAL, Config
from otel_distro.forwarder.alerts import ADDRESSEE as ALERTS
from otel_distro.forwarder.plugins import addressee, build_destination
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.record import Kind
from otel_distro.spool.writer import SpoolWriter
from spools import append


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path), "NO_COLOR": "1"}


@pytest.fixture
def waiting(environ: dict[str, str]) -> SpoolDirectory:
    """A spool with three records for the local store."""
    config = Config.from_environ(environ)
    local = addressee(build_destination(LOCAL, environ))
    directory = SpoolDirectory.below(config.spool, "service", [ALERTS, local])
    writer = SpoolWriter(directory)
    append(writer, b"", b"", b"", kind=Kind.LOG)
    writer.close()
    return directory


def invoke(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=environ).invoke(main, ["spool", *arguments])


def test_status_prints_the_equation_of_each_destination(environ: dict[str, str], waiting: SpoolDirectory) -> None:
    result = invoke(environ, "status", "--json")

    assert json.loads(result.stdout) == [
        {"name": "local", "accepted": 3, "delivered": 0, "queued": 3, "parked": 0, "lost": {}}
    ]
    table = invoke(environ, "status").stdout.splitlines()
    assert table[0].split() == ["destination", "accepted", "delivered", "queued", "parked", "lost"]
    assert table[1].split() == ["local", "3", "0", "3", "0", "0"]
    assert waiting.segments() != []


def test_drain_delivers_and_exits_with_zero(environ: dict[str, str], waiting: SpoolDirectory) -> None:
    result = invoke(environ, "drain")

    assert (result.exit_code, result.output) == (0, "")
    assert waiting.segments() == []


def test_drain_exits_with_one_and_says_what_is_left(
    environ: dict[str, str], waiting: SpoolDirectory, tmp_path: Path
) -> None:
    (tmp_path / "otel-distro" / "local.db").mkdir()  # nothing can be stored there

    result = invoke(environ, "drain", "--timeout", "0.3")

    assert result.exit_code == 1
    assert "local: 3 still wait" in result.stderr
    assert waiting.segments() != []


def test_an_empty_host_says_so(environ: dict[str, str]) -> None:
    assert "no spool on this host" in invoke(environ, "status").stdout
    assert invoke(environ, "status", "--json").stdout == "[]\n"
    assert invoke(environ, "drain").exit_code == 0


def test_another_service_is_left_alone(environ: dict[str, str], waiting: SpoolDirectory) -> None:
    assert invoke(environ, "drain", "--service", "another").exit_code == 0
    assert waiting.segments() != []


def test_a_wrong_setting_is_one_line(environ: dict[str, str]) -> None:
    result = invoke({**environ, "OTEL_DISTRO_DESTINATIONS": "nosuch"}, "status")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: OTEL_DISTRO_DESTINATIONS names 'nosuch'")
