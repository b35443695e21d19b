"""The store's schema: frozen once published, migrated in one transaction, and never mixed up with another's file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otel_distro.query import ddl
from otel_distro.query.local import LocalReader
from otel_distro.query.schema import (
    LATEST,
    MIGRATIONS,
    ForeignFileError,
    NewerSchemaError,
    OlderSchemaError,
    StoreError,
    prepare,
    version,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "local" / "schema_version_1.sql"
SECOND_STEP = (
    "ALTER TABLE runs ADD COLUMN owner TEXT",
    "UPDATE runs SET owner = 'ada'",
    "CREATE TABLE levels (series_id INTEGER)",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as made:
        yield made


def tables(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def version_1(connection: sqlite3.Connection) -> None:
    """Makes a file as version 1 of the schema left it, from the golden file alone, with one run in it."""
    connection.executescript(GOLDEN.read_text("utf-8"))
    connection.execute(
        "INSERT INTO runs (id, name, folder, status, time_unix_nano, tags, metadata, field_times) "
        "VALUES ('r', 'one', '/', 'running', 1, '[]', '{}', '{}')"
    )


def test_version_1_is_as_it_was_published() -> None:
    published = ";\n".join((*ddl.VERSION_1, "PRAGMA application_id = 1869900900", "PRAGMA user_version = 1", ""))
    if os.environ.get("OTEL_DISTRO_TEST_REGENERATE") == "1":
        GOLDEN.write_text(published, "utf-8")
    assert published == GOLDEN.read_text("utf-8")


def test_an_empty_file_gets_the_tables(connection: sqlite3.Connection) -> None:
    assert version(connection) == 0
    prepare(connection)
    assert version(connection) == LATEST == len(MIGRATIONS)
    named = set(re.findall(r"CREATE TABLE (\w+)", "".join(statement for step in MIGRATIONS for statement in step)))
    assert tables(connection) == named
    prepare(connection)
    assert version(connection) == LATEST


def test_a_file_of_version_1_is_brought_up_to_date(connection: sqlite3.Connection) -> None:
    version_1(connection)
    migrations = (ddl.VERSION_1, SECOND_STEP)
    assert version(connection, latest=2) == 1
    prepare(connection, migrations)
    assert version(connection, latest=2) == 2
    assert connection.execute("SELECT id, name, owner FROM runs").fetchall() == [("r", "one", "ada")]
    assert "levels" in tables(connection)


def test_a_file_of_version_1_is_the_latest_or_migrates_with_the_real_steps(connection: sqlite3.Connection) -> None:
    version_1(connection)
    prepare(connection)
    assert version(connection) == LATEST
    assert connection.execute("SELECT id FROM runs").fetchall() == [("r",)]


def test_a_step_that_fails_leaves_the_file_as_it_was(connection: sqlite3.Connection) -> None:
    version_1(connection)
    with pytest.raises(sqlite3.OperationalError, match="no_such_table"):
        prepare(connection, (ddl.VERSION_1, (*SECOND_STEP, "INSERT INTO no_such_table VALUES (1)")))
    assert version(connection, latest=2) == 1
    assert "levels" not in tables(connection)
    assert "owner" not in {row[1] for row in connection.execute("PRAGMA table_info(runs)")}


def test_a_newer_file_is_refused_with_the_cure(connection: sqlite3.Connection, tmp_path: Path) -> None:
    prepare(connection)
    connection.execute(f"PRAGMA user_version = {LATEST + 1}")
    message = f"{tmp_path}/store.db has schema version {LATEST + 1}, this otel-distro knows up to {LATEST}: install"
    with pytest.raises(NewerSchemaError, match=re.escape(message)):
        prepare(connection)
    with pytest.raises(NewerSchemaError), LocalReader(tmp_path / "store.db"):
        pass


def test_a_file_in_which_another_leader_just_makes_the_tables_is_not_another_programs(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    connection.execute("PRAGMA journal_mode = WAL")

    def meanwhile(statement: str) -> None:
        if "sqlite_master" in statement:
            connection.set_trace_callback(None)
            with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
                prepare(other)

    connection.set_trace_callback(meanwhile)
    assert version(connection) == 0
    prepare(connection)
    assert version(connection) == LATEST


@pytest.mark.parametrize("made", ["CREATE TABLE theirs (a)", "PRAGMA user_version = 7"])
def test_a_database_of_another_program_is_refused(connection: sqlite3.Connection, tmp_path: Path, made: str) -> None:
    connection.execute(made)
    with pytest.raises(ForeignFileError, match="another program"):
        prepare(connection)
    with pytest.raises(StoreError, match="another program"), LocalReader(tmp_path / "store.db"):
        pass


def test_a_reader_does_not_read_what_is_older_than_it(
    connection: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_1(connection)
    monkeypatch.setattr("otel_distro.query.local.LATEST", LATEST + 1)
    with pytest.raises(OlderSchemaError, match="record something there once"), LocalReader(tmp_path / "store.db"):
        pass
