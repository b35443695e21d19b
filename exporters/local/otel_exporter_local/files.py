"""The bytes of artifacts: copied from the spool's kept files into the store's folder, under the hash of their content.

``<store>.artifacts/<first two digits of the SHA-256>/<SHA-256>``, mode 0600. A copy is made under a temporary name
and renamed, so a file that is there is whole. Names come from outside: only a plain name within the spool's folder is
opened, never through a link.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Final, NamedTuple

from otel_exporter_local.rows import FileSource

__all__ = ["TEMPORARY_SUFFIX", "FileStore", "StoredFile"]

TEMPORARY_SUFFIX: Final = ".tmp"
_CHUNK_BYTES: Final = 1024 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_OUTSIDE: Final = re.compile(r"[/\\:\0]")  # folders of any system, drives, the end of a C string
_READ: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_WRITE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# What says that the file system cannot copy within itself, rather than that it is full or broken.
_NO_RANGE: Final = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


class StoredFile(NamedTuple):
    """Where the bytes that an event names are.

    Attributes:
        path: Below the store's folder of artifacts; ``None`` if the store has no copy.
        size_bytes: How many there are.
        sha256: Their hash in hexadecimal.
        problem: Why there is no copy, or the original no longer is what it was: ``missing``, ``changed``,
            ``unreadable`` or ``refused`` (the name leads elsewhere).
    """

    path: str | None
    size_bytes: int | None
    sha256: str | None
    problem: str | None = None


class FileStore:
    """The folder of one store's artifacts.

    Args:
        folder: Made when the first file is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._counter = itertools.count(1)

    def keep(self, source: FileSource, spool_files: Path) -> StoredFile:
        """Copies the bytes that an event names; without a kept copy, looks whether the original is as it was.

        Args:
            source: What the event says.
            spool_files: The folder of the files that the spool keeps.

        Raises:
            OSError: The disk refuses the copy.
        """
        if source.kept is None:
            return StoredFile(None, source.size_bytes, source.sha256, _original_problem(source))
        if not source.kept or _OUTSIDE.search(source.kept) or source.kept in {".", ".."}:
            return StoredFile(None, source.size_bytes, source.sha256, "refused")
        try:
            descriptor = os.open(spool_files / source.kept, _READ)
        except OSError as error:
            return StoredFile(None, source.size_bytes, source.sha256, _open_problem(error))
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return StoredFile(None, source.size_bytes, source.sha256, "refused")
            return self._copy(descriptor, source.sha256)
        finally:
            os.close(descriptor)

    def holds(self, path: str, size_bytes: int | None) -> bool:
        """Tells whether a copy is there, whole."""
        try:
            return (self.folder / path).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def remove(self, path: str) -> None:
        """Removes a copy that no row names any more."""
        (self.folder / path).unlink(missing_ok=True)

    def _copy(self, source: int, sha256: str | None) -> StoredFile:
        size = os.fstat(source).st_size
        known = sha256 if sha256 is not None and _SHA256.fullmatch(sha256) else None
        if known and self.holds(_place(known), size):
            return StoredFile(_place(known), size, known)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.folder / f"{os.getpid()}-{next(self._counter)}{TEMPORARY_SUFFIX}"
        target = os.open(temporary, _WRITE, 0o600)
        try:
            try:
                if known:
                    _copy_plainly(source, target)
                else:
                    known = _copy_hashing(source, target)
                size = os.fstat(target).st_size
            finally:
                os.close(target)
            place = self.folder / _place(known)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return StoredFile(_place(known), size, known)


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _copy_hashing(source: int, target: int) -> str:
    """Copies through this process, for the hash; returns it."""
    digest = hashlib.sha256()
    with os.fdopen(target, "wb", closefd=False) as writing:
        while chunk := os.read(source, _CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
    return digest.hexdigest()


def _copy_plainly(source: int, target: int) -> None:
    """Copies within the kernel, sharing the blocks where the file system can."""
    if not _copy_range(source, target):
        with os.fdopen(source, "rb", closefd=False) as reading, os.fdopen(target, "wb", closefd=False) as writing:
            shutil.copyfileobj(reading, writing, _CHUNK_BYTES)


def _copy_range(source: int, target: int) -> bool:
    if not hasattr(os, "copy_file_range"):
        return False
    copied = 0
    try:
        while count := os.copy_file_range(source, target, _CHUNK_BYTES * 64):
            copied += count
    except OSError as error:
        if copied == 0 and error.errno in _NO_RANGE:
            return False
        raise
    return True


def _open_problem(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "missing"
    return "refused" if error.errno == errno.ELOOP else "unreadable"


def _original_problem(source: FileSource) -> str | None:
    """Tells what keeps a file that was not copied from being read where it lay."""
    if source.original_path is None:
        return None
    try:
        size = Path(source.original_path).stat().st_size
    except (OSError, ValueError):
        return "missing"
    return None if source.size_bytes in {None, size} else "changed"
