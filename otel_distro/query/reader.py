"""What reading back asks for: the interface that the local store, and each vendor that can be read, implements.

A reader is found by an entry point of the group ``otel_distro_reader``. Listings come in pages: ``Page.next`` is handed
back as ``Selection.after`` (keyset paging, so a page costs the same wherever it lies; nothing is ever counted).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

    from otel_distro.query.records import Alert, Annotation, Arc, Artifact, Incident, Metric, Run, RunEvent, Span

__all__ = ["ENTRY_POINT_GROUP", "Page", "Reader", "Selection", "every"]

ENTRY_POINT_GROUP = "otel_distro_reader"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows, in which order, and how many.

    Attributes:
        where: Field name to the value it must equal, such as ``{"run_id": "...", "status": "completed"}``.
        since_unix_nano: Only rows at or after this time.
        until_unix_nano: Only rows before this time.
        sort: The field to sort by; empty for the listing's own time.
        descending: Newest, or largest, first.
        after: The ``next`` of the page before; empty for the first.
        limit: How many rows a page holds at most.
    """

    where: Mapping[str, Any] = field(default_factory=dict)
    since_unix_nano: int | None = None
    until_unix_nano: int | None = None
    sort: str = ""
    descending: bool = True
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next ones begin.

    Attributes:
        items: At most ``Selection.limit`` rows.
        next: What to pass as ``Selection.after``; empty on the last page.
    """

    items: list[T]
    next: str


class Reader(Protocol):
    """Reads back what was recorded.

    Every listing raises ``ValueError`` for a field that cannot be filtered or sorted by, naming those that can.
    """

    def __enter__(self) -> Self:
        """Opens the source; asking it never creates a file."""

    def __exit__(self, *exc: object) -> None:
        """Closes it."""

    def runs(self, selection: Selection = ...) -> Page[Run]:
        """Lists runs."""

    def run_events(self, selection: Selection = ...) -> Page[RunEvent]:
        """Lists what runs noted."""

    def arcs(self, selection: Selection = ...) -> Page[Arc]:
        """Lists ARCs."""

    def annotations(self, selection: Selection = ...) -> Page[Annotation]:
        """Lists annotations."""

    def incidents(self, selection: Selection = ...) -> Page[Incident]:
        """Lists incidents."""

    def alerts(self, selection: Selection = ...) -> Page[Alert]:
        """Lists alert rules with their state."""

    def artifacts(self, selection: Selection = ...) -> Page[Artifact]:
        """Lists artifacts."""

    def metrics(self, selection: Selection = ...) -> Page[Metric]:
        """Lists the last point of each series."""

    def traces(self, selection: Selection = ...) -> Page[Span]:
        """Lists spans."""

    def curve(self, run_id: str, metric: str, points: int) -> list[float]:
        """Returns a run's metric as at most ``points`` values in order, each the mean of as many neighbours."""


def every(listing: Callable[[Selection], Page[T]], selection: Selection) -> Iterator[T]:
    """Yields every row of a listing, page by page."""
    while True:
        page = listing(selection)
        yield from page.items
        if not page.next:
            return
        selection = replace(selection, after=page.next)
