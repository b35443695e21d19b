"""What a terminal's encoding lacks is replaced by something that looks like it."""

from __future__ import annotations

import codecs

import pytest

from otel_distro.cli import encoding
from otel_distro.cli.humanize import SPARKS, sparkline


@pytest.fixture(autouse=True)
def _registered() -> None:
    codecs.register_error(encoding.ERROR_HANDLER, encoding.approximate)


def test_a_curve_falls_back_to_ascii_and_still_rises() -> None:
    shown = sparkline(range(8)).encode("ascii", encoding.ERROR_HANDLER)
    assert len(set(shown)) == len(SPARKS)
    assert len(shown) == len(SPARKS)


def test_what_nothing_looks_like_is_a_question_mark_of_its_own_width() -> None:
    assert "é…日本".encode("ascii", encoding.ERROR_HANDLER) == b"?~??"
    assert "é…".encode("latin-1", encoding.ERROR_HANDLER) == b"\xe9~"


def test_a_lone_surrogate_does_not_break_utf_8() -> None:
    assert "a\udc80b".encode("utf-8", encoding.ERROR_HANDLER) == b"a?b"


def test_a_decoder_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", encoding.ERROR_HANDLER)
