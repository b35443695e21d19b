"""What an exception says of a run or an ARC: how it ended, and the attributes that describe it.

The attributes are those of https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/.
"""

from __future__ import annotations

import traceback

from otel_distro import semconv
from otel_distro.api import mend

__all__ = ["exception_attributes", "status_of", "summary"]


def status_of(error: BaseException | None) -> str:
    """Returns the status of a run that a block left by this exception.

    - ``completed``: by none; by ``SystemExit`` with code 0 or none; by ``GeneratorExit`` (its reader had enough).
    - ``failed``: by an ``Exception``; by ``SystemExit`` with another code.
    - ``terminated``: from outside, by ``KeyboardInterrupt``, the cancellation of a task, and their like.
    """
    if error is None or isinstance(error, GeneratorExit):
        return semconv.STATUS_COMPLETED
    if isinstance(error, SystemExit):
        return semconv.STATUS_FAILED if error.code else semconv.STATUS_COMPLETED
    return semconv.STATUS_FAILED if isinstance(error, Exception) else semconv.STATUS_TERMINATED


def exception_attributes(error: BaseException) -> dict[str, str]:
    """Returns type, message and formatted traceback, cause and context included."""
    return {
        semconv.EXCEPTION_TYPE: _qualified_name(type(error)),
        semconv.EXCEPTION_MESSAGE: mend.text(error),
        semconv.EXCEPTION_STACKTRACE: _stacktrace(error),
    }


def summary(error: BaseException) -> str:
    """Returns one line: the exception's type and message."""
    message = mend.text(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _qualified_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _stacktrace(error: BaseException) -> str:
    try:
        return mend.text("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    except Exception:  # an exception class of the application that cannot be formatted
        return summary(error)
