"""The resource of this process: each process is its own series, so a forked child has an instance id of its own."""

from __future__ import annotations

import os
import uuid
from typing import Final

from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, Resource

from otel_distro.otlp.encoder import encode_resource

_MAX_CACHED: Final = 64


class ProcessResources:
    """Encodes resources for the process that asks, in a forked child with an instance id derived from the parent's."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._suffix = ""
        self._encoded: dict[int, tuple[Resource, bytes]] = {}

    def encode(self, resource: Resource) -> bytes:
        """Returns fields 1 and 3 of ResourceSpans, -Logs and -Metrics for a resource."""
        if os.getpid() != self._pid:
            self._begin_child()
        cached = self._encoded.get(id(resource))
        if cached is not None and cached[0] is resource:
            return cached[1]
        encoded = encode_resource(self._of_this_process(resource))
        if len(self._encoded) >= _MAX_CACHED:
            self._encoded.clear()
        self._encoded[id(resource)] = (resource, encoded)
        return encoded

    def _begin_child(self) -> None:
        self._pid = os.getpid()
        self._suffix = f".{uuid.uuid4().hex[:8]}"
        self._encoded = {}

    def _of_this_process(self, resource: Resource) -> Resource:
        instance = resource.attributes.get(SERVICE_INSTANCE_ID)
        if not self._suffix or not instance:
            return resource
        return resource.merge(Resource({SERVICE_INSTANCE_ID: f"{instance}{self._suffix}"}))
