"""Holds what is shipped: the wheel and the source distribution, the entry points, and that a wheel alone works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distribution
from pathlib import Path
from typing import Any

import pytest
import tomli

import architecture_rules as rules

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = [
    ROOT / "otel_distro",
    *sorted(ROOT.glob("exporters/*/otel_exporter_*")),
    *sorted(ROOT.glob("instrumentations/*/otel_instrumentation_*")),
]
POINTS = [
    EntryPoint(name, value, group)
    for group, points in PROJECT["project"]["entry-points"].items()
    for name, value in points.items()
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds both distributions with the build backend that is installed, so that no network is needed."""
    directory = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(directory)], cwd=ROOT, check=True)
    return directory


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def sources(directory: Path) -> set[str]:
    return {path.relative_to(directory.parent).as_posix() for path in directory.rglob("*.py")}


def test_each_package_folder_is_named_in_pyproject() -> None:
    targets = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(targets) == sorted(path.relative_to(ROOT).as_posix() for path in PACKAGES)


def test_each_folder_that_holds_a_package_is_on_the_paths_of_the_tools() -> None:
    folders = {path.parent.relative_to(ROOT).as_posix() for path in PACKAGES} - {"."}
    tools = PROJECT["tool"]
    assert folders <= set(tools["pytest"]["ini_options"]["pythonpath"])
    assert folders <= set(tools["mypy"]["mypy_path"])
    assert folders <= set(tools["ruff"]["src"])


def test_each_package_says_that_it_is_typed() -> None:
    assert [path.name for path in PACKAGES if not (path / "py.typed").is_file()] == []


def test_the_wheel_holds_every_module_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if name.endswith(".py")}
    assert names == {name for package in PACKAGES for name in sources(package)}
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {path.name for path in PACKAGES}


def test_the_wheel_carries_the_licence_and_the_types(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "otel_distro/py.typed" in names
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")] != []


def test_the_source_distribution_holds_what_building_and_testing_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "constraints.txt", "LICENSE", "README.md", "tests/conftest.py", "tools/set-up"}
    assert wanted <= names
    assert {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in package.rglob("*.py")} <= names


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.group}:{point.name}")
def test_each_entry_point_leads_to_something(point: EntryPoint) -> None:
    assert callable(point.load())


def test_each_library_that_is_imported_is_declared() -> None:
    shipped = declared(*PROJECT["project"]["optional-dependencies"].values())
    everything = shipped | declared(*PROJECT["dependency-groups"].values())
    assert undeclared(shipped, *rules.INSTALLED) == []
    assert undeclared(everything, *set(rules.TREES) - set(rules.INSTALLED)) == []


def declared(*groups: list[str]) -> set[str]:
    """Returns the names of the dependencies and of what the groups add to them."""
    requirements = [*PROJECT["project"]["dependencies"], *(requirement for group in groups for requirement in group)]
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements} - {PROJECT["project"]["name"]}


def undeclared(names: set[str], *trees: str) -> list[str]:
    """Returns the imports below some folders that none of the declared libraries provides."""
    ours = {path.stem for folder in (".", "exporters/*", "tests", "tools") for path in ROOT.glob(f"{folder}/*")}
    provided = {file.parts[0].partition(".")[0] for name in names for file in distribution(name).files or []}
    return [
        f"{rules.where(path, ROOT, imported.line)} imports {imported.target}"
        for path in rules.files(ROOT, *trees)
        for imported in rules.imports(path, ROOT)
        if not imported.typing_only and imported.target.split(".")[0] not in sys.stdlib_module_names | ours | provided
    ]


def test_a_library_that_is_not_declared_is_seen() -> None:
    assert undeclared(declared() - {"click"}, "otel_distro/cli") != []


def test_the_constraints_pin_each_direct_dependency() -> None:
    pinned = {
        line.split("==")[0]
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    groups = [*PROJECT["project"]["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    assert declared(*groups) <= pinned


def test_the_wheel_alone_records_a_run_and_shows_it(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    unpacked = tmp_path / "site"
    wheel.extractall(unpacked)
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    program = (
        "import otel_distro\n"
        "otel_distro.configure()\n"
        "with otel_distro.run('from the wheel') as r: r.log({'loss': 0.5})\n"
        "print(otel_distro.__file__)\n"
    )
    recorded = _python("-c", program, cwd=tmp_path, env=environment)
    command = "from otel_distro.cli.main import main; main(['show', 'runs', '--json'])"
    shown = _python("-c", command, cwd=tmp_path, env=environment)
    assert Path(recorded.strip()).is_relative_to(unpacked)
    assert [run["name"] for run in json.loads(shown)] == ["from the wheel"]


def _python(*arguments: str, cwd: Path, env: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
