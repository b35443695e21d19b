"""The ledger adds each segment once, survives a torn copy and never grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_distro.spool.format import Account
from otel_distro.spool.ledger import Ledger

KEY = ("otlp", "traces")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def test_an_absent_ledger_is_empty(ledger: Ledger) -> None:
    assert ledger.read() == {}
    assert ledger.added_last() == ""


def test_counts_add_up(ledger: Ledger) -> None:
    ledger.add("a", {KEY: Account(1, 5, 1, {"corrupt": 2})})
    ledger.add("b", {KEY: Account(1, 5, 0, {"rejected": 1})})

    assert ledger.read() == {KEY: Account(0, 10, 1, {"corrupt": 2, "rejected": 1})}


def test_a_segment_is_added_once_however_often_its_removal_is_tried(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.add("a", {KEY: Account(1, 5)})

    assert ledger.read() == {KEY: Account(0, 5)}


@pytest.mark.parametrize("copy", [0, 1])
def test_a_torn_copy_leaves_the_other(ledger: Ledger, tmp_path: Path, copy: int) -> None:
    ledger.add("a", {KEY: Account(1, 5)})
    ledger.add("b", {KEY: Account(1, 7)})
    data = bytearray((tmp_path / "ledger").read_bytes())
    data[copy * len(data) // 2 + 30] ^= 0xFF
    (tmp_path / "ledger").write_bytes(data)

    assert ledger.read()[KEY].delivered in (5, 12)


def test_it_never_grows(ledger: Ledger, tmp_path: Path) -> None:
    ledger.add("a", {KEY: Account(1, 5)})
    size = (tmp_path / "ledger").stat().st_size
    for n in range(20):
        ledger.add(f"segment {n}", {KEY: Account(1, 1)})

    assert (tmp_path / "ledger").stat().st_size == size
    assert ledger.read()[KEY].delivered == 25
