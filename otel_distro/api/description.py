"""What a run is described by."""

from __future__ import annotations

from typing import Any, NamedTuple

from otel_distro import semconv
from otel_distro.api import mend

__all__ = ["Description", "describe", "folder_path"]


class Description(NamedTuple):
    """What a run is described by, mended.

    Attributes:
        name: Empty where a name is to be made up.
        folder: An absolute path.
        tags: Texts.
        metadata: Attributes.
        description: A text, or ``None``.
    """

    name: str
    folder: str
    tags: list[str]
    metadata: dict[str, Any]
    description: str | None

    def attributes(self) -> dict[str, Any]:
        """Returns all but the name as attributes, leaving out what there is none of."""
        found = {semconv.RUN_FOLDER: self.folder, **mend.prefixed(semconv.RUN_METADATA, self.metadata)}
        if self.tags:
            found[semconv.RUN_TAGS] = self.tags
        if self.description is not None:
            found[semconv.RUN_DESCRIPTION] = self.description
        return found


def describe(name: object, folder: object, tags: object, metadata: object, description: object) -> Description:
    """Mends what a caller describes a run by."""
    return Description(
        name="" if name is None else mend.text(name),
        folder=folder_path(folder),
        tags=mend.strings(tags),
        metadata=mend.attributes(metadata),
        description=None if description is None else mend.text(description),
    )


def folder_path(given: object) -> str:
    """Returns a folder as an absolute path."""
    return "/" + mend.text("" if given is None else given).lstrip("/")
