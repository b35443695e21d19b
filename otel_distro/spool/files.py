"""Files kept for upload: the bytes that a file had at the moment of the call.

A kept file is named after the process that kept it and the time, so the leader can tell when no record names it any
more: the naming record follows within the same call, so it lies in a segment that its owner began before, or at once.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from otel_distro.spool.directory import SpoolDirectory

COPY_BYTES: Final = 64 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_GRACE_NANOS: Final = 60 * 10**9
_FICLONE: Final = 0x40049409  # ioctl_ficlone(2): the copy shares the blocks until one of the two is written
_counter = itertools.count(1)


class TooLargeToKeepError(OSError):
    """The file is larger than what is copied in a call."""


def keep(
    directory: SpoolDirectory, source: Path, owner: str, now_unix_nano: int, *, any_size: bool = False
) -> tuple[str, int, str]:
    """Copies a file into the spool, by reflink where the file system can, never by a hard link.

    Args:
        directory: The spool.
        source: The file.
        owner: Id of this process in the spool.
        now_unix_nano: The time.
        any_size: Whether a file of more than 64 MiB is copied too.

    Returns:
        The copy's name, its size in bytes and its SHA-256 in hexadecimal.

    Raises:
        TooLargeToKeepError: It is larger than 64 MiB, and that was not asked for.
        OSError: It cannot be read, or the disk refuses.
    """
    directory.files.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{owner}.{now_unix_nano}.{next(_counter)}"
    target = directory.files / name
    with source.open("rb") as reading:
        if not any_size and os.fstat(reading.fileno()).st_size > COPY_BYTES:
            raise TooLargeToKeepError(f"{source} is larger than {COPY_BYTES} bytes")
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as writing:
                if not _reflink(reading.fileno(), writing.fileno()):
                    shutil.copyfileobj(reading, writing, _CHUNK_BYTES)
                    writing.flush()
                size, sha256 = _measure(writing.fileno())
        except OSError:
            target.unlink(missing_ok=True)
            raise
    return name, size, sha256


def remove_unnamed(
    directory: SpoolDirectory, oldest_segments: Mapping[str, int], is_gone: Callable[[str], bool], now_unix_nano: int
) -> None:
    """Removes kept files that no record in the spool can name any more.

    Args:
        directory: The spool.
        oldest_segments: When the oldest segment of each owner was made, in nanoseconds since the epoch.
        is_gone: Whether the process of an id has ended.
        now_unix_nano: The time.
    """
    for path in directory.files.iterdir() if directory.files.is_dir() else ():
        owner, _, kept = path.name.rpartition(".")[0].rpartition(".")
        if not kept.isdigit():
            continue
        named_until = int(kept) + _GRACE_NANOS
        oldest = oldest_segments.get(owner)
        unnamed = (is_gone(owner) or now_unix_nano > named_until) if oldest is None else oldest > named_until
        if unnamed:
            path.unlink(missing_ok=True)


def _reflink(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - absent on some platforms

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _measure(descriptor: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    os.lseek(descriptor, 0, os.SEEK_SET)
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
