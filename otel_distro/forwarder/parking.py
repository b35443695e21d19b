"""Parking: records that a destination refused for good are set aside, one file a destination, and never thrown away.

A parking file is a segment like any other, without slots, so that whatever reads segments reads it.
"""

from __future__ import annotations

import os
import time

from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import content_name, pack_header, pack_record
from otel_distro.spool.record import Kind, SpooledRecord

_FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def park(directory: SpoolDirectory, destination: str, record: SpooledRecord) -> None:
    """Sets a record aside, with the resource and scope that it refers to.

    Raises:
        OSError: The disk refuses; the record stays in its segment and is tried again.
    """
    folder = directory.path / "parked"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{destination}.segment"
    resource, scope = content_name(record.resource), content_name(record.scope)
    now = time.time_ns()
    data = b"".join(
        [
            b"" if path.exists() else pack_header(directory.service, "parked", [], now),
            pack_record(Kind.RESOURCE, record.resource, 0, now, resource, resource),
            pack_record(Kind.SCOPE, record.scope, 0, now, scope, scope),
            pack_record(record.kind, record.payload, record.sequence, record.appended_unix_nano, resource, scope),
        ]
    )
    descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o600)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError(f"no room to park a record in {path}")
    finally:
        os.close(descriptor)
