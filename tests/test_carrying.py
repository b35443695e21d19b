"""The context in the environment: taken up from whoever started this program, handed to whatever it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import baggage, context
from opentelemetry.instrumentation.utils import unwrap

from otel_distro.carrying import carry_into_subprocesses, take_up

SHOW = "import os; print(os.environ.get('BAGGAGE'), os.environ.get('OTHER'))"


@pytest.fixture(autouse=True)
def own_context() -> Iterator[None]:
    token = context.attach(context.Context())
    yield
    context.detach(token)


@pytest.fixture
def carried() -> Iterator[None]:
    """Carries the context into subprocesses, with something in it."""
    carry_into_subprocesses()
    context.attach(baggage.set_baggage("algo.run.id", "mine"))
    yield
    unwrap(subprocess.Popen, "__init__")


def shown(**named: object) -> list[str]:
    result = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True, **named)  # type: ignore[call-overload]
    return str(result.stdout).split()


def test_what_is_in_the_environment_is_current() -> None:
    take_up({"BAGGAGE": "algo.run.id=theirs", "TRACEPARENT": "not one"})

    assert baggage.get_all() == {"algo.run.id": "theirs"}


def test_an_environment_without_it_changes_nothing() -> None:
    take_up({"HOME": "/"})

    assert baggage.get_all() == {}


@pytest.mark.usefixtures("carried")
def test_a_program_that_is_started_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAGGAGE", "what=this process was started with")

    assert shown() == ["algo.run.id=mine", "None"]
    assert shown(env={**os.environ, "BAGGAGE": "", "OTHER": "1"}) == ["1"]
    assert shown(env={"OTHER": "1"}) == ["algo.run.id=mine", "1"]


@pytest.mark.usefixtures("carried")
def test_nothing_is_added_where_nothing_is_current() -> None:
    context.attach(context.Context())

    assert shown(env={"OTHER": "1"}) == ["None", "1"]
