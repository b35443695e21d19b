"""Reads Markdown pages: their code blocks, links and headings, as far as the tests of the documentation need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
FILE_NAME = re.compile(r"# (?P<name>[\w./-]+\.py)\n")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int

    @property
    def file_name(self) -> str | None:
        """The file that a program is to be saved as: what its first line names."""
        named = FILE_NAME.match(self.text)
        return named["name"] if self.language == "python" and named else None

    @property
    def commands(self) -> list[str]:
        """The commands of a console block: its lines that begin with ``$``, continued by a backslash."""
        joined = self.text.replace("\\\n", "")
        return [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]


def pages(root: Path) -> list[Path]:
    """Returns the pages of the project."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """Yields the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(found["language"].strip(), found["text"], text.count("\n", 0, found.start()) + 1)


def links(page: Path) -> list[str]:
    """Returns where the links and images of a page lead, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    return [found["target"] for found in LINK.finditer(prose)]


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, made as GitHub makes them."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = (found["title"].lower() for found in HEADING.finditer(prose))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken_links(page: Path, root: Path) -> list[str]:
    """Returns the relative links of a page that lead nowhere, or out of the project."""
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        found = file.exists() and file.is_relative_to(root)
        if not found or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    return broken
