"""Start, flush and stop the distribution from a program: the three calls that need no OpenTelemetry SDK to import."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_distro.distribution import Distribution

__all__ = ["configure", "flush", "shutdown"]


class _State:
    """What runs in this process; one place, so that configuring twice is known to be twice."""

    distribution: Distribution | None = None


def configure() -> None:
    """Starts the distribution: whatever is recorded from now on is kept on disk and delivered.

    The environment decides where it goes; with none set, to the local store that ``otel-distro show`` reads. Calling
    it again does nothing, and under ``opentelemetry-instrument`` it has been called already. A variable that cannot
    work is named in one line on stderr, with the cure; the program then runs unrecorded.
    """

    def start() -> Distribution | None:
        # The SDK is loaded here and no earlier: importing otel_distro stays cheap.
        from otel_distro import configurator  # noqa: PLC0415

        return configurator.start()

    start_once(start)


def start_once(start: Callable[[], Distribution | None]) -> None:
    """Starts the distribution by a function of the configurator's, if it does not run."""
    if _State.distribution is None:
        _State.distribution = start()


def flush(timeout_seconds: float = 30.0) -> bool:
    """Waits until every destination has passed what was recorded before.

    It does not wait for a destination that is known to be away: what was recorded is safe on disk.

    Args:
        timeout_seconds: How long to wait at most.

    Returns:
        Whether everything was passed. ``True`` if the distribution does not run.
    """
    distribution = _State.distribution
    return distribution is None or distribution.flush(timeout_seconds)


def shutdown(timeout_seconds: float = 30.0) -> bool:
    """Ends open runs, flushes, and stops. Called at the program's exit in any case.

    Args:
        timeout_seconds: How long to wait at most.

    Returns:
        Whether everything was passed. ``True`` if the distribution does not run.
    """
    distribution, _State.distribution = _State.distribution, None
    return distribution is None or distribution.shutdown(timeout_seconds)
