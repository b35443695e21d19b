"""The rules of ARCHITECTURE.md: who may import whom, found by folder, so that a new plugin is covered unseen.

Each rule is a function of the tree's root that returns the violations it finds, one line each. The code is read, not
run, but for ``loads_no_sdk``, which imports it in a process of its own.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli

MAX_LINES = 400
TREES = ("otel_distro", "exporters", "instrumentations", "tests", "benchmarks", "demo", "tools")
INSTALLED = TREES[:3]
PLUGIN = re.compile(r"otel_(?:exporter|instrumentation)_\w+")

STDLIB = "the standard library"
LIBRARIES = "any library but OpenTelemetry's and ours"
API_NAMES = "_logs attributes baggage context environment_variables metrics propagate propagators trace util version"
API = tuple(f"opentelemetry.{name}" for name in API_NAMES.split())
SDK = (*API, "opentelemetry.sdk")
PROTOBUF = ("google.protobuf", "opentelemetry.proto")
NAMES = ("__future__", "dataclasses", "typing")
CONFIG = ("otel_distro.config", "otel_distro.environment_variables")
FOR_PLUGINS = ("otel_distro.forwarder", "otel_distro.otlp", "otel_distro.query", "otel_distro.spool.record")
INSTRUMENTING = ("opentelemetry.instrumentation", "opentelemetry.semconv")
STARTED = ("otel_distro.api", "otel_distro.forwarder", "otel_distro.pipeline", "otel_distro.recording")
STARTING = ("otel_distro.carrying", "otel_distro.configurator", "otel_distro.distribution", "otel_distro.lifecycle")
SEMCONV = "otel_distro.semconv"

# What each room may import besides itself; a file belongs to the longest entry that it lies under.
ROOMS: dict[str, tuple[str, ...]] = {
    "otel_distro/semconv.py": NAMES,
    "otel_distro/environment_variables.py": NAMES,
    "otel_distro/config.py": (STDLIB, "otel_distro.environment_variables"),
    "otel_distro/api": (STDLIB, *API, SEMCONV, "otel_distro.metrics"),
    "otel_distro/compat": (STDLIB, "otel_distro.api", "otel_distro.configure", "otel_distro.query"),
    "otel_distro/query": (STDLIB, *CONFIG),
    "otel_distro/spool": (STDLIB,),
    "otel_distro/otlp": (STDLIB, *SDK, *PROTOBUF, "grpc", "otel_distro.api.sink", "otel_distro.spool.record"),
    "otel_distro/metrics": (STDLIB, *API, SEMCONV, "otel_distro.spool"),
    "otel_distro/recording": (STDLIB, *SDK, SEMCONV, "otel_distro.api", "otel_distro.otlp", "otel_distro.spool"),
    "otel_distro/forwarder": (STDLIB, *CONFIG, SEMCONV, "otel_distro.otlp", "otel_distro.spool"),
    "otel_distro/pipeline.py": (STDLIB, *CONFIG, "otel_distro.forwarder", "otel_distro.spool"),
    "otel_distro/distribution.py": (STDLIB, *SDK, *STARTED, "otel_distro.otlp", "otel_distro.spool"),
    "otel_distro/carrying.py": (STDLIB, *API, *INSTRUMENTING, "wrapt"),
    "otel_distro/configurator.py": (STDLIB, *SDK, *INSTRUMENTING, *CONFIG, *STARTED, *STARTING),
    "otel_distro/distro.py": (STDLIB, *API, *INSTRUMENTING, *CONFIG),
    "otel_distro/lifecycle.py": (STDLIB, *STARTING),
    "otel_distro/__init__.py": ("otel_distro.api", "otel_distro.lifecycle"),
    "otel_distro/cli": (STDLIB, "click", "rich", "otel_distro"),
    "otel_distro/testing.py": (STDLIB, *SDK, "otel_distro", "pytest"),
    "exporters": (STDLIB, *SDK, *PROTOBUF, *CONFIG, SEMCONV, *FOR_PLUGINS),
    "instrumentations": (STDLIB, LIBRARIES, *API, *INSTRUMENTING, SEMCONV, "otel_distro.api"),
}

NETWORK = ("asyncio", "ftplib", "http", "select", "selectors", "socket", "socketserver", "ssl", "urllib.request")
IMPURE = (*NETWORK, "multiprocessing", "os", "random", "secrets", "signal", "subprocess", "threading", "time", "uuid")
CLOCK_CALLS = frozenset({"now", "today", "utcnow"})
# Upstream gives logs no other address than these.
PUBLIC_IN_EFFECT = (
    "opentelemetry._logs",
    "opentelemetry.sdk._logs",
    "opentelemetry.exporter.otlp.proto.common._log_encoder",
)
SDK_MODULES = ("google.protobuf", "grpc", "opentelemetry.exporter", "opentelemetry.proto", "opentelemetry.sdk")


@dataclass(frozen=True)
class Import:
    """One name that a file imports; ``typing_only`` where it stands under ``if TYPE_CHECKING``."""

    target: str
    line: int
    typing_only: bool


def files(root: Path, *trees: str) -> list[Path]:
    """Returns the Python files below some folders of the root; of all that hold code if none is named."""
    return sorted(
        path
        for tree in trees or TREES
        for path in ([root / tree] if tree.endswith(".py") else (root / tree).rglob("*.py"))
        if path.is_file() and "__pycache__" not in path.parts
    )


def where(path: Path, root: Path, line: int = 1) -> str:
    """Returns a file and line as editors take them."""
    return f"{path.relative_to(root).as_posix()}:{line}"


def module_name(path: Path, root: Path) -> str:
    """Returns the name under which a file is imported: plugins lie two folders down."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[0] in {"exporters", "instrumentations"}:
        parts = parts[2:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parsed(path: Path) -> ast.Module:
    """Returns the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, root: Path) -> list[Import]:
    """Returns all that a file imports, at its top and in functions, by statement or by ``import_module("...")``."""
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    return list(_imports(parsed(path), package, typing_only=False))


def _imports(node: ast.AST, package: list[str], *, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(name.name, child.lineno, typing_only) for name in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else []
            module = ".".join([*base, *(child.module or "").split(".")]).strip(".")
            yield from (Import(f"{module}.{name.name}", child.lineno, typing_only) for name in child.names)
        elif (called := _import_module_argument(child)) is not None:
            yield Import(called, getattr(child, "lineno", 1), typing_only)
        else:
            in_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from _imports(child, package, typing_only=typing_only or in_typing)


def _import_module_argument(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(("import_module", "__import__")):
        return None
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def within(target: str, prefixes: tuple[str, ...]) -> bool:
    """Returns whether a dotted name is one of the prefixes or lies below one."""
    return any(target == prefix or target.startswith(f"{prefix}.") for prefix in prefixes)


def _allowed(imported: Import, room: tuple[str, ...]) -> bool:
    top = imported.target.split(".")[0]
    standard = top in sys.stdlib_module_names
    ours = top in {"opentelemetry", "otel_distro"} or PLUGIN.match(top) is not None
    return (
        within(imported.target, room)
        or (STDLIB in room and standard)
        or (LIBRARIES in room and not standard and not ours)
        or (imported.typing_only and top == "typing_extensions")
    )


def rooms(root: Path) -> list[str]:
    """Each room imports what its row of the table allows, and every file belongs to a room."""
    found = []
    for path in files(root, *INSTALLED):
        relative = path.relative_to(root).as_posix()
        room = max((name for name in ROOMS if f"{relative}/".startswith(f"{name}/")), key=len, default=None)
        if room is None:
            found.append(f"{where(path, root)} belongs to no room")
            continue
        plugin = not room.startswith("otel_distro")
        own = module_name(path, root).split(".")[0] if plugin else room.removesuffix(".py").replace("/", ".")
        allowed = (*ROOMS[room], own, *([LIBRARIES] if plugin and path.name == "client.py" else []))
        found += [
            f"{where(path, root, imported.line)} {room} imports {imported.target}"
            for imported in imports(path, root)
            if not _allowed(imported, allowed)
        ]
    return found


def house_knows_no_plugin(root: Path) -> list[str]:
    """The house names no plugin, not even in a string: plugins are found by entry point."""
    return [
        f"{where(path, root, getattr(node, 'lineno', 1))} names {name}"
        for path in files(root, "otel_distro")
        for node in ast.walk(parsed(path))
        for name in _names_in(node)
        if PLUGIN.match(name)
    ]


def _names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def plugins_know_no_other(root: Path) -> list[str]:
    """A plugin imports no other plugin."""
    return [
        f"{where(path, root, imported.line)} imports {imported.target}"
        for path in files(root, "exporters", "instrumentations")
        for imported in imports(path, root)
        if (plugin := PLUGIN.match(imported.target)) and plugin.group() != module_name(path, root).split(".")[0]
    ]


def translators_are_pure(root: Path) -> list[str]:
    """A translator or batcher imports no clock, network, environment or client, and asks for no present time."""
    found = []
    for path in files(root, "exporters"):
        if path.name not in {"translator.py", "batcher.py"}:
            continue
        found += [
            f"{where(path, root, imported.line)} imports {imported.target}"
            for imported in imports(path, root)
            if within(imported.target, IMPURE) or "client" in imported.target.split(".")
        ]
        found += [
            f"{where(path, root, node.lineno)} asks the clock"
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS
        ]
    return found


def only_clients_reach_the_wire(root: Path) -> list[str]:
    """Within an exporter only ``client.py`` imports a module of the network; ``rooms`` holds the libraries."""
    return [
        f"{where(path, root, imported.line)} imports {imported.target}"
        for path in files(root, "exporters")
        if path.name != "client.py"
        for imported in imports(path, root)
        if within(imported.target, NETWORK)
    ]


def private_names(path: Path, root: Path) -> list[Import]:
    """Returns what a file imports of OpenTelemetry by a name with a leading underscore."""
    found = []
    for imported in imports(path, root):
        target = imported.target
        for public in PUBLIC_IN_EFFECT:
            target = target.replace(f"{public}.", "opentelemetry.") if within(target, (public,)) else target
        private = any(part.startswith("_") for part in target.split("."))
        if within(target, ("opentelemetry",)) and private and target not in PUBLIC_IN_EFFECT:
            found.append(imported)
    return found


def private_modules_stay_in_one_place(root: Path) -> list[str]:
    """OpenTelemetry's private modules and names are imported in ``configurator.py`` alone."""
    return [
        f"{where(path, root, imported.line)} imports {imported.target}"
        for path in files(root)
        if path != root / "otel_distro/configurator.py"
        for imported in private_names(path, root)
    ]


def loads_no_sdk(root: Path) -> list[str]:
    """Importing ``otel_distro``, ``api``, ``compat`` or an instrumentation loads no module of the SDK."""
    trees = ("otel_distro/__init__.py", "otel_distro/api", "otel_distro/compat", "instrumentations")
    modules = [module_name(path, root) for path in files(root, *trees)]
    program = """if True:
        import importlib, json, sys
        modules, forbidden = json.loads(sys.argv[1])
        for module in modules:
            importlib.import_module(module)
            loaded = [name for name in sys.modules if any(f"{name}.".startswith(f"{sdk}.") for sdk in forbidden)]
            if loaded:
                print(f"importing {module} loads {len(loaded)} modules of the SDK, {loaded[0]} first")
                break
    """
    places = [str(root), *(str(place) for place in (root / "instrumentations").glob("*"))]
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps([modules, SDK_MODULES])],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def files_have_a_docstring(root: Path) -> list[str]:
    """Every file says at its top what it is for."""
    return [f"{where(path, root)} has no docstring" for path in files(root) if not ast.get_docstring(parsed(path))]


def files_are_short(root: Path) -> list[str]:
    """No file is longer than one can read at a sitting."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(root)}
    return [f"{where(path, root)} has {length} lines" for path, length in lengths.items() if length >= MAX_LINES]


def init_files_define_nothing(root: Path) -> list[str]:
    """An ``__init__.py`` hands names on: a docstring, imports and ``__all__``."""
    return [
        f"{where(path, root, node.lineno)} defines something"
        for path in files(root)
        if path.name == "__init__.py"
        for node in parsed(path).body
        if not isinstance(node, (ast.Import, ast.ImportFrom))
        and not ast.unparse(node).startswith(("__all__ = ", "'", '"'))
    ]


def project_avoids_upstream_traps(root: Path) -> list[str]:
    """No extra is called ``instruments``, and ``opentelemetry-distro`` is no dependency.

    That extra would silence every instrumentor of the wheel. The first ``opentelemetry_distro`` entry point found
    wins, so that upstream's must not be installed beside ours.
    """
    project = tomli.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    required = [*project.get("dependencies", []), *(name for extra in extras.values() for name in extra)]
    found = ["pyproject.toml:1 has an extra called instruments"] if "instruments" in extras else []
    return found + [
        f"pyproject.toml:1 requires {name}" for name in required if re.match(r"opentelemetry[-_.]distro\b(?!-)", name)
    ]


RULES: tuple[Callable[[Path], list[str]], ...] = (
    rooms,
    house_knows_no_plugin,
    plugins_know_no_other,
    translators_are_pure,
    only_clients_reach_the_wire,
    private_modules_stay_in_one_place,
    loads_no_sdk,
    files_have_a_docstring,
    files_are_short,
    init_files_define_nothing,
    project_avoids_upstream_traps,
)
