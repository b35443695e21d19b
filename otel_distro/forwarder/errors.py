"""Errors of a delivery. Only their class decides what the forwarder does; a client never retries.

::

    DeliveryError
    +-- PermanentError      this batch will never be taken: bisected to the bad record, which is parked and counted
    +-- HeldError           the destination as a whole refuses us (401, 403, 3xx, 404 of the endpoint): held and alarmed
    +-- ThrottledError      taken later: the destination named a time to wait

Anything else that a client raises is transient: the same batch is tried again, with backoff.
"""

from __future__ import annotations


class DeliveryError(Exception):
    """Base of the errors by which a destination tells the forwarder what to do."""


class PermanentError(DeliveryError):
    """The batch is refused for what is in it; trying it again cannot help."""


class HeldError(DeliveryError):
    """The destination refuses every batch until somebody mends something, such as a key."""


class ThrottledError(DeliveryError):
    """The destination asks for a pause.

    Args:
        message: What it answered.
        retry_after_seconds: How long it asked to wait.
    """

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
