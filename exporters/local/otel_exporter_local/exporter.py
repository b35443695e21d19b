"""The destination ``local``: a SQLite file that needs no server, read by ``otel-distro show``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from otel_distro.forwarder.destination import Batch, Delivery, DestinationConfig, Fingerprint, Slot
from otel_exporter_local.config import LocalConfig

if TYPE_CHECKING:
    from otel_exporter_local.client import StoreClient
    from otel_exporter_local.retention import Retention

__all__ = ["LocalDestination"]

_SLOTS: Final = (Slot(),)


class LocalDestination:
    """Delivers to the local store.

    Building it does no I/O and loads neither SQLite nor protobuf: every process builds it, and one of them delivers.

    Args:
        config: Kind, name and environment.
        clock: Tells the present in nanoseconds since the epoch.
        monotonic: Tells a time in seconds that never goes back.

    Raises:
        ValueError: A setting cannot be; the message names the variable and the cure.
    """

    def __init__(
        self,
        config: DestinationConfig,
        *,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = LocalConfig.read(config)
        self._name = config.name
        self._kind = config.kind
        self._clock = clock
        self._monotonic = monotonic

    @cached_property
    def _client(self) -> StoreClient:
        from otel_exporter_local.client import StoreClient  # noqa: PLC0415 - see the class

        return StoreClient(self.config.path, self._clock)

    @cached_property
    def _retention(self) -> Retention:
        from otel_exporter_local.retention import Retention  # noqa: PLC0415 - see the class

        return Retention(self._client.file, self._client.files, self.config, self._clock, self._monotonic)

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._name

    @property
    def fingerprint(self) -> Fingerprint:
        """Who it is: the file."""
        return Fingerprint(self._kind, str(self.config.path))

    @property
    def slots(self) -> Sequence[Slot]:
        """Its one cursor: everything goes into one transaction."""
        return _SLOTS

    def deliver(self, slot: Slot, batch: Batch) -> Delivery:  # noqa: ARG002 - there is only one slot
        """Stores a batch exactly once, however often it comes.

        Raises:
            PermanentError: A value fits no column.
            HeldError: The file is another program's, or of a newer version.
            Exception: The disk, or another writer, refuses for now.
        """
        from otel_exporter_local.translator import translate  # noqa: PLC0415 - see the class

        translation = translate(batch.records)
        self._client.write(translation.records, batch.ends, batch.files)
        self._retention.keep_within_bounds()
        lost = {"corrupt": translation.corrupt} if translation.corrupt else {}
        return Delivery(len(translation.records), lost)

    def resume(self, slot: Slot, segment: str) -> int:  # noqa: ARG002 - there is only one slot
        """Returns how far the store itself has taken a segment in, in bytes."""
        return self._client.cursor(segment)

    def forget(self, segments: Sequence[str]) -> None:
        """Notes that segments are gone; their cursors are dropped when something is written next. Never raises."""
        self._client.forget(segments)

    def idle(self) -> None:
        """Goes on with what retention left to be done, and drops cursors that nobody needs."""
        self._client.settle()
        self._retention.keep_within_bounds()

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed."""
        self._client.close()
