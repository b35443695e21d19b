"""Requests put together from spooled records: length-prefixed joins, nothing is decoded.

::

    Export{Trace,Logs,Metrics}ServiceRequest
      1: Resource{Spans,Logs,Metrics}      the record's ``resource`` (fields 1 and 3), and
         2: Scope{Spans,Logs,Metrics}      the record's ``scope`` (fields 1 and 3), and
            2: Span, LogRecord or Metric   the record's ``payload``

The field numbers are the same for the three signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from otel_distro.otlp.wire import Heads
from otel_distro.spool.record import SpooledRecord

__all__ = ["join_request"]

_RESOURCE: Final = Heads(1)
_SCOPE: Final = Heads(2)
_RECORD: Final = Heads(2)


def join_request(records: Sequence[SpooledRecord]) -> bytes:
    """Returns one serialised Export{Trace,Logs,Metrics}ServiceRequest.

    Records of one resource, and in it of one scope, stand together; resources, scopes and records keep the order in
    which they are first met.

    Args:
        records: Of one signal; ``Kind.LOG`` and ``Kind.EVENT`` are both logs.
    """
    resources: dict[bytes, dict[bytes, list[bytes]]] = {}
    for record in records:
        payload = record.payload
        scopes = resources.setdefault(record.resource, {})
        scopes.setdefault(record.scope, []).extend((_RECORD[len(payload)], payload))
    request: list[bytes] = []
    for resource, scopes in resources.items():
        content = [resource]
        for scope, payloads in scopes.items():
            inner = b"".join(payloads)
            content += (_SCOPE[len(scope) + len(inner)], scope, inner)
        data = b"".join(content)
        request += (_RESOURCE[len(data)], data)
    return b"".join(request)
