"""Reading segments: whole, damaged, torn, still being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import RECORD_BYTES, Account, pack_header, pack_record
from otel_distro.spool.record import DATA_KINDS, Kind
from otel_distro.spool.segment import Segment
from otel_distro.spool.writer import SpoolWriter
from spools import append, read_all, spool_directory


@pytest.fixture
def written(tmp_path: Path) -> tuple[SpoolDirectory, Path]:
    """A segment of three records."""
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"first record", b"second record", b"third record")
    path = writer.extents()[0][0]
    writer.close()
    return directory, path


def payloads(path: Path, *, complete: bool = True) -> tuple[list[bytes], int]:
    segment = Segment(path, writable=False)
    found = segment.read(segment.header.bytes, complete=complete)
    segment.close()
    return [record.payload for record in found.records], found.damaged


def test_reading_goes_on_where_it_ended(written: tuple[SpoolDirectory, Path]) -> None:
    directory, path = written
    second = read_all(directory)[1]
    segment = Segment(path, writable=False)

    found = segment.read(second.offset, complete=False)

    assert [record.payload for record in found.records] == [b"second record", b"third record"]
    assert found.end == segment.size()
    assert segment.read(found.end, complete=False) == ([], found.end, 0)
    segment.close()


def test_a_small_limit_reads_every_record_once(written: tuple[SpoolDirectory, Path]) -> None:
    _, path = written
    segment = Segment(path, writable=False)
    offset, seen = segment.header.bytes, []
    while (found := segment.read(offset, complete=True, limit_bytes=RECORD_BYTES + 20)).end > offset:
        seen += [record.payload for record in found.records]
        offset = found.end

    assert seen == [b"first record", b"second record", b"third record"]
    segment.close()


def test_a_flipped_bit_costs_that_record(written: tuple[SpoolDirectory, Path]) -> None:
    _, path = written
    data = path.read_bytes()
    path.write_bytes(data.replace(b"second", b"sEcond"))

    assert payloads(path) == ([b"first record", b"third record"], 1)


def test_a_damaged_head_costs_that_record(written: tuple[SpoolDirectory, Path]) -> None:
    directory, path = written
    second = read_all(directory)[1]
    data = bytearray(path.read_bytes())
    data[second.offset] ^= 0xFF
    path.write_bytes(data)

    assert payloads(path) == ([b"first record", b"third record"], 1)


def test_a_torn_write_in_between_costs_nothing_that_was_accepted(written: tuple[SpoolDirectory, Path]) -> None:
    directory, path = written
    first, second, _ = read_all(directory)
    data = path.read_bytes()
    torn = data[first.offset : first.end - 4]
    path.write_bytes(data[: second.offset] + torn + data[second.offset :])

    assert payloads(path) == ([b"first record", b"second record", b"third record"], 0)


def test_a_torn_tail_is_waited_for_while_its_owner_lives_and_passed_over_afterwards(
    written: tuple[SpoolDirectory, Path],
) -> None:
    directory, path = written
    third = read_all(directory)[2]
    data = path.read_bytes()[:-3]
    path.write_bytes(data)
    segment = Segment(path, writable=False)

    alive = segment.read(segment.header.bytes, complete=False)
    gone = segment.read(segment.header.bytes, complete=True)

    assert (len(alive.records), alive.end) == (2, third.offset)
    assert (len(gone.records), gone.end) == (2, len(data))
    segment.close()


def test_a_record_may_come_before_its_dictionary_entries(written: tuple[SpoolDirectory, Path]) -> None:
    directory, path = written
    segment = Segment(path, writable=False)
    begin = segment.header.bytes
    segment.close()
    first = read_all(directory)[0]
    data = path.read_bytes()
    path.write_bytes(data[:begin] + data[first.offset :] + data[begin : first.offset])

    assert payloads(path) == ([b"first record", b"second record", b"third record"], 0)


def test_a_record_whose_dictionary_entries_never_come_is_waited_for_then_counted(tmp_path: Path) -> None:
    path = tmp_path / "owner-000001.segment"
    path.write_bytes(pack_header("service", "owner", [], 1) + pack_record(Kind.LOG, b"x", 1, 1, b"unknow", b"neithe"))

    assert payloads(path, complete=False) == ([], 0)
    assert payloads(path) == ([], 1)


def test_an_account_is_overwritten_in_place(written: tuple[SpoolDirectory, Path]) -> None:
    _, path = written
    size = path.stat().st_size
    leader = Segment(path, writable=True)
    account = Account(5000, 2, 1, {"corrupt": 4})

    leader.write_account("memory", "", account)

    assert leader.accounts()["memory", ""][1] == account
    assert path.stat().st_size == size
    assert payloads(path)[0] == [b"first record", b"second record", b"third record"]
    leader.close()


def test_counting_knows_the_kinds(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"span", b"span", kind=Kind.SPAN)
    append(writer, b"log")
    segment = Segment(writer.extents()[0][0], writable=False)

    assert segment.count(segment.header.bytes, frozenset({Kind.SPAN})) == 2
    assert segment.count(segment.header.bytes, DATA_KINDS) == 3
    segment.close()
    writer.close()


def test_a_huge_record_is_read_in_one_piece(tmp_path: Path) -> None:
    directory = spool_directory(tmp_path)
    writer = SpoolWriter(directory)
    append(writer, b"x" * 3_000_000, b"small")

    assert [len(record.payload) for record in read_all(directory)] == [3_000_000, 5]
    writer.close()
