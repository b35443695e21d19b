"""Files: what is said of one that an artifact or an incident names, and its bytes, kept through the sink.

A file that cannot be kept is named in one warning and counted; nothing is raised.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from pathlib import Path
from typing import Any, Final

from otel_distro import semconv
from otel_distro.api import mend, wiring
from otel_distro.api.counting import FILE_MISSING, FILE_UNREADABLE, NOT_A_FILE, count, warn_once

__all__ = ["kept_file", "media_type"]

_UNKNOWN: Final = "application/octet-stream"
# a compressed file is named after its compression: its type is that of what is inside
_COMPRESSED: Final = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}

_WHY: Final = {
    FILE_MISSING: "there is no such file",
    NOT_A_FILE: "it is a directory or a device, not a file",
    FILE_UNREADABLE: "it cannot be read",
}


def kept_file(path: object, name: object = None, *, copy: bool = False) -> dict[str, Any] | None:
    """Keeps the bytes that a file has now and describes it.

    Args:
        path: Where it lies.
        name: What it is to be called; its base name if not given.
        copy: Copy it however large it is.

    Returns:
        A map with the keys ``semconv.FILE_*``; ``None`` if it could not be kept.
    """
    where = _located(path)
    if isinstance(where, str):
        _leave_out(path, where)
        return None
    try:
        kept = wiring.get_sink().keep_file(where, copy=copy)
        size_bytes = kept.size_bytes or where.stat().st_size
    except OSError:
        _leave_out(path, FILE_UNREADABLE)
        return None
    shown = mend.text(where.name if name is None else name)
    described = {
        semconv.FILE_NAME: shown,
        semconv.FILE_MEDIA_TYPE: media_type(where.name),
        semconv.FILE_SIZE_BYTES: size_bytes,
        semconv.FILE_SHA256: kept.sha256,
        semconv.FILE_URI: where.as_uri(),
        semconv.FILE_ORIGINAL_PATH: mend.text(os.fspath(where)),
        semconv.FILE_KEPT: kept.kept,
    }
    return {key: value for key, value in described.items() if value != ""}


def _located(path: Any) -> Path | str:
    """Returns the absolute path of a regular file, or the reason why there is none. A pipe would make reading wait."""
    try:
        where = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - resolve() would follow links
        mode = where.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return FILE_MISSING
    except Exception:  # no permission; a NUL in it; no path at all
        return FILE_UNREADABLE
    return where if stat.S_ISREG(mode) else NOT_A_FILE


def _leave_out(path: object, reason: str) -> None:
    count(reason)
    shown = mend.text(path)
    warn_once(f"{reason} {shown}", "file %s is left out: %s", shown, _WHY[reason])


def media_type(name: str) -> str:
    """Returns the media type that a file's name suggests."""
    guessed, compression = mimetypes.guess_type(name)
    if compression is not None:
        return _COMPRESSED.get(compression, _UNKNOWN)
    return guessed or _UNKNOWN
