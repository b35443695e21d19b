"""Who a process is, and whether it still lives.

An owner id names one process among all that ever ran on all hosts: boot id, process id, the process's start time and
random bits, so that a process id that is used again after a reboot, or within one boot, is harmless.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
# Field 22 of /proc/<pid>/stat (proc(5)), counted behind the command's closing parenthesis.
_START_TIME_FIELD = 19


@dataclass(frozen=True, slots=True)
class Owner:
    """One process.

    Attributes:
        boot: First digits of the boot id; empty where the system has none.
        pid: Process id.
        started: Start time in clock ticks since boot; 0 where the system does not tell.
        salt: Random digits.
    """

    boot: str
    pid: int
    started: int
    salt: str

    @classmethod
    def of_this_process(cls) -> Owner:
        """Returns the id of the calling process, with new random digits."""
        pid = os.getpid()
        return cls(boot_id(), pid, start_time(pid) or 0, uuid.uuid4().hex[:8])

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Reads an id back; ``None`` if it is not one."""
        parts = text.split("-")
        if len(parts) != 4 or not (parts[1].isdigit() and parts[2].isdigit()):
            return None
        return cls(parts[0], int(parts[1]), int(parts[2]), parts[3])

    def __str__(self) -> str:
        return f"{self.boot}-{self.pid}-{self.started}-{self.salt}"

    def process_exists(self) -> bool:
        """Returns whether a process with this boot id, process id and start time exists."""
        if self.boot != boot_id():
            return False
        if self.started:
            return start_time(self.pid) == self.started
        return _pid_exists(self.pid)


def boot_id() -> str:
    """Returns twelve digits that are the same until the next boot; empty where the system has none."""
    try:
        return _BOOT_ID_FILE.read_text("ascii").strip().replace("-", "")[:12]
    except OSError:
        return ""


def start_time(pid: int) -> int | None:
    """Returns when a process started, in clock ticks since boot; ``None`` if there is no such process, or no telling.

    A zombie counts as gone: it will never write again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[_START_TIME_FIELD])


def _pid_exists(pid: int) -> bool:
    if os.name == "nt":
        return True  # os.kill(pid, 0) would end the process there; its lock alone decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
