"""A spool directory: which files it holds, and how they are made.

::

    <state>/<host>/<service>/<hash of the destinations' fingerprints>/
        destinations.json      who the records are for: names, fingerprints, kinds taken; never a credential
        leader.lock            held by the one process that forwards
        <owner>.alive          held by its owner as long as it lives
        <owner>-<n>.segment    n counts up from 1 for each owner
        ledger                 what became of the records of segments that are gone
        files/                 files kept for upload
        parked/                records that a destination refused, one file a destination
        state/<destination>/   what a destination remembers, such as its ids for ours
        quarantine/            segments whose header is damaged
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from otel_distro.spool.format import SlotKey
from otel_distro.spool.identity import Owner
from otel_distro.spool.record import Kind

SEGMENT_SUFFIX: Final = ".segment"
ALIVE_SUFFIX: Final = ".alive"
DESCRIPTION: Final = "destinations.json"

_SEGMENT_NAME: Final = re.compile(r"^(?P<owner>.+)-(?P<number>\d{6,})\.segment$")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Addressee:
    """A destination, as the spool knows it: enough to tell it from others, never enough to log in.

    Attributes:
        name: What the user calls it.
        kind: The plugin's name.
        endpoint: Where it delivers to.
        key_id: A keyed hash of its credential's id.
        slots: Its cursors.
    """

    name: str
    kind: str
    endpoint: str
    key_id: str
    slots: Sequence[SlotKey]

    def identity(self) -> tuple[str, str, str, str]:
        """Returns what makes it this destination and no other."""
        return (self.name, self.kind, self.endpoint, self.key_id)


@dataclass(frozen=True, slots=True)
class SegmentName:
    """The parsed name of a segment.

    Attributes:
        name: The file's name.
        owner: Id of the process that writes it.
        number: Its number among the owner's segments.
    """

    name: str
    owner: str
    number: int

    @classmethod
    def parse(cls, name: str) -> SegmentName | None:
        """Reads a name; ``None`` if it is not a segment's."""
        match = _SEGMENT_NAME.match(name)
        return cls(name, match["owner"], int(match["number"])) if match else None


class SpoolDirectory:
    """One spool directory; making the object touches no disk.

    Args:
        path: Where it lies.
        service: The service whose records it holds.
        addressees: Who they are for.
    """

    def __init__(self, path: Path, service: str, addressees: Sequence[Addressee]) -> None:
        self.path = path
        self.service = service
        self.addressees = addressees

    @classmethod
    def below(cls, root: Path, service: str, addressees: Sequence[Addressee]) -> SpoolDirectory:
        """Returns the directory of a service and a set of destinations below the spool's root."""
        identities = json.dumps(sorted(addressee.identity() for addressee in addressees))
        digest = blake2b(identities.encode(), digest_size=8).hexdigest()
        return cls(root / _safe(socket.gethostname()) / _safe(service) / digest, service, addressees)

    @classmethod
    def opened(cls, path: Path) -> SpoolDirectory | None:
        """Returns the directory that lies at a path; ``None`` if none does."""
        try:
            described = json.loads((path / DESCRIPTION).read_text("utf-8"))
            addressees = [_addressee(entry) for entry in described["destinations"]]
            return cls(path, described["service"], addressees)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def slots(self) -> list[SlotKey]:
        """The cursors of every segment made here, in order."""
        return [slot for addressee in self.addressees for slot in addressee.slots]

    @property
    def files(self) -> Path:
        """Where files for upload are kept."""
        return self.path / "files"

    @property
    def leader_lock(self) -> Path:
        """The file whose lock makes a process the leader."""
        return self.path / "leader.lock"

    @property
    def ledger(self) -> Path:
        """The file that holds the counts of segments that are gone."""
        return self.path / "ledger"

    def alive(self, owner: Owner | str) -> Path:
        """Returns the file whose lock says that a process lives."""
        return self.path / f"{owner}{ALIVE_SUFFIX}"

    def segment(self, owner: Owner | str, number: int) -> Path:
        """Returns the place of a process's segment."""
        return self.path / f"{owner}-{number:06d}{SEGMENT_SUFFIX}"

    def make(self) -> None:
        """Makes the directory and its description, if they are not there.

        Raises:
            OSError: The disk refuses.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        description = self.path / DESCRIPTION
        if not description.exists():
            replace_file(description, json.dumps(self._describe(), indent=1).encode())

    def segments(self) -> list[SegmentName]:
        """Lists the segments, each owner's in the order of their numbers; empty if there is no directory."""
        names = [SegmentName.parse(name) for name in _listed(self.path)]
        return sorted((name for name in names if name), key=lambda name: (name.owner, name.number))

    def owners(self) -> set[str]:
        """Lists the processes that have a liveness file here."""
        return {name.removesuffix(ALIVE_SUFFIX) for name in _listed(self.path) if name.endswith(ALIVE_SUFFIX)}

    def _describe(self) -> Mapping[str, Any]:
        return {
            "service": self.service,
            "destinations": [
                {
                    "name": addressee.name,
                    "kind": addressee.kind,
                    "endpoint": addressee.endpoint,
                    "key_id": addressee.key_id,
                    "slots": [{"slot": key.slot, "takes": sorted(key.takes)} for key in addressee.slots],
                }
                for addressee in self.addressees
            ],
        }


def spool_directories(root: Path) -> list[SpoolDirectory]:
    """Lists this host's spool directories below the root, of every service."""
    found = (
        SpoolDirectory.opened(path.parent)
        for path in sorted((root / _safe(socket.gethostname())).glob(f"*/*/{DESCRIPTION}"))
    )
    return [directory for directory in found if directory]


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file under a temporary name, mode 0600, and renames it into place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(temporary, flags, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def _addressee(entry: Mapping[str, Any]) -> Addressee:
    slots = [
        SlotKey(entry["name"], slot["slot"], frozenset(Kind(kind) for kind in slot["takes"])) for slot in entry["slots"]
    ]
    return Addressee(entry["name"], entry["kind"], entry["endpoint"], entry["key_id"], slots)


def _listed(path: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(path)]
    except OSError:
        return []


def _safe(name: str) -> str:
    """Returns a name that is one path component: no separator, never ``.`` or ``..``, never hidden."""
    return _UNSAFE.sub("_", name).lstrip(".")[:100] or "_"
