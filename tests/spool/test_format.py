"""The segment's header and slots, written and read back, damaged and of formats to come."""

from __future__ import annotations

import pytest

from otel_distro.spool.format import (
    FLAG_AWAY,
    REASON_SLOTS,
    REASONS,
    SLOT_BYTES,
    Account,
    FormatError,
    SlotKey,
    pack_header,
    pack_slot,
    unpack_header,
    unpack_slot,
)
from otel_distro.spool.record import DATA_KINDS, Kind

SLOTS = [SlotKey("otlp", "traces", frozenset({Kind.SPAN})), SlotKey("local", "", DATA_KINDS)]


def test_a_header_is_read_back() -> None:
    data = pack_header("süß", "owner", SLOTS, 7)

    header = unpack_header(data)

    assert (header.service, header.owner, header.slots, header.created_unix_nano) == ("süß", "owner", SLOTS, 7)
    assert header.bytes == len(data)
    assert header.slots_offset % 64 == 0


def test_every_slot_begins_where_the_records_begin() -> None:
    data = pack_header("service", "owner", SLOTS, 7)
    header = unpack_header(data)

    for n in range(len(SLOTS)):
        assert unpack_slot(data[header.slots_offset + n * SLOT_BYTES :][:SLOT_BYTES]) == Account(cursor=header.bytes)


@pytest.mark.parametrize("position", [0, 9, 20, 40])
def test_a_damaged_header_is_refused(position: int) -> None:
    data = bytearray(pack_header("service", "owner", SLOTS, 7))
    data[position] ^= 0xFF

    with pytest.raises(FormatError):
        unpack_header(bytes(data))


def test_a_format_to_come_is_refused_by_its_name() -> None:
    data = bytearray(pack_header("service", "owner", SLOTS, 7))
    data[8] = 2

    with pytest.raises(FormatError, match="format 2 of a newer version"):
        unpack_header(bytes(data))


def test_a_truncated_header_is_refused() -> None:
    with pytest.raises(FormatError):
        unpack_header(pack_header("service", "owner", SLOTS, 7)[:100])


def test_a_slot_is_read_back() -> None:
    account = Account(4096, 5, 2, {"corrupt": 1, "rejected": 3}, FLAG_AWAY)

    data = pack_slot(account)

    assert len(data) == SLOT_BYTES
    assert unpack_slot(data) == account
    assert account.passed == 11


def test_a_damaged_slot_is_known() -> None:
    data = bytearray(pack_slot(Account(4096, 5)))
    data[8] ^= 1

    assert unpack_slot(bytes(data)) is None


def test_the_reasons_fit_into_a_slot() -> None:
    assert len(REASONS) == len(set(REASONS)) <= REASON_SLOTS


def test_the_sum_of_two_accounts_keeps_the_first_ones_cursor() -> None:
    total = Account(10, 1, 2, {"corrupt": 1}, FLAG_AWAY).plus(Account(99, 10, 20, {"corrupt": 1, "rejected": 5}))

    assert total == Account(10, 11, 22, {"corrupt": 2, "rejected": 5}, FLAG_AWAY)
