r"""Values of Python as OTLP's ``AnyValue``, and mappings as its attributes.

Source of the messages: opentelemetry/proto/common/v1/common.proto. :func:`any_value` returns the inner bytes of one
AnyValue; it takes any object and never raises. A value that OTLP lacks is mended, at the cost of that value alone:

=============================================  =================================================  ===============
value                                          becomes                                            counted as
=============================================  =================================================  ===============
None                                           an AnyValue without a value
bool, int, float, str, bytes                   bool, int, double (NaN and infinities too),
                                               string, bytes
subclass of one of these (enum members, too)   as its base
lone surrogate in text                         U+FFFD in its place (a pair: its character)        ``surrogate``
int beyond 64 bits                             string of its digits (hexadecimal beyond 4,300)    ``integer``
bytearray, memoryview                          bytes
list, tuple, any Sequence                      array
set, frozenset, any Set, values of a mapping   array, in their own order
dict, any Mapping                              key-value list
key of a mapping that is no text               its ``str()``
enum member                                    its value
date, time, datetime                           string, ``isoformat()``
NumPy arrays, scalars and their like           what ``tolist()`` or ``item()`` gives
instance of a dataclass                        key-value list of its fields
any other object                               string, ``str()``                                  ``object``
object that raises while it is read            string ``<unprintable TypeName>``                  ``unprintable``
container deeper than ``MAX_DEPTH``            string ``<too deep>``                              ``too_deep``
container inside itself                        string ``<too deep>``                              ``cycle``
container that another thread changes          as it was at one moment
=============================================  =================================================  ===============

The depth is counted in protobuf messages, since that is what parsers bound, most of them at 100 for a whole request: a
level of a mapping costs three (AnyValue, KeyValueList, KeyValue), one of a sequence two (AnyValue, ArrayValue), and an
exemplar's attribute, the deepest place for a value, lies under eight. So 30 nested mappings, or 46 sequences, pass.
"""

from __future__ import annotations

from collections import UserString
from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from struct import Struct
from typing import Any, Final

from otel_distro.otlp.mending import CYCLE, INTEGER, OBJECT, TOO_DEEP, UNPRINTABLE, note
from otel_distro.otlp.text import printed, text, without_surrogates
from otel_distro.otlp.wire import UINT64_MASK, Heads, Varints, varint

__all__ = ["MAX_DEPTH", "KeyValues", "any_value", "key_values", "snapshot"]

MAX_DEPTH: Final = 92
_TOO_DEEP: Final = "<too deep>"
_REMEMBERED: Final = 4096  # entries of a cache, and the largest number in one
_REMEMBERED_LENGTH: Final = 256  # of a key or value; longer ones seldom come twice
_TRIES: Final = 3

# The ids of the containers around a value, each once for every protobuf message that it costs.
Path = tuple[int, ...]
_TOP: Final[Path] = ()

# --- attributes ------------------------------------------------------------------------------------------------------


class KeyValues(dict[Any, "_KeyHeads"]):
    """One repeated ``KeyValue`` field of a message: its keys to what is known of each.

    Attributes are few and come again and again, so all that stands before a value is remembered, bounded over all keys.
    Only text is remembered as a key, since ``1``, ``1.0`` and ``True`` are one to a dictionary.

    Args:
        field: Number of the field in the message that has it.
    """

    def __init__(self, field: int) -> None:
        super().__init__()
        self.heads: Final = Heads(field)
        self._room = _REMEMBERED

    def __missing__(self, key: object) -> _KeyHeads:
        if type(key) is not str:
            return self[printed(key)]
        try:
            heads = _KeyHeads(self, key.encode())
        except UnicodeEncodeError:
            return _KeyHeads(self, without_surrogates(key))
        if len(key) < _REMEMBERED_LENGTH:
            self.take_room()
            self[key] = heads
        return heads

    def take_room(self) -> None:
        """Makes room for one more entry, where there is none by forgetting all."""
        self._room -= 1
        if self._room < 0:
            self._room = _REMEMBERED
            self.clear()


class _KeyHeads(dict[int, bytes]):
    """All that stands before a value under one key, by the value's length.

    ``n`` of 0 or more stands for text of n bytes: then the heads of AnyValue and of its string are part of it. ``~n``
    stands for any AnyValue of n bytes.
    """

    __slots__ = ("_field", "_name")

    def __init__(self, field: KeyValues, key: bytes) -> None:
        self._field = field
        self._name = _KEY[len(key)] + key + b"\x12"  # KeyValue.key, and the tag of KeyValue.value

    def __missing__(self, size: int) -> bytes:
        string, length = (_STRING[size], size) if size >= 0 else (b"", ~size)
        value = _LENGTH[len(string) + length] + string
        head = self._field.heads[len(self._name) + len(value) + length] + self._name + value
        if max(length, len(self._name)) < _REMEMBERED_LENGTH:
            self._field.take_room()
            self[size] = head
        return head


class _Integers(dict[int, bytes]):
    """Integers to the AnyValue that holds them; small ones are remembered."""

    def __missing__(self, value: int) -> bytes:
        if not -(1 << 63) <= value < 1 << 63:
            return _digits(value)
        encoded = b"\x18" + varint(value & UINT64_MASK)
        if 0 <= value < _REMEMBERED:
            self[value] = encoded
        return encoded


_KEY: Final = Heads(1)  # KeyValue.key
_LENGTH: Final = Varints()
_STRING: Final = Heads(1)  # AnyValue.string_value
_BYTES: Final = Heads(7)  # AnyValue.bytes_value
_ARRAY: Final = Heads(5)  # AnyValue.array_value
_KVLIST: Final = Heads(6)  # AnyValue.kvlist_value
_ITEMS: Final = Heads(1)  # ArrayValue.values
_ENTRIES: Final = KeyValues(1)  # KeyValueList.values
_integers: Final = _Integers()
_TRUE: Final = b"\x10\x01"  # AnyValue.bool_value
_FALSE: Final = b"\x10\x00"
_DOUBLE: Final = Struct("<Bd")  # tag of AnyValue.double_value, value
_DOUBLE_BYTES: Final = 9
_DOUBLE_ITEM: Final = Struct("<BBBd")  # tag of ArrayValue.values and length before that


def key_values(
    parts: list[bytes],
    items: Mapping[Any, Any],
    field: KeyValues,
    path: Path = _TOP,
    pack_double: Callable[..., bytes] = _DOUBLE.pack,
) -> None:
    """Appends one repeated ``KeyValue`` field for each item.

    Args:
        parts: Where the bytes go; to be joined by the caller.
        items: What to encode; a mapping that nothing changes meanwhile.
        field: The field that they become.
        path: The ids of the containers around the items.
        pack_double: A name bound early, no argument for callers.

    Raises:
        RuntimeError: The mapping was changed meanwhile; some items are in ``parts`` then.
    """
    for key, value in items.items():
        kind = type(value)
        if kind is str:
            try:
                data = value.encode()
            except UnicodeEncodeError:
                data = without_surrogates(value)
            parts += (field[key][len(data)], data)
        elif kind is float:
            parts += (field[key][~_DOUBLE_BYTES], pack_double(0x21, value))
        else:
            if kind is int:
                data = _integers[value]
            elif kind is bool:
                data = _TRUE if value else _FALSE
            else:
                data = any_value(value, path)
            parts += (field[key][~len(data)], data)


def snapshot(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """Returns a mapping's items as they are at one moment, whoever changes it meanwhile.

    Raises:
        RuntimeError: It changed during each try.
    """
    if type(mapping) is dict:
        return mapping.copy()
    return dict(_at_one_moment(mapping.items))


def _at_one_moment(read: Callable[[], Iterable[Any]]) -> tuple[Any, ...]:
    """Reads all items, again where the container changed under the reading."""
    for _ in range(_TRIES - 1):
        try:
            return tuple(read())
        except RuntimeError:
            continue
    return tuple(read())


# --- values ----------------------------------------------------------------------------------------------------------


def any_value(value: Any, path: Path = _TOP) -> bytes:
    """Returns the inner bytes of an AnyValue. Never raises.

    Args:
        value: What to encode; the module's table says what becomes of which type.
        path: The ids of the containers around it, each once for every message that it costs.
    """
    try:
        return _ENCODERS.get(type(value), _other)(value, path)
    except Exception:
        note(UNPRINTABLE)
        return _string(f"<unprintable {type(value).__name__}>")


def _none(_value: None, _path: Path) -> bytes:
    return b""


def _bool(value: bool, _path: Path) -> bytes:
    return _TRUE if value else _FALSE


def _int(value: int, _path: Path) -> bytes:
    return _integers[value]


def _float(value: float, _path: Path) -> bytes:
    return _DOUBLE.pack(0x21, value)


def _string(value: object, _path: Path = _TOP) -> bytes:
    data = text(value)
    return _STRING[len(data)] + data


def _bytes(value: bytes | bytearray | memoryview, _path: Path) -> bytes:
    data = bytes(value)
    return _BYTES[len(data)] + data


def _digits(value: int) -> bytes:
    """Returns an integer that has no room in 64 bits as text."""
    note(INTEGER)
    try:
        return _string(str(value))
    except ValueError:  # more digits than Python prints
        return _string(hex(value))


def _array(value: Iterable[Any], path: Path) -> bytes:
    here = id(value)
    if here in path or len(path) > MAX_DEPTH - 2:
        return _cut(here, path)
    inner = (*path, here, here)
    parts: list[bytes] = []
    for item in _at_one_moment(value.__iter__):
        if type(item) is float:
            parts.append(_DOUBLE_ITEM.pack(0x0A, 9, 0x21, item))
        else:
            data = any_value(item, inner)
            parts += (_ITEMS[len(data)], data)
    content = b"".join(parts)
    return _ARRAY[len(content)] + content


def _map(value: Mapping[Any, Any], path: Path) -> bytes:
    here = id(value)
    if here in path or len(path) > MAX_DEPTH - 3:
        return _cut(here, path)
    parts: list[bytes] = []
    key_values(parts, snapshot(value), _ENTRIES, (*path, here, here, here))
    content = b"".join(parts)
    return _KVLIST[len(content)] + content


def _cut(here: int, path: Path) -> bytes:
    note(CYCLE if here in path else TOO_DEEP)
    return _string(_TOO_DEEP)


def _iso(value: date | time, _path: Path) -> bytes:
    return _string(value.isoformat())


def _other(value: Any, path: Path) -> bytes:
    """Encodes a value whose exact type is not in the table: by its base, by what it can do, at last as text."""
    for base, encode in _BASES:
        if isinstance(value, base):
            return encode(value, path)
    here = id(value)
    if here in path or len(path) > MAX_DEPTH - 1:
        return _cut(here, path)
    plain = _by_duck_type(value)
    if type(plain) is not type(value):
        return any_value(plain, (*path, here))
    return _string(printed(value, OBJECT))


def _by_duck_type(value: Any) -> Any:
    """Returns the plain form of NumPy's arrays and scalars, of their like, and of dataclasses; else the value."""
    for name in ("tolist", "item"):
        try:
            return getattr(value, name)()
        except Exception:  # noqa: S112 - no such method, or one of another meaning: the next, at last str(), is tried
            continue
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


_ENCODERS: Final[dict[type, Callable[[Any, Path], bytes]]] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _string,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    list: _array,
    tuple: _array,
    set: _array,
    frozenset: _array,
    dict: _map,
}
# Tried in this order. Text and numbers first: an enum member may be one of them, and counts as it, as upstream does it.
_BASES: Final[tuple[tuple[Any, Callable[[Any, Path], bytes]], ...]] = (
    (str, _string),
    (int, lambda value, _path: _integers[int.__int__(value)]),
    (float, lambda value, path: _float(float.__float__(value), path)),
    (bytes, _bytes),
    (Enum, lambda value, path: any_value(value.value, path)),
    (UserString, lambda value, _path: _string(str(value))),
    ((date, time), _iso),
    ((bytearray, memoryview), _bytes),
    (Mapping, _map),
    ((Sequence, AbstractSet, ValuesView), _array),
)
