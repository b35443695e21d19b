"""Nothing that a caller passes as data raises; wrong calls raise a ValueError that names argument and cure.

The fixtures let internal errors through, so "does not raise" also means that none was swallowed.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from api.fakes import FakeSink, Recorded
from otel_distro.api import (
    alert,
    annotate,
    arc,
    artifact,
    counter,
    event,
    export,
    gauge,
    histogram,
    incident,
    meter,
    run,
    set_resource,
    sub_arc,
    summary,
    timer,
    timeseries,
    wiring,
)


def refusing(*_: object) -> Any:
    raise RuntimeError("this object refuses everything")


class Hostile:
    """Whatever one does to it raises."""

    __str__ = __repr__ = __iter__ = __len__ = __eq__ = __bool__ = __float__ = __int__ = __index__ = refusing
    __fspath__ = __getattr__ = __contains__ = __getitem__ = __lt__ = __format__ = refusing
    __hash__ = object.__hash__


class HostileMap(UserDict[str, Any]):
    """A map that cannot be read."""

    __iter__ = keys = items = refusing


class Colour(Enum):
    RED = "red"


def failing() -> Iterator[int]:
    yield 1
    raise RuntimeError("no more")


def cycle() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def deep() -> Any:
    found: Any = 1
    for _ in range(5_000):
        found = {"a": found}
    return found


BAD: dict[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "hostile map": lambda: HostileMap({"a": 1}),
    "failing generator": failing,
    "cycle": cycle,
    "deep": deep,
    "lone surrogate": lambda: "a\ud800b",
    "NUL": lambda: "a\0b",
    "2**63": lambda: 2**63,
    "10**400": lambda: 10**400,
    "NaN": lambda: math.nan,
    "decimal": lambda: Decimal("NaN"),
    "datetime": lambda: dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc),
    "enumeration": lambda: Colour.RED,
    "numpy array": lambda: np.arange(6).reshape(2, 3),
    "numpy scalar": lambda: np.float32(1),
    "set": lambda: {1, "a"},
    "bytes": lambda: b"\xff\x00",
    "complex": lambda: 1j,
    "class": lambda: Hostile,
    "exception": lambda: ValueError(Hostile()),
    "object": object,
    "none": lambda: None,
    "empty": lambda: "",
    "map": lambda: {1: {None: Hostile()}, "": "", Hostile(): 1, (1, 2): 3},
    "long": lambda: "x" * 300_000,
}


@contextmanager
def suppress_wrong_call() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if type(error) is not ValueError or not re.search("is needed|must be", str(error)):
            raise


def refused(call: Callable[[], Any]) -> None:
    """Makes a call that may be wrong as well as hold bad data: a ValueError is right, everything else is not."""
    with suppress_wrong_call():
        call()


def run_with(bad: Any) -> None:
    name = None if callable(bad) else bad  # else it would be decorated
    with run(name, folder=bad, tags=bad, metadata=bad, description=bad):
        pass
    with run("r", metadata={"key": bad}, tags=[bad]) as r:
        r.update(metadata=bad, tags=bad, description=bad)
        r.update(metadata={"key": bad}, tags=[bad])
        r.folder(bad, metadata=bad, tags=bad, description=bad)
    with pytest.raises(type(bad) if isinstance(bad, BaseException) else KeyError), run():
        raise bad if isinstance(bad, BaseException) else KeyError(bad)


def log_with(bad: Any) -> None:
    with run() as r:
        r.log(bad)
        r.log({"a": bad, "b": 1})
        r.log({"a": 1}, step=bad, time_unix_nano=bad)
        try:
            hash(bad)
        except TypeError:
            return
        r.log({bad: 1})


def event_with(bad: Any) -> None:
    with run() as r:
        r.event(bad, time_unix_nano=bad)
        r.event(Exception(bad))
        event(bad)
    event(bad, time_unix_nano=bad)


def arc_with(bad: Any) -> None:
    set_resource(bad)
    with arc("a", id=bad), sub_arc("b", id=bad):
        export(bad, time_unix_nano=bad)
        export({"a": bad})
    refused(lambda: arc(bad).__enter__().__exit__(None, None, None))
    refused(lambda: sub_arc(bad).__enter__().__exit__(None, None, None))


def artifact_with(bad: Any) -> None:
    with run() as r:
        r.save(bad, "output")
        r.save(__file__, "output", name=bad)
        r.artifact(bad, "output", name="n")
        r.artifact({"a": bad}, "output", name="n")
        refused(lambda: r.artifact(1, "output", name=bad))
        refused(lambda: artifact(bad, "output"))
        refused(lambda: artifact(__file__, bad))


def alert_with(bad: Any) -> None:
    with run() as r:
        r.alert(bad, metric=bad, rule="is above", threshold=1)
        refused(lambda: alert("a", metric="m", rule=bad, threshold=1))
        refused(lambda: alert("a", metric="m", rule="is above", threshold=bad))
        refused(lambda: alert("a", metric="m", rule="is above", threshold=1, window_minutes=bad))
        refused(lambda: r.update(status=bad))
        refused(lambda: r.event("a", severity=bad))
        refused(lambda: r.end(bad))


def annotate_with(bad: Any) -> None:
    annotate(inputs=bad, outputs=bad, metadata=bad, labels=bad, id=bad, time_unix_nano=bad)
    annotate(inputs={"a": [bad]}, labels=[bad])
    incident(bad, bad, files=bad, time_unix_nano=bad)
    incident("t", files=[bad, __file__])


def measure_with(bad: Any) -> None:
    counter("c").add(bad, attributes=bad)
    meter("m").mark(bad, attributes={"a": bad})
    gauge("g").set(bad, attributes=bad)
    gauge("g").inc(bad, attributes={"a": bad})
    gauge("g").inc(1, attributes=bad)
    gauge("g").dec(1, attributes={"a": bad})
    histogram("h").record(bad, attributes=bad)
    histogram("h").record(1, attributes=bad)
    summary("s").observe(1, attributes={"a": bad})
    timeseries(bad, 1, time_unix_nano=bad, tags=bad)
    timeseries("a", bad, tags={"a": bad})
    with timer("t", attributes=bad):
        pass
    refused(lambda: counter(bad, unit=bad, description=bad).add(1))


CALLS = [run_with, log_with, event_with, arc_with, artifact_with, alert_with, annotate_with, measure_with]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
@pytest.mark.parametrize("bad", BAD)
def test_bad_data_raises_nothing(bad: str, call: Callable[[Any], None]) -> None:
    call(BAD[bad]())


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_bad_data_raises_nothing_through_the_sdks_own_logger(
    recorded: Recorded, call: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK cleans attributes itself, so what the API hands it must already be clean."""
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # upstream's
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    fake = wiring.active()
    wiring.install(
        provider, FakeSink(), tracer_provider=fake.tracer_provider, meter_provider=fake.meter_provider, clock=fake.clock
    )
    for make in BAD.values():
        call(make())
    provider.shutdown()
    assert call is measure_with or len(exporter.get_finished_logs()) >= len(BAD)
    assert recorded.events() == []
    assert {record.name for record in caplog.records} <= {"otel_distro"}, "the SDK had something to clean"


def test_a_failed_exception_text_is_still_described(recorded: Recorded) -> None:
    with pytest.raises(KeyError), run():
        raise KeyError(Hostile())
    attributes = recorded.events()[-1].attributes
    assert (attributes["exception.type"], attributes["exception.message"]) == ("KeyError", "<KeyError>")


# --- wrong calls -----------------------------------------------------------------------------------------------------

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: artifact("a", "result"), "category must be one of code, input, output, not 'result'"),
    (lambda: run().save("a", ""), "category must be one of code, input, output, not ''"),
    (lambda: run().artifact({}, "model", name="n"), "category must be one of code, input, output, not 'model'"),
    (lambda: run().artifact({}, "output"), "name is needed where an object is given"),
    (lambda: artifact({}, "output", name=""), "name is needed where an object is given"),
    (lambda: run().end("done"), "status must be one of completed, failed, terminated, lost, not 'done'"),
    (lambda: run().end("running"), "status must be one of completed, failed, terminated, lost, not 'running'"),
    (lambda: run().update(status="over"), "status must be one of running, completed, failed, terminated, lost"),
    (lambda: arc(""), "arc_class is needed: what the ARC is compared with"),
    (lambda: arc(None), "arc_class is needed"),  # type: ignore[arg-type]  # a wrong call
    (lambda: sub_arc(print), r'arc_class is needed: .*@arc\("scoring"\)'),  # type: ignore[arg-type]  # a wrong call
    (lambda: run("a")("b"), r"@run\(...\) goes above a function, not above 'b'"),  # type: ignore[type-var]  # wrong
    (lambda: arc("a")("b"), r"@arc\(...\) goes above a function, not above 'b'"),  # type: ignore[type-var]  # wrong
    (lambda: timer("a")("b"), r"@timer\(...\) goes above a function, not above 'b'"),  # type: ignore[type-var]  # wrong
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_call_is_refused_at_once(recorded: Recorded, call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        call()
    assert recorded.events() == []


def test_a_block_is_entered_once() -> None:
    r, a = run(), arc("a")
    with r, a:
        pass
    with pytest.raises(ValueError, match=r"this run was started before: call run\(...\) anew"), r:
        pass
    with pytest.raises(ValueError, match=r"this ARC was started before: call arc\(...\)"), a:
        pass


def test_wrong_calls_are_refused_where_nothing_records(recorded: Recorded, tmp_path: Path) -> None:
    recorded.logger.is_enabled = False
    with pytest.raises(ValueError, match="category"):
        artifact(tmp_path, "result")
