"""Protobuf's wire format, as far as OTLP needs it: varints, and the heads of length-delimited fields.

A message is the concatenation of its fields in any order; a field is a tag (field number and wire type as a varint)
and a value. Source: https://protobuf.dev/programming-guides/encoding/

Almost every number that OTLP writes as a varint is a length below 128, so tags and lengths are looked up, not
computed: :class:`Heads` is a dictionary from a length to the bytes before the content.
"""

from __future__ import annotations

from typing import Final

__all__ = ["UINT64_MASK", "Heads", "Varints", "varint", "zigzag"]

UINT64_MASK: Final = (1 << 64) - 1
_REMEMBERED: Final = 1024

# Wire types
_LENGTH_DELIMITED: Final = 2


def varint(number: int) -> bytes:
    """Returns a number of 0 or more in base 128, lowest digit first, the top bit set on all bytes but the last."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def zigzag(number: int) -> int:
    """Returns the unsigned form of a signed number of up to 64 bits, as ``sint32`` has it: 0, -1, 1 as 0, 1, 2."""
    return (number << 1) ^ (number >> 63)


class Varints(dict[int, bytes]):
    """Numbers of 0 or more to their varint; small ones are remembered."""

    def __missing__(self, number: int) -> bytes:
        encoded = varint(number)
        if number < _REMEMBERED:
            self[number] = encoded
        return encoded


class Heads(dict[int, bytes]):
    """Lengths to what stands before a length-delimited content: its tag and its length.

    Args:
        field: Number of the field.
    """

    def __init__(self, field: int) -> None:
        super().__init__()
        self._tag = varint(field << 3 | _LENGTH_DELIMITED)

    def __missing__(self, length: int) -> bytes:
        head = self._tag + varint(length)
        if length < _REMEMBERED:
            self[length] = head
        return head
