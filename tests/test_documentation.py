"""Runs every code block of the documentation, follows its links, and holds the generated pages to their source.

The blocks of a page run from its top to its end, in one new directory with one new home (CONTRIBUTING.md says how they
are to be written), so that a page may record something in one block and show it in the next.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import reference_pages
from markdown_pages import Block, blocks, broken_links, links, pages

ROOT = Path(__file__).parents[1]
PAGES = pages(ROOT)
DATA = {"ini", "json", "text", "toml", "yaml"}  # shown, not run
RUN = {"otel-distro", "opentelemetry-instrument", "python"}
RUN_WHERE_INSTALLED = {"sqlite3"}
NOT_RUN = {"cd", "git", "pip", "towncrier", "uv"}  # they install or change things outside of the page's directory
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(arguments: list[str], directory: Path, block: Block) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        arguments, cwd=directory, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"block at line {block.line}: {arguments}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"block at line {block.line}: {arguments}\n{done.stderr}"


def run_program(block: Block, directory: Path) -> None:
    """Saves a program that names its file, for a later command; runs any other."""
    if block.file_name is None:
        run([sys.executable, "-c", block.text], directory, block)
    else:
        (directory / block.file_name).write_text(block.text, encoding="utf-8")


def run_command(command: str, directory: Path, block: Block) -> None:
    words = [word for word in shlex.split(command) if not re.match(r"\w+=", word)]
    program = words[0]
    if program == "make":
        assert set(words[1:]) <= TARGETS, f"line {block.line}: no such target: {command}"
    elif program in RUN or (program in RUN_WHERE_INSTALLED and shutil.which(program)):
        run(["/bin/sh", "-c", command], directory, block)
    else:
        assert program in NOT_RUN | RUN_WHERE_INSTALLED, f"line {block.line}: the tests cannot run {command}"


def run_queries(block: Block, directory: Path) -> None:
    """Runs SQL on the local store that an earlier block left."""
    (store,) = directory.glob("*.db")
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        options = {option for (option,) in connection.execute("PRAGMA compile_options")}
        if "dbstat" in block.text and "ENABLE_DBSTAT_VTAB" not in options:
            return
        for query in filter(str.strip, block.text.split(";")):
            connection.execute(query).fetchall()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_code_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    saved: set[str] = set()
    commands = ""
    for block in blocks(page):
        if block.language == "python":
            run_program(block, tmp_path)
            saved |= {block.file_name} if block.file_name else set()
        elif block.language == "console":
            assert block.commands, f"block at line {block.line}: no line begins with $"
            for command in block.commands:
                run_command(command, tmp_path, block)
            commands += block.text
        elif block.language == "sql":
            run_queries(block, tmp_path)
        else:
            assert block.language in DATA, f"block at line {block.line}: in no language that is known"
    assert [name for name in saved if name not in commands] == [], "saved but never run"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert broken_links(page, ROOT) == []


def test_each_page_of_docs_is_linked_from_another() -> None:
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page)}
    assert [relative(page) for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in linked] == []


@pytest.mark.parametrize("name", reference_pages.PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    page = reference_pages.REFERENCE / name
    assert page.read_text(encoding="utf-8") == reference_pages.PAGES[name](), "run make docs"


def page_of(tmp_path: Path, text: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize(
    "text",
    [
        "```python\nraise ValueError\n```\n",
        "```python\n# app.py\nprint(1)\n```\n",
        "```console\n$ otel-distro no-such-command\n```\n",
        "```console\n$ python -c 'raise SystemExit(3)'\n```\n",
        "```console\n$ make no-such-target\n```\n",
        "```console\n$ rm -r somewhere\n```\n",
        "```console\notel-distro show\n```\n",
        "```\nno language\n```\n",
        "```python\nopen('store.db', 'x').close()\n```\n```sql\nSELECT name FROM runs;\n```\n",
    ],
)
def test_a_block_that_fails_is_seen(tmp_path: Path, text: str) -> None:
    with pytest.raises((AssertionError, sqlite3.OperationalError)):
        test_the_code_blocks_of_a_page_run(page_of(tmp_path, text), tmp_path)


def test_blocks_run_in_order_and_share_a_directory(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        "```python\n# app.py\nopen('made', 'x').close()\n```\n"
        "```console\n$ VALUE=1 python app.py\nsample output\n```\n"
        "```python\nfrom pathlib import Path\nPath('made').rename('moved')\n```\n",
    )
    test_the_code_blocks_of_a_page_run(page, tmp_path)
    assert (tmp_path / "moved").exists()


@pytest.mark.parametrize("target", ["missing.md", "#missing", "page.md#missing", "../outside.md", "page.md)[x](y"])
def test_a_broken_link_is_seen(tmp_path: Path, target: str) -> None:
    assert broken_links(page_of(tmp_path, f"# Title\n\n[x]({target})\n"), tmp_path) != []


@pytest.mark.parametrize("target", ["page.md", "#a-title-of-three", "page.md#a-title-of-three", "https://example.org"])
def test_a_sound_link_passes(tmp_path: Path, target: str) -> None:
    assert broken_links(page_of(tmp_path, f"# A title, of `three`\n\n[x]({target})\n"), tmp_path) == []
