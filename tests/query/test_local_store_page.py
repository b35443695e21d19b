"""Holds the page about the store against the store: each table and column is described, each query runs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otel_distro import semconv
from otel_distro.query.schema import APPLICATION_ID
from otel_distro.spool.record import Kind
from query.stores import START, Tape, counter, span, store

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "local-store.md").read_text("utf-8")
QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TABLES = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", PAGE, re.MULTILINE))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    tape = Tape()
    described = {semconv.RUN_TAGS: ["demo"], f"{semconv.RUN_METADATA}.lr": 0.1}
    tape.run_event(semconv.EVENT_RUN_STARTED, described)
    tape.run_event(semconv.EVENT_RUN_METRICS, {semconv.RUN_STEP: 1}, {"loss": 0.5})
    arc = {semconv.ARC_ID: "a", semconv.ARC_CLASS: "scoring"}
    tape.event(semconv.EVENT_ARC_EXPORT, arc, {"score": 0.5, "region": "eu"})
    tape.event(semconv.EVENT_ANNOTATION, {semconv.ANNOTATION_LABELS: ["good"]}, {"outputs": 1})
    tape.add(Kind.SPAN, span())
    tape.add(Kind.METRIC, counter("requests", 3))
    tape.add(Kind.METRIC, counter("requests", 5, START + 1))
    with closing(sqlite3.connect(store(tmp_path_factory.mktemp("page") / "store.db", tape))) as opened:
        yield opened


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split("\n")[0])
def test_each_query_finds_something(connection: sqlite3.Connection, query: str) -> None:
    options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    if "dbstat" in query and "ENABLE_DBSTAT_VTAB" not in options:
        pytest.skip("this SQLite was built without dbstat")
    assert connection.execute(query).fetchall()


def test_a_counter_is_its_newest_value(connection: sqlite3.Connection) -> None:
    (query,) = [query for query in QUERIES if "AS total" in query]
    assert connection.execute(query).fetchall() == [("requests", 5)]


def test_each_table_and_column_is_described(connection: sqlite3.Connection) -> None:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert sorted(TABLES) == sorted(names)
    for name in names:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        described = [word for word in re.findall(r"`(\w+)`", TABLES[name]) if word in columns]
        assert sorted(set(described)) == sorted(columns), name


def test_the_number_that_marks_the_file_is_right() -> None:
    assert f"`PRAGMA application_id` is {APPLICATION_ID}," in PAGE
