"""The equation of a spool directory: accepted = delivered + queued + parked + lost by reason, for each destination.

Every count comes from disk: what segments that are gone left in the ledger, what the slots of living segments say, and
whole records behind their cursors. So it holds after any crash, whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from otel_distro.spool.directory import SpoolDirectory
from otel_distro.spool.format import Account, FormatError
from otel_distro.spool.ledger import Ledger
from otel_distro.spool.segment import Segment

INTERNAL_KIND = "internal"


@dataclass(slots=True)
class Balance:
    """Where one destination stands.

    Attributes:
        name: The destination's name.
        delivered: Records that arrived.
        queued: Records that wait on disk.
        parked: Records set aside because it refused them.
        lost: Records that are gone, by reason.
    """

    name: str
    delivered: int = 0
    queued: int = 0
    parked: int = 0
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many records were accepted for it."""
        return self.delivered + self.queued + self.parked + sum(self.lost.values())

    def add(self, account: Account) -> None:
        """Adds an account's counts."""
        self.delivered += account.delivered
        self.parked += account.parked
        for reason, count in account.lost.items():
            self.lost[reason] = self.lost.get(reason, 0) + count

    def merge(self, other: Balance) -> None:
        """Adds another balance, such as the same destination's in another directory."""
        self.add(Account(0, other.delivered, other.parked, other.lost))
        self.queued += other.queued


def balances(directory: SpoolDirectory, *, queued_of: str | None = None) -> dict[str, Balance]:
    """Returns where each destination of a directory stands, by name; the distribution's own parts are left out.

    Args:
        directory: The spool directory.
        queued_of: Count what waits in the segments of this process alone; empty: count nothing that waits. Counting
            reads every record that waits; the other counts cost a look at each segment's header.
    """
    names = [addressee.name for addressee in directory.addressees if addressee.kind != INTERNAL_KIND]
    totals = {name: Balance(name) for name in names}
    ledger = Ledger(directory.ledger)
    for (name, _), account in ledger.read().items():
        if name in totals:
            totals[name].add(account)
    added_last = ledger.added_last()
    for segment_name in directory.segments():
        if segment_name.name == added_last:
            continue  # the ledger has it; it is about to be removed
        try:
            segment = Segment(directory.path / segment_name.name, writable=False)
        except (OSError, FormatError):  # delivered and removed since it was listed, or not ours to read
            continue
        try:
            counts_queued = queued_of is None or segment.header.owner == queued_of
            _add_segment(totals, segment, counts_queued=counts_queued)
        finally:
            segment.close()
    return totals


def _add_segment(totals: dict[str, Balance], segment: Segment, *, counts_queued: bool) -> None:
    for (name, _), (key, account) in segment.accounts().items():
        if name in totals:
            totals[name].add(account)
            totals[name].queued += segment.count(account.cursor, key.takes) if counts_queued else 0
