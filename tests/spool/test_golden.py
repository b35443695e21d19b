"""A segment of each format version is kept as it was written, and every later version reads it.

``OTEL_DISTRO_TEST_REGENERATE=1`` writes the segment of the present format; never overwrite one of an older format.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from otel_distro.spool.format import FORMAT_VERSION, Account, SlotKey, content_name, pack_header, pack_record, pack_slot
from otel_distro.spool.record import DATA_KINDS, Kind
from otel_distro.spool.segment import Segment
from spools import RESOURCE, SCOPE

GOLDEN = Path(__file__).parent.parent / "golden" / "spool"
OWNER = "0123456789ab-4242-1000-5a17c0de"
SLOTS = [SlotKey("otlp", "traces", frozenset({Kind.SPAN})), SlotKey("local", "", DATA_KINDS)]
BEGAN = 1_700_000_000_000_000_000


def golden_segment() -> bytes:
    """Returns the segment of the present format: four records, of which one destination has passed the first."""
    names = content_name(RESOURCE), content_name(SCOPE)
    kinds = (Kind.SPAN, Kind.LOG, Kind.EVENT, Kind.METRIC)
    header = pack_header("service", OWNER, SLOTS, BEGAN)
    entries = pack_record(Kind.RESOURCE, RESOURCE, 0, BEGAN, names[0], names[0]) + pack_record(
        Kind.SCOPE, SCOPE, 0, BEGAN, names[1], names[1]
    )
    records = [pack_record(kind, f"payload {n}".encode(), n, BEGAN + n, *names) for n, kind in enumerate(kinds, 1)]
    passed = len(header) + len(entries) + len(records[0])
    begun, moved = pack_slot(Account(len(header))), pack_slot(Account(passed, delivered=1))
    return header.replace(begun * 2, begun + moved) + entries + b"".join(records)


def test_the_present_format_is_as_it_was() -> None:
    path = GOLDEN / f"format-{FORMAT_VERSION}" / f"{OWNER}-000001.segment"
    if os.environ.get("OTEL_DISTRO_TEST_REGENERATE") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(golden_segment())

    assert path.read_bytes() == golden_segment()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("format-*/*.segment")), ids=lambda path: path.parent.name)
def test_every_format_is_read(path: Path) -> None:
    segment = Segment(path, writable=False)
    accounts = {key: account for key, (_, account) in segment.accounts().items()}

    records = segment.read(segment.header.bytes, complete=True).records
    left = segment.read(accounts["local", ""].cursor, complete=True).records

    assert (segment.header.service, segment.header.owner, segment.header.created_unix_nano) == ("service", OWNER, BEGAN)
    assert [record.kind for record in records] == [Kind.SPAN, Kind.LOG, Kind.EVENT, Kind.METRIC]
    assert [record.payload for record in records] == [b"payload 1", b"payload 2", b"payload 3", b"payload 4"]
    assert [record.sequence for record in records] == [1, 2, 3, 4]
    assert {(record.resource, record.scope) for record in records} == {(RESOURCE, SCOPE)}
    assert left == records[1:]
    assert accounts["local", ""].delivered == 1
    assert accounts["otlp", "traces"] == Account(segment.header.bytes)
    segment.close()
