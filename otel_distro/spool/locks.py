"""Locks on files that die with their process: liveness and leadership.

POSIX record locks belong to the process, are not inherited over fork, and are gone at its death, however it came. They
are also gone when the process closes *any* descriptor of the file: so each of these files is opened once by a process
and never again.
"""

from __future__ import annotations

import os
import sys
import weakref
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True


OPEN_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class FileLock:
    """A lock on a file, held until it is released or the process ends.

    Record locks do not tell two holders in one process apart, so those are told apart here.

    Args:
        path: The file; made if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def try_acquire(self) -> bool:
        """Takes the lock if it is free, or keeps it if this process holds it already; never waits.

        Returns:
            Whether this process holds it now.

        Raises:
            OSError: The file cannot be made or opened.
        """
        if _HOLDERS.get(self._path, self) is not self:
            return False
        if not self._is_open():
            self._descriptor = above_standard_streams(os.open(self._path, OPEN_FLAGS | os.O_CREAT, 0o600))
        if not _try_lock(self._descriptor):
            return False
        _HOLDERS[self._path] = self
        return True

    def release(self) -> None:
        """Gives the lock up; in the child of a fork, where the parent holds it, only what the child inherited."""
        if self._is_open():
            os.close(self._descriptor)
        self._descriptor = -1
        if _HOLDERS.get(self._path) is self:
            del _HOLDERS[self._path]

    def _is_open(self) -> bool:
        """Whether the descriptor still is the file at this path: programs close descriptors that are not theirs."""
        if self._descriptor < 0:
            return False
        try:
            ours, there = os.fstat(self._descriptor), self._path.stat(follow_symlinks=False)
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


# Who holds which lock in this process.
_HOLDERS: weakref.WeakValueDictionary[Path, FileLock] = weakref.WeakValueDictionary()


def is_locked(path: Path) -> bool:
    """Returns whether anybody holds the lock on a file.

    A lock of this process is known without opening its file, since closing that again would release it.
    """
    if path in _HOLDERS:
        return True
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def above_standard_streams(descriptor: int) -> int:
    """Moves a descriptor out of the numbers 0 to 2, which a program without standard streams hands to anybody."""
    if descriptor > 2:
        return descriptor
    moved = above_standard_streams(os.dup(descriptor))
    os.close(descriptor)
    return moved
