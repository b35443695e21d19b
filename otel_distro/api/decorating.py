"""A block around every call of a function: plain, coroutine, generator or asynchronous generator.

A generator's block lasts from its first step to its last, but its context is in place only while the body runs: what
consumes the generator, and other generators beside it, never see it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from opentelemetry.context import Context, attach, get_current

from otel_distro.api import mend

__all__ = ["decorate"]

F = TypeVar("F", bound=Callable[..., Any])
Block = Callable[[], AbstractContextManager[Any]]


def decorate(function: F, block: Block, shown: str) -> F:
    """Returns a function that does the same inside a block of its own for each call.

    Args:
        function: Plain, coroutine, generator or asynchronous generator function.
        block: Makes a new block.
        shown: How the decorator is written, for the error.

    Raises:
        ValueError: It was put above something that is no function.
    """
    if not callable(function):
        raise ValueError(f"{shown} goes above a function, not above {mend.text(function)!r}")  # noqa: TRY004 - as all
    if inspect.isasyncgenfunction(function):
        wrapped: Callable[..., Any] = _async_generator(function, block)
    elif inspect.isgeneratorfunction(function):
        wrapped = _generator(function, block)
    elif inspect.iscoroutinefunction(function):
        wrapped = _coroutine(function, block)
    else:
        wrapped = _plain(function, block)
    return cast("F", wrapped)


def _plain(function: Callable[..., Any], block: Block) -> Callable[..., Any]:
    @wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    return inside


def _coroutine(function: Callable[..., Any], block: Block) -> Callable[..., Any]:
    @wraps(function)
    async def inside(*args: Any, **kwargs: Any) -> Any:
        with block():
            return await function(*args, **kwargs)

    return inside


class _Frame:
    """A generator's own context: put in place before each step of the body, taken away after it."""

    def __init__(self) -> None:
        self._inner: Context | None = None
        self._outer = Context()

    def __enter__(self) -> None:
        self._outer = get_current()
        if self._inner is not None:
            attach(self._inner)

    def __exit__(self, *_: object) -> None:
        self._inner = get_current()
        attach(self._outer)


@contextmanager
def _opened(block: AbstractContextManager[Any], frame: _Frame) -> Iterator[None]:
    """Opens and closes a block inside a frame; what raises in between is the block's too."""
    with frame:
        block.__enter__()
    try:
        yield
    except BaseException as error:
        with frame:
            block.__exit__(type(error), error, error.__traceback__)
        raise
    with frame:
        block.__exit__(None, None, None)


def _generator(function: Callable[..., Any], block: Block) -> Callable[..., Any]:
    @wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        frame = _Frame()
        with _opened(block(), frame):
            body = function(*args, **kwargs)
            step, argument = body.send, None
            while True:
                try:
                    with frame:
                        item = step(argument)
                except StopIteration as end:
                    return end.value
                try:
                    step, argument = body.send, (yield item)
                except GeneratorExit:
                    with frame:
                        body.close()
                    raise
                except BaseException as error:
                    step, argument = body.throw, error

    return inside


def _async_generator(function: Callable[..., Any], block: Block) -> Callable[..., Any]:
    @wraps(function)
    async def inside(*args: Any, **kwargs: Any) -> Any:
        frame = _Frame()
        with _opened(block(), frame):
            body = function(*args, **kwargs)
            step, argument = body.asend, None
            while True:
                try:
                    with frame:
                        item = await step(argument)
                except StopAsyncIteration:
                    return
                try:
                    step, argument = body.asend, (yield item)
                except GeneratorExit:
                    with frame:
                        await body.aclose()
                    raise
                except BaseException as error:
                    step, argument = body.athrow, error

    return inside
