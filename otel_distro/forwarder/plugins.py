"""Finding destinations: plugins by entry point, so the house knows none of them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import cast

from otel_distro import environment_variables as env
from otel_distro.config import DestinationName
from otel_distro.forwarder.destination import ENTRY_POINT_GROUP, Destination, DestinationConfig
from otel_distro.spool.directory import Addressee
from otel_distro.spool.format import SlotKey


def known_kinds() -> list[str]:
    """Returns the names of the installed destinations."""
    return sorted(entry_points(group=ENTRY_POINT_GROUP).names)


def build_destination(chosen: DestinationName, environ: Mapping[str, str]) -> Destination:
    """Makes a destination; no I/O happens.

    Raises:
        ValueError: There is no such kind, its package cannot be imported, or one of its settings cannot work.
    """
    found = entry_points(group=ENTRY_POINT_GROUP, name=chosen.kind)
    if not found:
        raise ValueError(
            f"{env.DESTINATIONS} names {chosen.kind!r}, which is not installed; known are {', '.join(known_kinds())}"
        )
    try:
        factory = cast("Callable[[DestinationConfig], Destination]", next(iter(found)).load())
    except ImportError as error:
        raise ValueError(
            f"destination {chosen.kind!r} cannot be loaded ({error}); install it with pip install "
            f"'otel-distro[{chosen.kind}]'"
        ) from error
    return factory(DestinationConfig(chosen.kind, chosen.name, environ))


def addressee(destination: Destination) -> Addressee:
    """Returns a destination as the spool knows it."""
    fingerprint = destination.fingerprint
    slots = [SlotKey(destination.name, slot.name, slot.takes) for slot in destination.slots]
    return Addressee(destination.name, fingerprint.kind, fingerprint.endpoint, fingerprint.key_id, slots)
