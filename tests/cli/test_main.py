"""The command as a process: how it starts, what it loads, what it writes to which terminal."""

from __future__ import annotations

import importlib.metadata
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

# Starts the command over the records in memory that conftest.py makes.
CHILD = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("fakes", {str(Path(__file__).with_name("conftest.py"))!r})
fakes = sys.modules["fakes"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fakes)
from otel_distro.cli.main import main
from otel_distro.cli.surroundings import Surroundings
reader = fakes.full_reader()
if "--many" in sys.argv:
    sys.argv.remove("--many")
    reader.rows["arcs"] = [reader.rows["arcs"][0]] * 5_000
main(obj=Surroundings({{}}, lambda: fakes.NOW, lambda path: reader, lambda environ, seconds: 0))
"""


def _environment(**given: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **given}


def _run(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env=environment or _environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )


def _main(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return _run("from otel_distro.cli.main import main; main(prog_name='otel-distro')", *arguments)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert _main("--version").stdout.decode() == f"otel-distro {importlib.metadata.version('otel-distro')}\n"


@pytest.mark.parametrize(
    "arguments", [("--help",), ("-h",), ("show", "-h"), ("show", "runs", "-h"), ("completion", "-h")]
)
def test_help_fits_80_columns(arguments: tuple[str, ...]) -> None:
    shown = _main(*arguments).stdout.decode()
    assert shown.startswith("Usage: otel-distro ")
    assert max(map(len, shown.splitlines())) <= 80
    assert "\\b" not in shown


def test_no_listing_needs_more_than_a_line_to_say_what_it_is() -> None:
    commands = _main("show", "--help").stdout.decode().partition("Commands:\n")[2].partition("\n\n")[0]
    assert len(commands.splitlines()) == 8
    assert "..." not in commands


def test_each_command_that_is_listed_is_there_and_says_what_it_does() -> None:
    shown = _main("--help").stdout.decode()
    commands = shown.partition("Commands:\n")[2].splitlines()
    assert {"show", "completion"} <= {line.split()[0] for line in commands}
    assert all(len(line.split()) > 2 for line in commands)


def test_a_command_that_is_not_built_is_absent() -> None:
    result = _main("fly")
    assert result.returncode == 2
    assert b"No such command 'fly'" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_asks_the_command(shell: str) -> None:
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("click asks bash for its version, and there is none")
    result = _main("completion", shell)
    assert result.returncode == 0
    assert f"_OTEL_DISTRO_COMPLETE={shell}_complete" in result.stdout.decode()


def test_the_command_completes_its_words() -> None:
    environment = _environment(_OTEL_DISTRO_COMPLETE="zsh_complete", COMP_WORDS="otel-distro show ar", COMP_CWORD="2")
    result = _run("from otel_distro.cli.main import main; main(prog_name='otel-distro')", environment=environment)
    assert b"arcs\n" in result.stdout
    assert b"artifacts\n" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        ("['--version']", ("rich", "opentelemetry.sdk", "sqlite3", "otel_distro.cli.show")),
        ("['show', '--help']", ("rich", "opentelemetry.sdk", "sqlite3")),
        ("['show', 'runs', '--json']", ("rich", "opentelemetry.sdk", "grpc")),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(arguments: str, absent: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom otel_distro.cli.main import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    loaded = _run(code).stderr.decode().split()
    assert "click" in loaded
    assert not set(absent) & set(loaded)


def test_a_reader_that_goes_away_leaves_silence() -> None:
    for arguments in (["show", "arcs", "--json", "--many"], ["show", "arcs", "--limit", "5000", "--many"]):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(60) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_of_any_encoding_shows_the_curve(encoding: str) -> None:
    result = _run(CHILD, "show", environment=_environment(PYTHONIOENCODING=encoding))
    assert result.returncode == 0, result.stderr
    shown = result.stdout.decode(encoding)
    assert ("█▄▃▂" if encoding == "utf-8" else "#-,.") in shown


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_is_utf_8_whatever_the_terminal_is(encoding: str) -> None:
    result = _run(CHILD, "show", "incidents", "--json", environment=_environment(PYTHONIOENCODING=encoding))
    assert "übersehen" in result.stdout.decode("utf-8")


def test_a_pipe_gets_no_colours() -> None:
    assert b"\x1b[" not in _run(CHILD, "show").stdout


@pytest.mark.parametrize(
    ("variables", "red"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(variables: dict[str, str], *, red: bool) -> None:
    assert (b"\x1b[31m" in _in_terminal("show", "incidents", **variables)) is red


def _in_terminal(*arguments: str, **variables: str) -> bytes:
    """Runs the command with a terminal for its output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        env=_environment(COLUMNS="100", **variables),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # EIO: the other side is closed
                break
            if not part:
                break
            shown += part
        os.close(ours)
        assert process.wait(60) == 0
    return shown
