"""Files kept for upload: their bytes, and when they may go."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from otel_distro.spool import files
from otel_distro.spool.directory import SpoolDirectory
from spools import spool_directory

NOW = 10**18


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "plot.png"
    path.write_bytes(b"the bytes of now")
    return path


@pytest.fixture
def directory(tmp_path: Path) -> SpoolDirectory:
    return spool_directory(tmp_path / "spool")


def test_a_kept_file_is_what_it_was(directory: SpoolDirectory, source: Path) -> None:
    name, size, sha256 = files.keep(directory, source, "owner", NOW)
    with source.open("r+b") as file:  # in place: a hard link would change with it
        file.write(b"LATER")

    kept = directory.files / name
    assert kept.read_bytes() == b"the bytes of now"
    assert (size, sha256) == (16, hashlib.sha256(b"the bytes of now").hexdigest())
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_large_file_is_not_copied(directory: SpoolDirectory, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "COPY_BYTES", 10)

    with pytest.raises(files.TooLargeToKeepError):
        files.keep(directory, source, "owner", NOW)
    assert list(directory.files.iterdir()) == []


def test_a_missing_file_is_an_os_error(directory: SpoolDirectory, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.keep(directory, tmp_path / "missing", "owner", NOW)


SECOND = 10**9


@pytest.mark.parametrize(
    ("oldest_segment", "gone", "age_seconds", "remains"),
    [
        (NOW - 50 * SECOND, False, 3600, True),  # its segment is there
        (NOW + 61 * SECOND, False, 3600, False),  # only later segments are there
        (NOW + 30 * SECOND, False, 3600, True),  # a segment that may have been begun within the call is there
        (None, False, 30, True),  # the record may still come
        (None, False, 61, False),
        (None, True, 1, False),  # nothing will come any more
    ],
)
def test_a_kept_file_goes_when_no_record_can_name_it(
    directory: SpoolDirectory,
    source: Path,
    oldest_segment: int | None,
    gone: bool,
    age_seconds: int,
    remains: bool,
) -> None:
    name, _, _ = files.keep(directory, source, "owner", NOW)
    oldest = {} if oldest_segment is None else {"owner": oldest_segment}

    files.remove_unnamed(directory, oldest, lambda _owner: gone, NOW + age_seconds * SECOND)

    assert (directory.files / name).exists() == remains
