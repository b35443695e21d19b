"""Tables, headings and colours that every listing shares.

Whatever was recorded is data, never markup: it is shown as plain text without control characters, cut to the line.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from otel_distro import semconv
from otel_distro.cli.humanize import brief, number, one_line

SHORT_ID: Final = 8
_OUR_ID: Final = re.compile(r"\b[0-9a-f]{32}\b")
NARROW: Final = 100  # columns; a terminal below this goes without what can be missed

_STYLES: Final = {
    semconv.STATUS_RUNNING: "cyan",
    semconv.STATUS_COMPLETED: "green",
    semconv.STATUS_FAILED: "red",
    semconv.STATUS_TERMINATED: "yellow",
    semconv.STATUS_LOST: "magenta",
    "fired": "bold red",
    "resolved": "green",
    "defined": "dim",
}

# Words of a metric's name that say which way is better.
_LOWER_IS_BETTER: Final = re.compile(
    r"loss|error|err|mae|mse|rmse|mape|nll|perplexity|divergence|regret|cost|wer|cer|fid|latency|residual"
)
_HIGHER_IS_BETTER: Final = re.compile(
    r"accuracy|acc|auc|f1|precision|recall|r2|score|reward|iou|dice|bleu|rouge|map|psnr|ssim|throughput"
)


def make_console() -> Console:
    """Returns the terminal, or the pipe, that standard output is; rich finds width and colours by itself."""
    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False)


def plain(value: Any, style: str = "") -> Text:
    """Shows a recorded value in one line that gives way where the table is too wide."""
    return Text(brief(value) if value is not None else "", style=style, no_wrap=True, overflow="ellipsis")


def dim(text: str) -> Text:
    """Shows what is less important."""
    return plain(text, "dim")


def status(word: str) -> Text:
    """Shows a status or a state in its colour."""
    return plain(word, _STYLES.get(word, ""))


def short_id(identifier: str | None) -> Text:
    """Shows the first digits of an id, enough for ``--run``; of an ARC's full id those of each level."""
    return dim(shortened(identifier or ""))


def shortened(identifier: str) -> str:
    """Returns the first digits of each id that we made; what a user chose stays as it is."""
    return _OUR_ID.sub(lambda found: found[0][:SHORT_ID], identifier)


def heading(title: str) -> Text:
    """Returns the title of a section."""
    return Text(one_line(title), style="bold")


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[RenderableType]], width: int) -> Table:
    """Builds a table.

    Args:
        columns: Title and form of each: the form is ``<`` or ``>`` for the side that the text stands on, with ``!``
            behind it for a column that is cut last, ``?`` for one that a narrow terminal goes without.
        rows: The cells of each row, one for each column.
        width: Of the terminal, in columns.
    """
    built = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    kept = [width >= NARROW or "?" not in form for _, form in columns]
    for title, form in compress(columns, kept):
        built.add_column(
            title, justify="right" if form[0] == ">" else "left", no_wrap="!" in form, overflow="ellipsis", min_width=3
        )
    for row in rows:
        built.add_row(*compress(row, kept))
    return built


def write(console: Console, content: RenderableType) -> None:
    """Prints something without the blanks that would fill its lines up: files and pipes get clean text."""
    lines = console.render_lines(content, pad=False)
    console.print(Segments(part for line in lines for part in (*_trimmed(line), Segment.line())), soft_wrap=True)


def _trimmed(line: list[Segment]) -> list[Segment]:
    """Takes the blanks from the end of a line."""
    kept = list(line)
    while kept:
        text, style, control = kept.pop()
        if text.rstrip():
            return [*kept, Segment(text.rstrip(), style, control)]
    return kept


def indented(content: RenderableType) -> Padding:
    """Moves something two columns to the right."""
    return Padding(content, (0, 0, 0, 2))


def best(name: str, low: float, high: float) -> str:
    """Says what the best value of a metric was, as far as its name tells what is better.

    Args:
        name: The metric's name, such as ``validation.loss``.
        low: Its smallest value.
        high: Its largest.

    Returns:
        The smallest of a loss, the largest of an accuracy, the range of anything else.
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    if any(map(_LOWER_IS_BETTER.fullmatch, words)):
        return f"↓ {number(low)}"
    if any(map(_HIGHER_IS_BETTER.fullmatch, words)):
        return f"↑ {number(high)}"
    return number(low) if low == high else f"{number(low)} … {number(high)}"
