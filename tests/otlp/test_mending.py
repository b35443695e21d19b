"""The counts of what was mended, and the hook that stands in for them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from otel_distro.otlp import mending
from otel_distro.otlp.encoder import mended_counts
from otel_distro.otlp.mending import SURROGATE
from otel_distro.otlp.values import any_value


def counted(before: dict[str, int]) -> dict[str, int]:
    return {reason: count - before.get(reason, 0) for reason, count in mended_counts().items()}


def test_what_is_mended_is_counted_by_reason() -> None:
    before = mended_counts()
    any_value(["\ud800", "\ud800", 1 << 64, "good"])
    after = counted(before)
    assert (after["surrogate"], after["integer"]) == (2, 1)
    assert sum(after.values()) == 3
    assert 0 not in mended_counts().values()


def test_the_hook_takes_the_place_of_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(mending, "on_mended", told.append)
    before = mended_counts()
    any_value("\ud800")
    assert told == [SURROGATE]
    assert mended_counts() == before


def test_a_hook_that_raises_is_passed_over_and_the_mending_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(reason: str) -> None:
        raise ValueError(reason)

    monkeypatch.setattr(mending, "on_mended", refuse)
    before = mended_counts()
    any_value("\ud800")
    assert counted(before)[SURROGATE] == 1


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Lets threads interrupt each other as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def note_often() -> None:
    for _ in range(20_000):
        mending.note(SURROGATE)


@pytest.mark.usefixtures("eager_switching")
def test_no_count_is_lost_between_threads() -> None:
    before = mended_counts()
    threads = [threading.Thread(target=note_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(before)[SURROGATE] == 80_000
