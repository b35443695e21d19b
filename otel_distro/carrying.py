"""Carrying the current context where Python does not: into threads and executors, and from process to process.

From process to process it rides in the environment, under the names that W3C gives the headers, in capitals:
``TRACEPARENT``, ``TRACESTATE``, ``BAGGAGE`` (https://opentelemetry.io/docs/specs/otel/context/env-carriers/).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import context, propagate
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from wrapt import wrap_function_wrapper

__all__ = ["carry_into_subprocesses", "carry_into_threads", "take_up"]

# Where subprocess.Popen takes its environment when it is given by position.
_ENV_POSITION = 10


def take_up(environ: Mapping[str, str]) -> None:
    """Makes the context of the program that started this one current, where it was put into the environment."""
    carrier = {name: environ[name.upper()] for name in propagate.get_global_textmap().fields if name.upper() in environ}
    if carrier:
        context.attach(propagate.extract(carrier))


def carry_into_threads() -> None:
    """Has each thread, timer and task of an executor start in the context of whoever started it."""
    ThreadingInstrumentor().instrument()


def carry_into_subprocesses() -> None:
    """Has each program that ``subprocess`` starts find the context in its environment; called once a process."""
    wrap_function_wrapper(subprocess.Popen, "__init__", _start_with_context)


def _start_with_context(
    start: Callable[..., None], _popen: object, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    if not carrier or len(arguments) > _ENV_POSITION:
        return start(*arguments, **named)
    given = named.pop("env", None)
    carried = {name.upper(): value for name, value in carrier.items()}
    # What the program put there itself stays; what this process was started with is out of date.
    environ = {**os.environ, **carried} if given is None else {**carried, **given}
    return start(*arguments, env=environ, **named)
