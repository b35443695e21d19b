"""Names of runs that were given none."""

from __future__ import annotations

import re

from otel_distro.api import names


def test_every_number_has_a_name_of_two_words() -> None:
    assert all(re.fullmatch("[a-z]+-[a-z]+", names.adjective_noun(n)) for n in range(10_000))


def test_names_differ_as_long_as_they_can() -> None:
    different = len(names._ADJECTIVES) * len(names._NOUNS)
    assert len({names.adjective_noun(n) for n in range(different)}) == different
    assert different > 5_000


def test_no_word_stands_twice() -> None:
    for words in (names._ADJECTIVES, names._NOUNS):
        assert list(words) == sorted(set(words))
