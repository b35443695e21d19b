"""Settings of the destination: where they come from, and what is said of one that cannot be."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from otel_distro.forwarder.destination import Destination, DestinationConfig, Fingerprint, HasIdle
from otel_distro.spool.record import DATA_KINDS
from otel_exporter_local import LocalDestination
from otel_exporter_local.config import LocalConfig

HOME = {"HOME": "/home/ada"}
DEFAULT = Path("/home/ada/.local/state/otel-distro/local.db")


def read(environ: dict[str, str], name: str = "local") -> LocalConfig:
    return LocalConfig.read(DestinationConfig("local", name, environ))


@pytest.mark.parametrize(
    ("environ", "name", "path"),
    [
        (HOME, "local", DEFAULT),
        ({**HOME, "OTEL_DISTRO_LOCAL_STORE": ""}, "local", DEFAULT),
        ({**HOME, "XDG_STATE_HOME": "/state"}, "local", Path("/state/otel-distro/local.db")),
        ({**HOME, "XDG_STATE_HOME": "relative"}, "local", DEFAULT),
        ({**HOME, "OTEL_DISTRO_LOCAL_STORE": "/a/b.db"}, "local", Path("/a/b.db")),
        ({**HOME, "OTEL_DISTRO_LOCAL_STORE": "~/b.db"}, "local", Path("/home/ada/b.db")),
        ({**HOME, "OTEL_DISTRO_LOCAL_STORE": "b.db"}, "local", Path.cwd() / "b.db"),
        ({**HOME, "OTEL_DISTRO_LOCAL_STORE": "/a/b.db"}, "lab", Path("/a/b.db")),
        (
            {"OTEL_DISTRO_LOCAL_STORE": "/a/b.db", "OTEL_DISTRO_DESTINATION_LAB_PATH": "/lab.db"},
            "lab",
            Path("/lab.db"),
        ),
    ],
)
def test_where_the_store_lies(environ: dict[str, str], name: str, path: Path) -> None:
    assert read(environ, name).path == path


def test_the_bounds_have_defaults() -> None:
    config = read({**HOME, "OTEL_DISTRO_LOCAL_MAX_BYTES": " ", "OTEL_DISTRO_LOCAL_MAX_AGE_DAYS": ""})
    assert (config.max_bytes, config.max_age_days) == (1024**3, 30.0)


def test_a_named_destination_has_bounds_of_its_own_before_the_common_ones() -> None:
    environ = {
        **HOME,
        "OTEL_DISTRO_LOCAL_MAX_BYTES": "2000000",
        "OTEL_DISTRO_LOCAL_MAX_AGE_DAYS": "2.5",
        "OTEL_DISTRO_DESTINATION_LAB_MAX_BYTES": "3000000",
    }
    assert (read(environ).max_bytes, read(environ, "lab").max_bytes) == (2_000_000, 3_000_000)
    assert read(environ, "lab").max_age_days == 2.5


def test_no_bound_on_age() -> None:
    assert read({**HOME, "OTEL_DISTRO_LOCAL_MAX_AGE_DAYS": "inf"}).max_age_days == math.inf


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OTEL_DISTRO_LOCAL_MAX_BYTES", "abc", "a whole number of at least 1048576"),
        ("OTEL_DISTRO_LOCAL_MAX_BYTES", "1.5", "a whole number of at least 1048576"),
        ("OTEL_DISTRO_LOCAL_MAX_BYTES", "1000", "a whole number of at least 1048576"),
        ("OTEL_DISTRO_LOCAL_MAX_BYTES", "-1", "a whole number of at least 1048576"),
        ("OTEL_DISTRO_LOCAL_MAX_AGE_DAYS", "month", "a number of at least 0"),
        ("OTEL_DISTRO_LOCAL_MAX_AGE_DAYS", "nan", "a number of at least 0"),
        ("OTEL_DISTRO_LOCAL_MAX_AGE_DAYS", "-1", "a number of at least 0"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_cure(variable: str, value: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"{variable}={value} is not {expected}.*: correct it, or unset it"):
        LocalDestination(DestinationConfig("local", "local", {**HOME, variable: value}))


def test_who_the_destination_is() -> None:
    target = LocalDestination(DestinationConfig("local", "lab", {"OTEL_DISTRO_DESTINATION_LAB_PATH": "/lab.db"}))
    as_destination: Destination = target
    assert isinstance(target, HasIdle)
    assert (as_destination.name, as_destination.fingerprint) == ("lab", Fingerprint("local", "/lab.db"))
    assert [(slot.name, slot.takes) for slot in as_destination.slots] == [("", DATA_KINDS)]
