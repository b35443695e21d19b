"""Isolation: each test gets a home and an environment of its own, and leaves no thread and no process behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

GRACE_SECONDS = 2.0
# Variables of OpenTelemetry, of the state directories and of trace context; those that steer the tests stay.
CLEARED = ("OTEL_", "XDG_", "TRACEPARENT", "TRACESTATE", "BAGGAGE")
KEPT = "OTEL_DISTRO_TEST_"
# Helpers that multiprocessing starts once a process and leaves alone until its end.
KEPT_CHILDREN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the test a new home, a state directory below it, and an environment without OpenTelemetry's variables."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(CLEARED) and not name.startswith(KEPT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    return home


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """Fails the test that leaves a thread or a process running, and names it."""
    threads, children = set(threading.enumerate()), set(_children())
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := _left_over(threads, children)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for child in set(_children()) - children:
        child.kill()  # or it would spoil the next test
    if left:
        pytest.fail("left running: " + ", ".join(left), pytrace=False)


def _left_over(threads: set[threading.Thread], children: set[psutil.Process]) -> list[str]:
    """Names the threads and children that were not there when the test began."""
    return [f"thread {thread.name}" for thread in threading.enumerate() if thread not in threads] + [
        f"process {child.pid} ({command})" for child, command in _children().items() if child not in children
    ]


def _children() -> dict[psutil.Process, str]:
    """Returns the running children of this process with their command lines."""
    found = {}
    for child in psutil.Process().children():
        try:
            running, command = child.status() != psutil.STATUS_ZOMBIE, " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
        if running and not any(kept in command for kept in KEPT_CHILDREN):
            found[child] = command
    return found
