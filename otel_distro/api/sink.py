"""The sink: the two things that no OpenTelemetry API can carry, points with their own time and files.

The configurator puts the real sink in; without it, :class:`NoSink` accepts and forgets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Protocol

__all__ = ["KeptFile", "NoSink", "Point", "Sink"]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series at a time of the caller's.

    Attributes:
        name: The series' name.
        value: Its value; not finite is allowed.
        time_unix_nano: When, in nanoseconds since the epoch.
        tags: What tells the series from others of its name.
    """

    name: str
    value: float
    time_unix_nano: int
    tags: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was when it was handed in.

    Attributes:
        size_bytes: Its size.
        sha256: Its hash in hexadecimal; empty where the file was too large to be copied in the call.
        kept: The copy's name among the spool's files; empty where only size, time and inode were noted.
    """

    size_bytes: int
    sha256: str
    kept: str


class Sink(Protocol):
    """Where points and files go."""

    def points(self, points: Sequence[Point]) -> None:
        """Records points; they are durable when this returns."""

    def keep_file(self, path: str | PathLike[str], *, copy: bool = False) -> KeptFile:
        """Keeps the bytes that a file has now, until every destination has passed the record that names it.

        Args:
            path: The file.
            copy: Copy it however large it is; else only size and address of a very large file are noted.

        Raises:
            OSError: The file does not exist or cannot be read.
        """


class NoSink:
    """A sink for a program in which no SDK runs: it keeps nothing."""

    def points(self, points: Sequence[Point]) -> None:
        """Forgets the points."""

    def keep_file(self, path: str | PathLike[str], *, copy: bool = False) -> KeptFile:  # noqa: ARG002 - the protocol's
        """Forgets the file."""
        return KeptFile(size_bytes=0, sha256="", kept="")
