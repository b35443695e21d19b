"""Objects as bytes, for artifacts that are made in memory.

Libraries are recognised by the module that an object's class comes from, so none is imported that the program has
not loaded. Nothing is ever pickled.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from otel_distro.api import mend

__all__ = ["Serialised", "serialised"]


class Serialised(NamedTuple):
    """An object's bytes.

    Attributes:
        content: The bytes.
        media_type: What they are.
    """

    content: bytes
    media_type: str


def serialised(given: object) -> Serialised | None:
    """Returns an object as bytes, or ``None`` if it has no form here that could be read again.

    =====================================  ==========================================
    text                                   ``text/plain``, UTF-8
    bytes                                  ``application/octet-stream``
    map, list, tuple, number, ``None``     ``application/json``
    NumPy array                            ``application/x-npy``: the ``.npy`` format
    pandas data frame or series            ``text/csv``
    Matplotlib figure                      ``image/png``
    Plotly figure                          ``application/vnd.plotly.v1+json``
    =====================================  ==========================================
    """
    if isinstance(given, str):
        return Serialised(mend.text(given).encode(), "text/plain")
    if isinstance(given, bytes | bytearray | memoryview):
        return Serialised(bytes(given), "application/octet-stream")
    for library, form in _FORMS.items():
        if any(kind.__module__.partition(".")[0] == library for kind in type(given).__mro__):
            return form(given)
    if given is None or isinstance(given, bool | int | float | Mapping | list | tuple):
        return Serialised(json.dumps(given, default=mend.attribute).encode(), "application/json")
    return None


def _npy(array: Any) -> Serialised | None:
    """Writes an array as NumPy does; one that holds Python objects would need pickle and is refused."""
    buffer = io.BytesIO()
    sys.modules["numpy"].save(buffer, array, allow_pickle=False)
    return Serialised(buffer.getvalue(), "application/x-npy")


def _csv(frame: Any) -> Serialised | None:
    return Serialised(frame.to_csv().encode(), "text/csv") if hasattr(frame, "to_csv") else None


def _png(figure: Any) -> Serialised | None:
    if not hasattr(figure, "savefig"):
        figure = figure.get_figure()  # an Axes knows its figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Serialised(buffer.getvalue(), "image/png")


def _plotly(figure: Any) -> Serialised | None:
    return Serialised(figure.to_json().encode(), "application/vnd.plotly.v1+json")


_FORMS: Final[Mapping[str, Callable[[Any], Serialised | None]]] = {
    "numpy": _npy,
    "pandas": _csv,
    "matplotlib": _png,
    "plotly": _plotly,
}
