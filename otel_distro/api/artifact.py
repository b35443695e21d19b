"""Artifacts: files and objects that a run or an ARC used or made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import Context

from otel_distro import semconv
from otel_distro.api import events, files, mend, objects, wiring
from otel_distro.api.context import here
from otel_distro.api.counting import DROPPED, count, warn_once
from otel_distro.api.guard import Guard
from otel_distro.api.instruments import record_size

__all__ = ["artifact", "save_file", "save_object"]

_OF_THE_TEMPORARY_FILE: Final = (semconv.FILE_ORIGINAL_PATH, semconv.FILE_URI)
_PREFIX: Final = semconv.ARTIFACT_NAME.removesuffix(semconv.FILE_NAME)


def artifact(value: object, category: str, *, name: str | None = None, copy: bool = False) -> str | None:
    """Records a file or an object as an artifact of the current run and ARC, or of none.

    The bytes are those of the moment of the call. A file that is not there or cannot be read is named in a warning
    and counted.

    Args:
        value: A path; or an object (see :meth:`Run.artifact`), which needs a name.
        category: ``code``, ``input`` or ``output``.
        name: What it is to be called; the file's base name if not given.
        copy: Copy a file however large it is; else one of more than 64 MiB is only read when it is delivered.

    Returns:
        The artifact's id; ``None`` if nothing was recorded.

    Raises:
        ValueError: The category is unknown, or an object was given no name.
    """
    if isinstance(value, str | os.PathLike):
        return save_file(value, category, name, here(), copy=copy)
    return save_object(value, category, name, here())


def save_file(
    path: object,
    category: str,
    name: object,
    belongs: Mapping[str, Any],
    context: Context | None = None,
    *,
    copy: bool = False,
) -> str | None:
    """Records a file as an artifact.

    Args:
        path: Where it lies.
        category: ``code``, ``input`` or ``output``.
        name: What it is to be called; its base name if ``None``.
        belongs: The attributes of the run and the ARC that it belongs to.
        context: Where it was recorded; the current context if not given.
        copy: Copy it however large it is.

    Returns:
        The artifact's id; ``None`` if nothing was recorded.

    Raises:
        ValueError: The category is unknown.
    """
    _check(category)
    if events.can_record(semconv.EVENT_ARTIFACT):
        with Guard("artifact"):
            described = files.kept_file(path, name, copy=copy)
            if described is not None:
                return _record(described, category, belongs, context)
    return None


def save_object(
    value: object, category: str, name: object, belongs: Mapping[str, Any], context: Context | None = None
) -> str | None:
    """Records an object as an artifact; the arguments are those of :func:`save_file`.

    Raises:
        ValueError: The category is unknown, or there is no name.
    """
    _check(category)
    if name is None or not mend.text(name):
        raise ValueError(
            "name is needed where an object is given: what the artifact is to be called, such as 'weights'"
        )
    if events.can_record(semconv.EVENT_ARTIFACT):
        with Guard("artifact"):
            content = _serialised(value, mend.text(name))
            described = None if content is None else _kept_object(content, mend.text(name))
            if described is not None:
                return _record(described, category, belongs, context)
    return None


def _check(category: object) -> None:
    if not isinstance(category, str) or category not in semconv.ARTIFACT_CATEGORIES:
        known = ", ".join(semconv.ARTIFACT_CATEGORIES)
        raise ValueError(f"category must be one of {known}, not {mend.text(category)!r}")


def _serialised(value: object, name: str) -> objects.Serialised | None:
    try:
        found = objects.serialised(value)
        reason = "its type has no form here; save it to a file and give its path"
    except Exception as error:  # an object that its own library cannot write
        found, reason = None, mend.text(error)
    if found is None:
        count(DROPPED)
        warn_once(f"artifact {name}", "artifact %s (%s) is left out: %s", name, type(value).__name__, reason)
    return found


def _kept_object(given: objects.Serialised, name: str) -> dict[str, Any] | None:
    """Keeps bytes by way of a temporary file, which goes once the sink has its copy."""
    path = _written(given.content)
    try:
        described = files.kept_file(path, name, copy=True)
    finally:
        os.unlink(path)  # noqa: PTH108 - a Path would be made for this line alone
    if described is None:
        return None
    described[semconv.FILE_MEDIA_TYPE] = given.media_type
    return {key: value for key, value in described.items() if key not in _OF_THE_TEMPORARY_FILE}


def _written(content: bytes) -> str:
    import tempfile  # noqa: PLC0415 - costs 5 ms of every start and is used by few programs

    descriptor, path = tempfile.mkstemp(prefix="otel-distro-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


def _record(described: Mapping[str, Any], category: str, belongs: Mapping[str, Any], context: Context | None) -> str:
    artifact_id = wiring.active().new_id()
    attributes = {
        semconv.ARTIFACT_ID: artifact_id,
        semconv.ARTIFACT_CATEGORY: category,
        **{f"{_PREFIX}{key}": value for key, value in described.items()},
        **belongs,
    }
    events.emit(semconv.EVENT_ARTIFACT, attributes, time_unix_nano=events.moment(None), context=context)
    record_size(described.get(semconv.FILE_SIZE_BYTES, 0), category)
    return artifact_id
