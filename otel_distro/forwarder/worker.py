"""The worker: delivers what one slot has before it; the class of an error decides what comes next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from otel_distro.forwarder.cursor import SlotCursor
from otel_distro.forwarder.destination import Batch, Delivery, Destination, HasIdle, Slot
from otel_distro.forwarder.errors import HeldError, PermanentError, ThrottledError
from otel_distro.forwarder.retry import Backoff
from otel_distro.spool.record import SpooledRecord

_IDLE_SECONDS: Final = 1.0


class Worker:
    """One slot's own thread, so that a slow or dead destination never delays another.

    Args:
        destination: Whose slot it is.
        slot: Which.
        cursor: Its progress.
        still_leads: Returns whether this process is the leader still; asked before each request.
        park: Sets a record aside that the destination refused.
        on_line: Called with a line that the user should see.
    """

    def __init__(
        self,
        destination: Destination,
        slot: Slot,
        cursor: SlotCursor,
        *,
        still_leads: Callable[[], bool],
        park: Callable[[str, SpooledRecord], None],
        on_line: Callable[[str], None],
    ) -> None:
        self._destination = destination
        self._slot = slot
        self._cursor = cursor
        self._still_leads = still_leads
        self._park = park
        self._on_line = on_line
        self._backoff = Backoff()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._batch: Batch | None = None
        self._trouble = ""
        self._thread = threading.Thread(
            target=self._run, name=f"otel-distro {destination.name} {slot.name}", daemon=True
        )

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def is_started(self) -> bool:
        """Returns whether the thread was ever started."""
        return self._thread.ident is not None

    def wake(self) -> None:
        """Says that there may be something to deliver."""
        self._wake.set()

    def stop(self) -> None:
        """Asks the thread to end after the request that it is in."""
        self._stopped.set()
        self._wake.set()

    def join(self, timeout_seconds: float) -> bool:
        """Waits for the thread to end; returns whether it did."""
        self._thread.join(max(0.0, timeout_seconds))
        return not self._thread.is_alive()

    def step(self) -> float:
        """Tries to deliver one batch.

        Returns:
            How long to wait before the next step, in seconds: 0 after a delivery; -1 if there is nothing to deliver.
        """
        try:
            self._batch = self._batch or self._cursor.next_batch()
            if self._batch is None:
                if isinstance(self._destination, HasIdle):
                    self._destination.idle()
                return -1
            if not self._still_leads():
                return _IDLE_SECONDS
            delivery, parked = self._deliver(self._batch)
        except Exception as error:  # every class of error is decided here, and nowhere else
            return self._failed(error)
        self._report("")
        self._backoff.reset()
        self._cursor.set_away(away=False)
        self._cursor.passed(self._batch, delivery, parked)
        self._batch = None
        return 0

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            pause = self.step()
            if pause < 0:
                self._wake.wait(_IDLE_SECONDS)
            elif pause > 0:  # waking is no reason to try a destination that is away any sooner
                self._stopped.wait(pause)

    def _failed(self, error: Exception) -> float:
        """Notes that the destination did not take a batch; returns how long to wait."""
        self._report(_describe(error))
        self._cursor.set_away(away=True)
        pause = self._backoff.pause_seconds()
        return error.retry_after_seconds if isinstance(error, ThrottledError) else pause

    def _deliver(self, batch: Batch) -> tuple[Delivery, int]:
        """Delivers a batch; one that is refused is halved until the refused records are found, and those are parked.

        Returns:
            What became of it, and how many records were parked.
        """
        try:
            return self._destination.deliver(self._slot, batch), 0
        except PermanentError as error:
            records = batch.records
            if len(records) == 1:
                self._on_line(f"{self._destination.name} refused a record for good ({error}); it is parked")
                self._park(self._destination.name, records[0])
                return Delivery(0), 1
            half = len(records) // 2
            first, first_parked = self._deliver(_part(batch, records[:half], last=False))
            second, second_parked = self._deliver(_part(batch, records[half:], last=True))
            lost = {
                reason: first.lost.get(reason, 0) + second.lost.get(reason, 0)
                for reason in {**first.lost, **second.lost}
            }
            return Delivery(first.delivered + second.delivered, lost), first_parked + second_parked

    def _report(self, trouble: str) -> None:
        """Says once that a destination is in trouble, and once that it is back."""
        if trouble and not self._trouble:
            self._on_line(f"{self._destination.name}: {trouble}; records wait on disk")
        elif self._trouble and not trouble:
            self._on_line(f"{self._destination.name}: takes records again")
        self._trouble = trouble


def _part(batch: Batch, records: Sequence[SpooledRecord], *, last: bool) -> Batch:
    """Returns a batch of some of the records; a destination's own cursor may move to the end only with the last."""
    ends = batch.ends if last else {record.segment: record.end for record in records}
    return replace(batch, id=f"{batch.id}.{records[0].segment}.{records[0].offset}", records=records, ends=ends)


def _describe(error: Exception) -> str:
    if isinstance(error, HeldError):
        return f"refuses everything ({error})"
    return f"away ({str(error) or type(error).__name__})"
