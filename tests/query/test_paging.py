"""Keyset paging: every row once and in order, whatever ties, is missing, or changes between two pages."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.query import listings
from otel_distro.query.local import LocalReader
from otel_distro.query.paging import MOST_ROWS, Listing
from otel_distro.query.reader import Selection, every
from otel_distro.spool.record import Kind
from query.stores import SECOND, START, Tape, gauge, span, store

ROWS = 23
NAMES = {
    "runs": listings.RUNS,
    "run_events": listings.RUN_EVENTS,
    "arcs": listings.ARCS,
    "annotations": listings.ANNOTATIONS,
    "incidents": listings.INCIDENTS,
    "alerts": listings.ALERTS,
    "artifacts": listings.ARTIFACTS,
    "metrics": listings.METRICS,
    "traces": listings.TRACES,
}
SORTS = [
    (name, field)
    for name, listing in NAMES.items()
    for field in ("", *(field for field, column in listing.fields.items() if not column.is_list))
]


def tied() -> Tape:
    """Rows of which many share each value that they can be sorted by, and some lack it."""
    tape = Tape()
    for index in range(ROWS):
        at, run = START + index // 4, f"{index % 5}{index:031}"
        if index % 3:
            described = {semconv.RUN_FOLDER: f"/{index % 2}", semconv.RUN_DESCRIPTION: f"d{index % 2}"}
            tape.run_event(semconv.EVENT_RUN_STARTED, described, time=at, run=run)
        tape.run_event(semconv.EVENT_RUN_METRICS, {}, {f"m{index % 2}": 1.0}, at, run)
        tape.event(semconv.EVENT_NOTE, {}, f"note {index % 2}", at, severity=9 + index % 2)
        arc = {semconv.ARC_ID: f"a{index}", semconv.ARC_CLASS: f"c{index % 2}"}
        tape.event(semconv.EVENT_ARC_EXPORT if index % 3 else semconv.EVENT_ARC_STARTED, arc, {"k": index}, at)
        tape.event(semconv.EVENT_ANNOTATION, {semconv.ARC_ID: f"a{index}"} if index % 2 else {}, {}, at)
        tape.event(semconv.EVENT_INCIDENT, {semconv.INCIDENT_TITLE: f"t{index % 2}"}, time=at)
        alert = {semconv.ALERT_NAME: f"alert {index}", semconv.ALERT_METRIC: f"m{index % 2}"}
        tape.event(semconv.EVENT_ALERT_FIRED, {**alert, semconv.ALERT_OBSERVED: index % 2}, time=at)
        size = {semconv.ARTIFACT_SIZE_BYTES: index % 3} if index % 2 else {}
        tape.event(semconv.EVENT_ARTIFACT, {semconv.ARTIFACT_NAME: f"n{index % 2}", **size}, time=at)
        tape.add(Kind.METRIC, gauge(f"g{index % 2}", 1.0, at, index=index))
        message = span(f"s{index % 2}", index + 1, at, index % 2)
        message.parent_span_id = b"" if index % 3 else bytes(range(8))
        tape.add(Kind.SPAN, message)
    return tape


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("paging") / "store.db", tied())


@pytest.fixture
def reader(path: Path) -> Iterator[LocalReader]:
    with LocalReader(path) as opened:
        yield opened


def texts(rows: Iterator[Any]) -> list[str]:
    return [json.dumps(row) for row in rows]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(("name", "sort"), SORTS)
def test_pages_are_the_listing_cut_in_pieces(reader: LocalReader, name: str, sort: str, *, descending: bool) -> None:
    listing = getattr(reader, name)
    whole = texts(every(listing, Selection(sort=sort, descending=descending, limit=MOST_ROWS)))
    assert len(whole) >= ROWS
    assert len(set(whole)) == len(whole) or name in {"run_events", "artifacts", "incidents"}
    for limit in (1, 5, ROWS):
        assert texts(every(listing, Selection(sort=sort, descending=descending, limit=limit))) == whole


@pytest.mark.parametrize("sort", ["name", "started_unix_nano", "folder"])
def test_rows_are_in_order_and_what_is_unknown_comes_first_or_last(reader: LocalReader, sort: str) -> None:
    rising = [row[sort] for row in every(reader.runs, Selection(sort=sort, descending=False))]  # type: ignore[literal-required]
    falling = [row[sort] for row in every(reader.runs, Selection(sort=sort))]  # type: ignore[literal-required]
    known = [value for value in rising if value is not None]
    assert known == sorted(known)
    assert rising == [None] * (len(rising) - len(known)) + known
    assert falling == rising[::-1]


def test_a_page_that_is_just_full_is_the_last(reader: LocalReader) -> None:
    assert reader.runs(Selection(limit=ROWS)).next == ""
    assert reader.runs(Selection(limit=ROWS - 1)).next != ""


def test_filters_hold_on_every_page(reader: LocalReader) -> None:
    selection = Selection(where={"name": "s1"}, since_unix_nano=START + 1, limit=2)
    found = list(every(reader.traces, selection))
    assert [span["name"] for span in found] == ["s1"] * 9
    assert min(span["started_unix_nano"] for span in found) == START + 1


def test_rows_that_come_between_two_pages_move_none(tmp_path: Path) -> None:
    tape = Tape()
    for index in range(10):
        tape.add(Kind.SPAN, span(f"s{index}", index + 1, START + index * SECOND))
    path = store(tmp_path / "store.db", tape)
    with LocalReader(path) as reader:
        first = reader.traces(Selection(limit=4))
        later = Tape("segment-b")
        later.add(Kind.SPAN, span("newest", 99, START + 99 * SECOND))
        store(path, later)
        second = reader.traces(Selection(limit=4, after=first.next))
    assert [row["name"] for row in first.items + second.items] == [f"s{index}" for index in range(9, 1, -1)]


@pytest.mark.parametrize("limit", [0, -1, MOST_ROWS + 1])
def test_a_limit_that_cannot_be_is_refused(reader: LocalReader, limit: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and {MOST_ROWS}, not {limit}"):
        reader.runs(Selection(limit=limit))


@pytest.mark.parametrize(
    "after",
    ["nonsense", "ä", urlsafe_b64encode(b"[1]").decode(), urlsafe_b64encode(b'["", true, 5, "x"]').decode(), "e30="],
)
def test_a_beginning_that_is_no_pages_end_is_refused(reader: LocalReader, after: str) -> None:
    with pytest.raises(ValueError, match="after must be the next of a page"):
        reader.runs(Selection(after=after))


def test_a_pages_end_belongs_to_its_order(reader: LocalReader) -> None:
    end = reader.runs(Selection(limit=3)).next
    for other in (Selection(after=end, descending=False), Selection(after=end, sort="name")):
        with pytest.raises(ValueError, match="in the same order"):
            reader.runs(other)


def test_a_list_cannot_be_sorted_by(reader: LocalReader) -> None:
    with pytest.raises(ValueError, match="cannot sort by 'tags', which is a list"):
        reader.runs(Selection(sort="tags"))


@pytest.mark.parametrize("name", sorted(NAMES.keys() - {"metrics"}))
def test_no_page_counts_skips_or_sorts_the_whole_table(path: Path, name: str) -> None:
    """Pages in the listing's own order come straight out of an index, wherever they begin.

    All but the metrics, whose two tables are merged; they have one row a series, so they stay small.
    """
    listing: Listing = NAMES[name]
    statements: list[str] = []
    with LocalReader(path) as reader:
        with reader._reading() as connection:
            assert connection is not None
            connection.set_trace_callback(statements.append)
        first = getattr(reader, name)(Selection(limit=3))
        getattr(reader, name)(Selection(limit=3, after=first.next))
        pages = [statement for statement in statements if "sort_key" in statement]
        assert len(pages) == 2
        with reader._reading() as connection:
            assert connection is not None
            for statement in pages:
                plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
                assert not any("TEMP B-TREE" in detail for detail in plan), plan
                assert "OFFSET" not in statement
                assert "count(" not in statement
                assert listing.time in statement
