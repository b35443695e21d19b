"""Draining spools from outside the program that filled them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from otel_distro.forwarder.alerts import ADDRESSEE as ALERTS
from otel_distro.forwarder.destination import Batch
from otel_distro.forwarder.maintenance import Spools
from otel_distro.forwarder.plugins import addressee
from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.writer import SpoolWriter
from spools import MemoryDestination, append


def recorded(root: Path, *destinations: MemoryDestination, service: str = "service") -> SpoolDirectory:
    """Leaves records behind for some destinations, as a program does whose end came before their delivery."""
    directory = SpoolDirectory.below(root, service, [ALERTS, *map(addressee, destinations)])
    writer = SpoolWriter(directory)
    append(writer, *[b"record"] * 3)
    writer.close()
    return directory


def spools(root: Path, *destinations: MemoryDestination, service: str | None = None, every: bool = False) -> Spools:
    return Spools(root, lambda: list(destinations), lambda _line: None, service=service, all_of_host=every)


def test_a_drain_delivers_what_waits_and_leaves_nothing_behind(tmp_path: Path) -> None:
    destination = MemoryDestination()
    directory = recorded(tmp_path, destination)
    before = spools(tmp_path, destination).balances()["memory"]

    after = spools(tmp_path, destination).drain(10)["memory"]

    assert (before.accepted, before.queued) == (3, 3)
    assert (after.accepted, after.delivered, after.queued) == (3, 3, 0)
    assert destination.payloads == [b"record"] * 3
    assert directory.segments() == []


def test_a_drain_that_cannot_deliver_says_what_is_left(tmp_path: Path) -> None:
    def refuse(_batch: Batch) -> None:
        raise ConnectionError("refused")

    destination = MemoryDestination(fail=refuse)
    recorded(tmp_path, destination)

    after = spools(tmp_path, destination).drain(0.3)["memory"]

    assert (after.accepted, after.delivered, after.queued) == (3, 0, 3)


def test_records_for_another_destination_stay_where_they_are(tmp_path: Path) -> None:
    mine, other = MemoryDestination("mine"), MemoryDestination("other")
    recorded(tmp_path, other)
    both = recorded(tmp_path, mine, other)

    balances = spools(tmp_path, mine).drain(10)

    assert mine.payloads == [b"record"] * 3
    assert (balances["mine"].queued, balances["other"].queued) == (0, 3)
    assert len(both.segments()) == 1
    assert spools(tmp_path, mine, every=True).balances()["other"].queued == 6


def test_one_service_may_be_chosen(tmp_path: Path) -> None:
    destination = MemoryDestination()
    recorded(tmp_path, destination, service="one")
    recorded(tmp_path, destination, service="two")

    chosen = spools(tmp_path, destination, service="two")

    assert chosen.drain(10)["memory"].delivered == 3
    assert spools(tmp_path, destination).balances()["memory"].queued == 3


def test_where_another_process_leads_it_is_waited_for(tmp_path: Path) -> None:
    destination = MemoryDestination()
    directory = recorded(tmp_path, destination)
    hold = (
        "import sys; from pathlib import Path; from otel_distro.spool.locks import FileLock; "
        f"lock = FileLock(Path({str(directory.leader_lock)!r})); "
        "print(lock.try_acquire(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "True\n"

        after = spools(tmp_path, destination).drain(0.3)["memory"]

        assert (after.queued, destination.payloads) == (3, [])
        other.communicate()


@pytest.mark.parametrize("damage", ["{", '{"service": "x"}', '{"service": "x", "destinations": [{}]}'])
def test_a_directory_that_cannot_be_understood_is_passed_over(tmp_path: Path, damage: str) -> None:
    destination = MemoryDestination()
    directory = recorded(tmp_path, destination)
    (directory.path / "destinations.json").write_text(damage)

    assert spools(tmp_path, destination, every=True).balances() == {}
