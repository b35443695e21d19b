"""The bytes of artifacts and of an incident's files: where they lie, and which names are refused."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_distro import semconv
from otel_distro.query.local import LocalReader
from otel_distro.query.records import Artifact
from otel_exporter_local import LocalDestination
from otel_exporter_local.files import FileStore
from otel_exporter_local.rows import FileSource
from query.stores import Tape, deliver, destination

CONTENT = b"weights\x00" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def spool_files(tmp_path: Path) -> Path:
    folder = tmp_path / "spool files"
    folder.mkdir()
    (folder / "kept").write_bytes(CONTENT)
    return folder


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def target(store_path: Path) -> Iterator[LocalDestination]:
    made = destination(store_path)
    yield made
    made.close()


def artifact(target: LocalDestination, spool_files: Path, **fields: Any) -> Artifact:
    """Delivers one artifact and reads it back."""
    tape = Tape(f"segment-{fields}")
    tape.event(semconv.EVENT_ARTIFACT, {f"algo.artifact.{key}": value for key, value in fields.items()})
    deliver(target, tape.batch(spool_files))
    with LocalReader(target.config.path) as reader:
        return reader.artifacts().items[0]


def problem(store_path: Path) -> str | None:
    with LocalReader(store_path) as reader, reader._reading() as connection:
        assert connection is not None
        found: str | None = connection.execute("SELECT problem FROM artifacts").fetchone()[0]
        return found


@pytest.mark.parametrize("told", [{"sha256": SHA256, "size_bytes": len(CONTENT)}, {}, {"sha256": "../../etc/passwd"}])
def test_a_kept_file_is_copied_under_its_hash(
    target: LocalDestination, spool_files: Path, store_path: Path, told: dict[str, Any]
) -> None:
    found = artifact(target, spool_files, name="model.pt", kept="kept", **told)
    path = store_path.parent / "store.db.artifacts" / SHA256[:2] / SHA256
    assert found["path"] == str(path)
    assert (found["sha256"], found["size_bytes"], found["name"]) == (SHA256, len(CONTENT), "model.pt")
    assert path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}
    assert [file.name for file in path.parent.parent.rglob("*") if file.is_file()] == [SHA256]


def test_the_copy_does_not_change_with_the_kept_file(target: LocalDestination, spool_files: Path) -> None:
    found = artifact(target, spool_files, kept="kept", sha256=SHA256)
    with (spool_files / "kept").open("r+b") as kept:
        kept.write(b"changed")
    assert found["path"] is not None
    assert Path(found["path"]).read_bytes() == CONTENT


def test_the_same_bytes_lie_there_once(target: LocalDestination, spool_files: Path, store_path: Path) -> None:
    (spool_files / "again").write_bytes(CONTENT)
    one = artifact(target, spool_files, id="one", kept="kept")
    other = artifact(target, spool_files, id="two", kept="again", sha256=SHA256)
    assert one["path"] == other["path"]
    with LocalReader(store_path) as reader, reader._reading() as connection:
        assert connection is not None
        assert [tuple(row) for row in connection.execute("SELECT * FROM files")] == [
            (f"{SHA256[:2]}/{SHA256}", len(CONTENT))
        ]


def test_a_copy_cut_short_is_made_again(target: LocalDestination, spool_files: Path, store_path: Path) -> None:
    path = store_path.parent / "store.db.artifacts" / SHA256[:2] / SHA256
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:10])
    artifact(target, spool_files, kept="kept", sha256=SHA256)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("error", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_copy_within_itself(
    target: LocalDestination, spool_files: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    found = artifact(target, spool_files, kept="kept", sha256=SHA256)
    assert found["path"] is not None
    assert Path(found["path"]).read_bytes() == CONTENT


def test_a_disk_that_is_full_is_transient_and_leaves_nothing_behind(
    target: LocalDestination, spool_files: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "copy_file_range", refuse, raising=False)
        with pytest.raises(OSError, match="No space left"):
            artifact(target, spool_files, kept="kept", sha256=SHA256)
    assert list(store_path.parent.glob("store.db.artifacts/*")) == []
    assert artifact(target, spool_files, kept="kept", sha256=SHA256)["path"] is not None


def test_a_kept_file_that_is_gone_is_noted_in_the_row(
    target: LocalDestination, spool_files: Path, store_path: Path
) -> None:
    found = artifact(target, spool_files, name="model.pt", kept="gone", size_bytes=5, sha256=SHA256)
    assert (found["name"], found["path"], found["size_bytes"]) == ("model.pt", None, 5)
    assert problem(store_path) == "missing"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:secret", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(
    target: LocalDestination, spool_files: Path, store_path: Path, name: str
) -> None:
    (spool_files.parent / "secret").write_text("not yours")
    (spool_files / "C:secret").write_text("not yours")
    (spool_files / "a\\b").write_text("not yours")
    assert artifact(target, spool_files, kept=name)["path"] is None
    assert problem(store_path) == "refused"


@pytest.mark.parametrize("make", ["link", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused(
    target: LocalDestination, spool_files: Path, store_path: Path, make: str
) -> None:
    odd = spool_files / "odd"
    if make == "link":
        odd.symlink_to(spool_files / "kept")
    elif make == "folder":
        odd.mkdir()
    else:
        os.mkfifo(odd)
    assert artifact(target, spool_files, kept="odd")["path"] is None
    assert problem(store_path) == "refused"


@pytest.mark.parametrize(
    ("size", "expected"), [(len(CONTENT), None), (None, None), (3, "changed")], ids=["same", "unknown", "other size"]
)
def test_a_file_that_was_not_copied_stays_where_it_is(
    target: LocalDestination, spool_files: Path, store_path: Path, size: int | None, expected: str | None
) -> None:
    original = str(spool_files / "kept")
    fields = {} if size is None else {"size_bytes": size}
    found = artifact(target, spool_files, original_path=original, **fields)
    assert (found["path"], found["sha256"], found["original_path"]) == (None, None, original)
    assert problem(store_path) == expected


def test_an_original_that_is_gone_is_noted(target: LocalDestination, spool_files: Path, store_path: Path) -> None:
    artifact(target, spool_files, original_path="/no/such/file", size_bytes=1)
    assert problem(store_path) == "missing"


def test_the_files_of_an_incident_are_kept_too(target: LocalDestination, spool_files: Path, store_path: Path) -> None:
    tape = Tape()
    files = [
        {semconv.FILE_NAME: "scatter.png", semconv.FILE_MEDIA_TYPE: "image/png", semconv.FILE_KEPT: "kept"},
        {semconv.FILE_NAME: "gone.txt", semconv.FILE_KEPT: "gone"},
    ]
    tape.event(semconv.EVENT_INCIDENT, {semconv.INCIDENT_ID: "i", semconv.INCIDENT_FILES: files})
    deliver(target, tape.batch(spool_files))
    path = str(store_path.parent / "store.db.artifacts" / SHA256[:2] / SHA256)
    with LocalReader(store_path) as reader:
        (found,) = reader.incidents().items
    kept = {"name": "scatter.png", "media_type": "image/png", "size_bytes": 8000, "sha256": SHA256, "path": path}
    gone = {"name": "gone.txt", "media_type": None, "size_bytes": None, "sha256": None, "path": None}
    assert found["files"] == [kept, gone]


def test_a_copy_that_another_leader_removed_in_between_is_made_again(
    target: LocalDestination, spool_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = FileStore.keep

    def keep_and_lose(self: FileStore, source: FileSource, folder: Path) -> Any:
        stored = keep(self, source, folder)
        self.remove(str(stored.path))
        return stored

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "keep", keep_and_lose)
        with pytest.raises(FileNotFoundError, match="was removed"):
            artifact(target, spool_files, kept="kept")
    found = artifact(target, spool_files, kept="kept")
    assert found["path"] is not None
    assert Path(found["path"]).read_bytes() == CONTENT
