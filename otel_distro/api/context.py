"""What is current: run, ARC and resource, as entries of the OpenTelemetry context.

They travel wherever that context travels: into asyncio tasks, into threads and executors (where the threading
instrumentation is on), and, as ids in baggage, into other processes and services.

One entry, one kind::

    context --+-- run       Entry(Run, thread)      baggage algo.run.id, algo.run.name
              +-- ARC       Entry(Arc, thread)      baggage algo.arc.id, algo.arc.class
              +-- resource  Entry(str, thread)
              +-- clean     True inside detached(): the process's default run does not count
              +-- scope     the Scope whose block this is

Where baggage names another id than the entry does, it came later and from elsewhere, so it wins: a server that
answers a request of another program's run records for that run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from opentelemetry import baggage
from opentelemetry.context import Context, attach, create_key, get_current, set_value
from opentelemetry.trace import set_span_in_context

from otel_distro import semconv
from otel_distro.api import mend

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from otel_distro.api.arc import Arc
    from otel_distro.api.run_object import Run

__all__ = [
    "Carried",
    "Entry",
    "Scope",
    "arc_entry",
    "arc_identity",
    "carried_ids",
    "comes_from_elsewhere",
    "default_run",
    "detached",
    "get_resource",
    "here",
    "object_runs",
    "run_entry",
    "run_identity",
    "set_resource",
    "with_arc",
    "with_run",
]

_RUN: Final = create_key("algo.run")
_ARC: Final = create_key("algo.arc")
_RESOURCE: Final = create_key("algo.resource")
_CLEAN: Final = create_key("algo.clean")
_SCOPE: Final = create_key("algo.scope")


class Entry(NamedTuple):
    """Something current, and who made it so.

    Attributes:
        value: The run, the ARC or the resource's id.
        thread: ``threading.get_ident()`` of the thread that set it; another thread was handed it.
    """

    value: Any
    thread: int


class Carried(NamedTuple):
    """The ids in baggage, empty where there is none."""

    run_id: str
    run_name: str
    arc_id: str
    arc_class: str


_NOTHING_CARRIED: Final = Carried("", "", "", "")

# --- what is current -------------------------------------------------------------------------------------------------


def run_entry(context: Context | None = None) -> Entry | None:
    """Returns the run's entry in the context, whatever baggage says; ``None`` where no block of a run is open."""
    return cast("Entry | None", (get_current() if context is None else context).get(_RUN))


def arc_entry(context: Context | None = None) -> Entry | None:
    """Returns the ARC's entry in the context, whatever baggage says; ``None`` where no block of an ARC is open."""
    return cast("Entry | None", (get_current() if context is None else context).get(_ARC))


def carried_ids(context: Context | None = None) -> Carried:
    """Returns the ids that ride in baggage."""
    carried = baggage.get_all(context)
    if not carried:
        return _NOTHING_CARRIED
    return Carried(
        _carried_text(carried.get(semconv.RUN_ID)),
        _carried_text(carried.get(semconv.RUN_NAME)),
        _carried_text(carried.get(semconv.ARC_ID)),
        _carried_text(carried.get(semconv.ARC_CLASS)),
    )


def _carried_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def comes_from_elsewhere(entry: Entry | None, carried_id: str) -> bool:
    """Returns whether baggage names something that another process or service made current.

    Args:
        entry: What this process made current.
        carried_id: The id in baggage; empty where there is none.
    """
    return carried_id != "" and (entry is None or entry.value.id != carried_id)


def here() -> dict[str, Any]:
    """Returns the attributes that say where something happened: ids of run, ARC and resource, name and class."""
    context = get_current()
    carried = carried_ids(context)
    found = {**_run_attributes(context, carried), **_arc_attributes(context, carried)}
    resource = cast("Entry | None", context.get(_RESOURCE))
    if resource is not None:
        found[semconv.RESOURCE_ID] = resource.value
    return found


def _run_attributes(context: Context, carried: Carried) -> Mapping[str, Any]:
    entry = run_entry(context)
    if comes_from_elsewhere(entry, carried.run_id):
        return run_identity(carried.run_id, carried.run_name)
    run = entry.value if entry is not None else default_run(context)
    return run.identity if run is not None else {}


def _arc_attributes(context: Context, carried: Carried) -> Mapping[str, Any]:
    entry = arc_entry(context)
    if comes_from_elsewhere(entry, carried.arc_id):
        return arc_identity(carried.arc_id, carried.arc_class)
    return arc_identity(entry.value.id, entry.value.arc_class) if entry is not None else {}


def run_identity(run_id: str, name: str) -> dict[str, Any]:
    """Returns the attributes by which an event belongs to a run; the name may be unknown, and empty."""
    return {semconv.RUN_ID: run_id, semconv.RUN_NAME: name} if name else {semconv.RUN_ID: run_id}


def arc_identity(arc_id: str, arc_class: str) -> dict[str, Any]:
    """Returns the attributes by which an event belongs to an ARC; the class may be unknown, and empty."""
    return {semconv.ARC_ID: arc_id, semconv.ARC_CLASS: arc_class} if arc_class else {semconv.ARC_ID: arc_id}


# --- the process's default run ---------------------------------------------------------------------------------------

object_runs: dict[str, Run] = {}  # the open runs of the object form, oldest first


def default_run(context: Context | None = None) -> Run | None:
    """Returns the newest open run of the object form, which counts wherever no run is current."""
    if not object_runs or (get_current() if context is None else context).get(_CLEAN):
        return None
    return next(reversed(list(object_runs.values())), None)


# --- blocks ----------------------------------------------------------------------------------------------------------


class Scope:
    """A block in which a context is current.

    Leaving it takes away what entering it put in place and nothing else: not what another block put on top, and
    nothing at all where it was never put, such as in the thread or task that happens to close a generator. So no
    ``Token`` is used: resetting one elsewhere is an error, which OpenTelemetry logs.
    """

    __slots__ = ("outer",)

    def __init__(self) -> None:
        self.outer = Context()  # what leaving makes current again

    def enter(self, context: Context) -> Context:
        """Makes a context current and returns it as it is then."""
        self.outer = get_current()
        inner = set_value(_SCOPE, self, context)
        attach(inner)
        return inner

    def leave(self) -> None:
        """Makes what was current before current again, unless a block opened later is still open."""
        scope = _scope(get_current())
        if scope is self:
            attach(self.outer)
            return
        while scope is not None:  # blocks that do not nest: whoever lies upon us returns to where we would have
            below = _scope(scope.outer)
            if below is self:
                scope.outer = self.outer
            scope = below


def _scope(context: Context) -> Scope | None:
    return cast("Scope | None", context.get(_SCOPE))


def with_run(run: Run, span: Span | None, context: Context) -> Context:
    """Returns a context in which a run and its span are current; its id and name ride in baggage."""
    context = set_value(_RUN, Entry(run, get_ident()), context)
    context = baggage.set_baggage(semconv.RUN_ID, run.id, context)
    context = baggage.set_baggage(semconv.RUN_NAME, run.name, context)
    return context if span is None else set_span_in_context(span, context)


def with_arc(arc: Arc, span: Span | None, context: Context) -> Context:
    """Returns a context in which an ARC and its span are current; its full id and class ride in baggage."""
    context = set_value(_ARC, Entry(arc, get_ident()), context)
    context = baggage.set_baggage(semconv.ARC_ID, arc.id, context)
    context = baggage.set_baggage(semconv.ARC_CLASS, arc.arc_class, context)
    return context if span is None else set_span_in_context(span, context)


@contextmanager
def detached() -> Iterator[None]:
    """Starts clean: inside the block no run, ARC, resource, span or baggage is current.

    For work that has nothing to do with its caller, such as a job that a request only triggers.
    """
    scope = Scope()
    scope.enter(Context({_CLEAN: True}))
    try:
        yield
    finally:
        scope.leave()


# --- the resource ----------------------------------------------------------------------------------------------------


def set_resource(resource_id: str | None) -> None:
    """Names what the records that follow are about, such as a deployed model, for this task or thread.

    It holds until the enclosing block of a run or an ARC ends, and is handed on like them.

    Args:
        resource_id: Its id; ``None`` for none.
    """
    entry = None if resource_id is None else Entry(mend.text(resource_id), get_ident())
    attach(set_value(_RESOURCE, entry))


def get_resource() -> str | None:
    """Returns the id that :func:`set_resource` was given, or ``None``."""
    entry = cast("Entry | None", get_current().get(_RESOURCE))
    return None if entry is None else cast("str", entry.value)
