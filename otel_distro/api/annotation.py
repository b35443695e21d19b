"""Annotations: what went into a prediction and what came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from otel_distro import semconv
from otel_distro.api import events, mend, wiring
from otel_distro.api.context import here
from otel_distro.api.guard import Guard

__all__ = ["annotate"]


def annotate(
    *,
    inputs: Any = None,
    outputs: Any = None,
    metadata: Mapping[str, Any] | None = None,
    labels: Iterable[str] | str = (),
    id: str | None = None,  # noqa: A002 - the public name is fixed
    time_unix_nano: int | None = None,
) -> str:
    """Records a prediction, with the current run, ARC and span.

    Args:
        inputs: What went in: maps, lists, numbers, texts, times, arrays, nested as they come.
        outputs: What came out.
        metadata: What else is known of it.
        labels: What to find it by.
        id: Its id, where it has one already; else one is made.
        time_unix_nano: When, in nanoseconds since the epoch; now if not given.

    Returns:
        The annotation's id.
    """
    annotation_id = mend.text(id) if id is not None else wiring.active().new_id()
    with Guard("annotate"):
        body = {"inputs": inputs, "outputs": outputs, "metadata": metadata}
        attributes = {semconv.ANNOTATION_ID: annotation_id, **here()}
        found = mend.strings(labels)
        if found:
            attributes[semconv.ANNOTATION_LABELS] = found
        events.emit(
            semconv.EVENT_ANNOTATION,
            attributes,
            {part: value for part, value in body.items() if value is not None},
            time_unix_nano=events.moment(time_unix_nano),
        )
    return annotation_id
