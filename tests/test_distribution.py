"""The exit summary."""

from __future__ import annotations

import pytest

from otel_distro.distribution import kinds_of, summary
from otel_distro.forwarder.ledger import Balance
from otel_distro.spool.directory import Addressee
from otel_distro.spool.format import SlotKey
from otel_distro.spool.record import Kind


@pytest.mark.parametrize(
    ("accepted", "now", "before", "words"),
    [
        (5, Balance("local", delivered=5), Balance("local"), "local: 5 accepted, 5 delivered"),
        (5, Balance("local", delivered=105), Balance("local", delivered=100), "local: 5 accepted, 5 delivered"),
        (5, Balance("local", queued=5), Balance("local"), "local: 5 accepted, 0 delivered, 5 kept"),
        (
            9,
            Balance("otlp", delivered=4, queued=1, parked=3, lost={"corrupt": 12, "rejected": 2}),
            Balance("otlp", parked=1, lost={"corrupt": 12}),
            "otlp: 9 accepted, 4 delivered, 1 kept, 2 parked, 2 lost (rejected)",
        ),
    ],
)
def test_the_summary_says_what_became_of_this_process_records(
    accepted: int, now: Balance, before: Balance, words: str
) -> None:
    assert summary(accepted, now, before) == words


def test_a_destination_takes_what_any_of_its_slots_takes() -> None:
    slots = [SlotKey("otlp", "traces", frozenset({Kind.SPAN})), SlotKey("otlp", "logs", frozenset({Kind.LOG}))]

    assert kinds_of(Addressee("otlp", "otlp", "", "", slots)) == {Kind.SPAN, Kind.LOG}
