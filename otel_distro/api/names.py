"""Names for runs that were given none: an adjective and a noun, such as ``quiet-harbour``."""

from __future__ import annotations

from typing import Final

__all__ = ["adjective_noun"]

_ADJECTIVES: Final = (
    "amber", "ample", "brave", "bright", "brisk", "calm", "candid", "clear", "clever", "coral", "crisp", "curious",
    "deft", "dry", "eager", "early", "even", "fair", "fine", "firm", "fleet", "fresh", "gentle", "glad", "golden",
    "grand", "green", "hardy", "hazel", "honest", "ivory", "jolly", "keen", "kind", "late", "level", "light", "lively",
    "loyal", "lucid", "mellow", "merry", "mild", "neat", "nimble", "noble", "patient", "plain", "polite", "prompt",
    "proud", "quick", "quiet", "rapid", "ready", "rosy", "round", "sharp", "silent", "silver", "smooth", "snug",
    "solid", "spry", "steady", "still", "sunny", "swift", "tidy", "vivid", "warm", "wise",
)  # fmt: skip
_NOUNS: Final = (
    "acorn", "anchor", "apple", "arbour", "aspen", "badger", "basin", "beacon", "birch", "bridge", "brook", "canyon",
    "cedar", "cliff", "cloud", "comet", "creek", "delta", "dune", "eagle", "elm", "ember", "falcon", "fern", "field",
    "finch", "fjord", "forest", "garden", "glacier", "grove", "gull", "harbour", "hawk", "heron", "hill", "island",
    "ivy", "juniper", "lagoon", "lake", "lantern", "lark", "lynx", "maple", "marsh", "meadow", "mill", "moss", "oak",
    "orchard", "osprey", "otter", "pebble", "pine", "plain", "pond", "prairie", "quarry", "rapids", "reef", "ridge",
    "river", "robin", "rowan", "sail", "sparrow", "spruce", "stone", "summit", "thicket", "tide", "valley", "willow",
)  # fmt: skip


def adjective_noun(number: int) -> str:
    """Returns the name that belongs to a number; numbers that differ by less than a few thousand differ in name.

    Args:
        number: Any whole number that is not negative, such as the run's id read as one.
    """
    rest, noun = divmod(number, len(_NOUNS))
    return f"{_ADJECTIVES[rest % len(_ADJECTIVES)]}-{_NOUNS[noun]}"
