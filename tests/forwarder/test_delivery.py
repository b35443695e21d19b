"""Cursor, worker, leader and forwarder together, over real segments, with a destination that fails as it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_distro.forwarder.destination import Batch, Slot
from otel_distro.forwarder.errors import HeldError, PermanentError, ThrottledError
from otel_distro.forwarder.forwarder import Forwarder
from otel_distro.forwarder.ledger import balances
from otel_distro.forwarder.retry import Backoff
from otel_distro.spool.directory import Addressee, SpoolDirectory
from otel_distro.spool.format import SlotKey
from otel_distro.spool.record import Kind
from otel_distro.spool.writer import SpoolWriter
from spools import RESOURCE, SCOPE, MemoryDestination, append, read_all, spool_directory


class Program:
    """One program's end of a spool: a writer and a forwarder that share what they say."""

    def __init__(self, root: Path, *destinations: MemoryDestination, leads: bool = True) -> None:
        addressees = [
            Addressee(
                one.name, "memory", one.name, "", [SlotKey(one.name, slot.name, slot.takes) for slot in one.slots]
            )
            for one in destinations
        ]
        self.lines: list[str] = []
        self.directory = SpoolDirectory.below(root, "service", addressees)
        self.writer = SpoolWriter(self.directory, on_first_record=self._start)
        self.forwarder = Forwarder(self.directory, self.writer, lambda: destinations, self.lines.append, leads=leads)

    def _start(self) -> None:
        self.forwarder.start()

    def append(self, *payloads: bytes, kind: Kind = Kind.LOG) -> None:
        append(self.writer, *payloads, kind=kind)


Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def begin(*destinations: MemoryDestination, leads: bool = True) -> Program:
        programs.append(Program(tmp_path, *destinations, leads=leads))
        return programs[-1]

    yield begin
    for program in programs:
        program.forwarder.stop(5)


@pytest.fixture(autouse=True)
def quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "pause_seconds", lambda _self: 0.01)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Waits for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def failing(times: int, error: Exception) -> Callable[[Batch], None]:
    """Returns a failure that happens so many times."""
    left = [times]

    def fail(_batch: Batch) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return fail


def test_everything_arrives_once_in_order(start: Start) -> None:
    destination = MemoryDestination()
    program = start(destination)
    payloads = [f"{n}".encode() for n in range(1500)]

    program.append(*payloads)

    assert program.forwarder.flush(10)
    assert destination.payloads == payloads
    assert max(len(batch.records) for batch in destination.batches) <= 512
    assert {(r.resource, r.scope) for batch in destination.batches for r in batch.records} == {(RESOURCE, SCOPE)}


def test_what_has_passed_everywhere_is_removed_and_counted(start: Start) -> None:
    destination = MemoryDestination()
    program = start(destination)
    program.append(b"one", b"two")
    assert program.forwarder.flush(10)

    program.forwarder.stop(5)

    assert program.directory.segments() == []
    assert program.directory.owners() == set()
    balance = balances(program.directory)["memory"]
    assert (balance.accepted, balance.delivered, balance.queued, balance.lost) == (2, 2, 0, {})
    assert len(destination.forgotten) == 1


def test_a_transient_error_is_retried_until_it_works_and_said_once(start: Start) -> None:
    destination = MemoryDestination(fail=failing(5, ConnectionError("refused")))
    program = start(destination)

    program.append(b"one")

    assert eventually(lambda: destination.payloads == [b"one"])
    assert eventually(lambda: len(program.lines) == 2)
    assert "refused" in program.lines[0]
    assert "again" in program.lines[1]


def test_a_flush_does_not_wait_for_a_destination_that_is_known_to_be_away(start: Start) -> None:
    destination = MemoryDestination(fail=failing(10**6, HeldError("401")))
    program = start(destination)
    program.append(b"one")
    assert eventually(lambda: bool(program.lines))

    began = time.monotonic()
    assert program.forwarder.flush(10)

    assert time.monotonic() - began < 5
    assert balances(program.directory)["memory"].queued == 1


def test_a_flush_ends_at_its_deadline(start: Start) -> None:
    def hang(_batch: Batch) -> None:
        time.sleep(1.5)

    destination = MemoryDestination(fail=hang)
    program = start(destination)
    program.append(b"one")

    began = time.monotonic()
    assert not program.forwarder.flush(0.2)
    assert time.monotonic() - began < 1


def test_a_flush_waits_for_nobody_where_nobody_leads(start: Start) -> None:
    program = start(MemoryDestination(), leads=False)
    program.append(b"one")

    began = time.monotonic()
    assert not program.forwarder.flush(10)

    assert time.monotonic() - began < 5
    assert balances(program.directory)["memory"].queued == 1


def test_a_flush_is_not_done_while_the_disk_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a directory is needed")
    program = Program(tmp_path / "file", MemoryDestination())
    program.append(b"one")

    assert not program.forwarder.flush(10)
    program.forwarder.stop(5)


def test_a_pause_that_the_destination_asks_for_is_kept(start: Start) -> None:
    tries: list[float] = []

    def fail(_batch: Batch) -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise ThrottledError("429", retry_after_seconds=0.5)

    destination = MemoryDestination(fail=fail)
    program = start(destination)
    program.append(b"one")

    assert eventually(lambda: len(tries) == 2)
    assert tries[1] - tries[0] >= 0.5


def test_a_refused_batch_is_halved_to_the_bad_record_which_is_parked(start: Start) -> None:
    def refuse(batch: Batch) -> None:
        if any(record.payload == b"bad" for record in batch.records):
            raise PermanentError("400")

    destination = MemoryDestination(fail=refuse)
    program = start(destination)
    payloads = [f"{n}".encode() for n in range(20)]
    program.append(*payloads[:7], b"bad", *payloads[7:])

    assert program.forwarder.flush(10)
    assert destination.payloads == payloads
    balance = balances(program.directory)["memory"]
    assert (balance.accepted, balance.delivered, balance.parked, balance.queued) == (21, 20, 1, 0)
    parked = list((program.directory.path / "parked").iterdir())
    assert [path.name for path in parked] == ["memory.segment"]
    assert b"bad" in parked[0].read_bytes()


def test_partial_success_is_counted_by_reason(start: Start) -> None:
    destination = MemoryDestination(lost={"rejected": 2})
    program = start(destination)
    append(program.writer, b"1", b"2", b"3")

    assert program.forwarder.flush(10)
    balance = balances(program.directory)["memory"]
    lost = sum(balance.lost.values())
    assert balance.accepted == 3
    assert set(balance.lost) == {"rejected"}
    assert balance.delivered + lost == 3


def test_a_slow_destination_does_not_delay_another(start: Start) -> None:
    slow = MemoryDestination("slow", fail=failing(10**6, TimeoutError()))
    quick = MemoryDestination("quick")
    program = start(slow, quick)

    program.append(b"one")

    assert eventually(lambda: quick.payloads == [b"one"])
    assert balances(program.directory)["slow"].queued == 1
    assert balances(program.directory)["quick"].queued == 0


def test_a_slot_gets_only_the_kinds_that_it_takes(start: Start) -> None:
    slots = (Slot("traces", frozenset({Kind.SPAN})), Slot("logs", frozenset({Kind.LOG, Kind.EVENT})))
    destination = MemoryDestination(slots=slots)
    program = start(destination)
    program.append(b"span", kind=Kind.SPAN)
    program.append(b"log")
    program.append(b"metric", kind=Kind.METRIC)

    assert program.forwarder.flush(10)
    assert sorted(destination.payloads) == [b"log", b"span"]
    balance = balances(program.directory)["memory"]
    assert (balance.accepted, balance.delivered, balance.queued) == (2, 2, 0)


def test_what_a_destination_knows_itself_is_not_delivered_again(start: Start) -> None:
    first = start(MemoryDestination(), leads=False)
    first.append(b"one", b"two", b"three")
    second_record = read_all(first.directory)[1]
    destination = MemoryDestination()
    destination.resumes[second_record.segment] = second_record.end

    program = start(destination)
    program.append(b"four")

    assert program.forwarder.flush(10)
    assert eventually(lambda: sorted(destination.payloads) == [b"four", b"three"])
    assert balances(program.directory)["memory"].delivered == 4


def test_the_records_of_all_processes_are_merged_by_the_time_of_their_append(start: Start, tmp_path: Path) -> None:
    times = iter(range(1, 1000))
    writers = [SpoolWriter(spool_directory(tmp_path), clock=lambda: next(times)) for _ in range(3)]
    for n in range(30):
        append(writers[n % 3], f"{n:02}".encode())
    destination = MemoryDestination()
    program = start(destination)
    program.append(b"99")

    assert program.forwarder.flush(10)
    assert eventually(lambda: len(destination.payloads) == 31)
    assert destination.payloads == sorted(destination.payloads)
    for writer in writers:
        writer.close()


def test_a_batch_has_the_same_id_whenever_it_is_tried(start: Start) -> None:
    ids: list[str] = []

    def fail(batch: Batch) -> None:
        ids.append(batch.id)
        if len(ids) < 3:
            raise ConnectionError

    program = start(MemoryDestination(fail=fail))
    program.append(b"one")

    assert eventually(lambda: len(ids) == 3)
    assert len(set(ids)) == 1


def test_one_of_two_programs_leads_and_the_other_takes_over(start: Start) -> None:
    first_destination, second_destination = MemoryDestination(), MemoryDestination()
    first, second = start(first_destination), start(second_destination)
    first.append(b"one")
    assert first.forwarder.flush(10)
    second.append(b"two")
    assert second.forwarder.flush(10)  # by the first
    first.forwarder.stop(5)
    second.append(b"three")

    assert second.forwarder.flush(10)
    assert (first_destination.payloads, second_destination.payloads) == ([b"one", b"two"], [b"three"])


def test_a_damaged_segment_is_set_aside_with_one_line(start: Start) -> None:
    destination = MemoryDestination()
    program = start(destination)
    program.directory.make()
    damaged = program.directory.segment("nobody", 1)
    damaged.write_bytes(b"OTDSPOOL but then something else")

    program.append(b"one")

    assert program.forwarder.flush(10)
    assert destination.payloads == [b"one"]
    assert (program.directory.path / "quarantine" / damaged.name).exists()
    assert len(program.lines) == 1
