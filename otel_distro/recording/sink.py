"""The sink over the spool: points with their own time, and files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro import semconv
from otel_distro.api.sink import KeptFile, Point
from otel_distro.otlp.encoder import encode_points, encode_scope
from otel_distro.recording.resource import ProcessResources
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.files import TooLargeToKeepError, keep
from otel_distro.spool.record import Kind
from otel_distro.spool.writer import SpoolWriter


class SpoolSink:
    """Keeps points and files in the spool; a :class:`~otel_distro.api.sink.Sink`.

    Args:
        directory: The spool directory.
        writer: This process's end of it.
        resources: Encodes resources.
        resource: The resource of the points.
    """

    def __init__(
        self, directory: SpoolDirectory, writer: SpoolWriter, resources: ProcessResources, resource: Resource
    ) -> None:
        self._directory = directory
        self._writer = writer
        self._resources = resources
        self._resource = resource
        self._scope = encode_scope(InstrumentationScope(semconv.SCOPE_NAME))

    def points(self, points: Sequence[Point]) -> None:
        """Appends points, one record for each name among them."""
        resource = self._resources.encode(self._resource)
        for payload in encode_points(points):
            self._writer.append(Kind.METRIC, payload, resource, self._scope)

    def keep_file(self, path: str | PathLike[str], *, copy: bool = False) -> KeptFile:
        """Copies a file into the spool; above 64 MiB only its size is noted, unless a copy is asked for.

        Raises:
            OSError: It cannot be read, or the disk refuses.
        """
        source = Path(path)
        try:
            owner = self._writer.claim()
            name, size_bytes, sha256 = keep(self._directory, source, owner, time.time_ns(), any_size=copy)
        except TooLargeToKeepError:
            return KeptFile(size_bytes=source.stat().st_size, sha256="", kept="")
        return KeptFile(size_bytes=size_bytes, sha256=sha256, kept=name)
