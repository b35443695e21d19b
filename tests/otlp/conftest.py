"""Counts what the encoder mends in a test."""

from __future__ import annotations

from collections import Counter

import pytest

from otel_distro.otlp import mending


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many values were mended since the test began, by reason."""
    counts: Counter[str] = Counter()
    monkeypatch.setattr(mending, "on_mended", lambda reason: counts.update([reason]))
    return counts
