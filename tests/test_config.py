"""Settings: defaults, precedence, and what is said of those that cannot work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from otel_distro import environment_variables
from otel_distro.config import Config, DestinationName, service_name, state_home


def test_nothing_set_is_the_local_store_below_the_state_home(tmp_path: Path) -> None:
    config = Config.from_environ({"HOME": str(tmp_path)})

    assert config.destinations == [DestinationName("local", "local")]
    assert config.spool == tmp_path / ".local/state/otel-distro/spool"
    assert (config.forwards, config.exit_timeout_seconds, config.quiet, config.disabled) == (True, 2.0, False, False)


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    unset = {"HOME": str(tmp_path)}
    empty = {variable.name: "" for variable in environment_variables.VARIABLES}

    assert Config.from_environ({**unset, **empty}) == Config.from_environ(unset)


def test_destinations_may_be_named() -> None:
    config = Config.from_environ({"OTEL_DISTRO_DESTINATIONS": " local , simvue:lab "})

    assert config.destinations == [DestinationName("local", "local"), DestinationName("simvue", "lab")]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("OTEL_DISTRO_DESTINATIONS", "local,local", "'local' twice; name one of them"),
        ("OTEL_DISTRO_DESTINATIONS", "simvue:Lab", "'simvue:Lab', which is no destination; write kind or kind:name"),
        ("OTEL_DISTRO_DESTINATIONS", "simvue:", "no destination"),
        ("OTEL_DISTRO_FORWARDER", "threads", "unknown; set it to one of thread, none"),
        ("OTEL_DISTRO_EXIT_TIMEOUT_SECONDS", "soon", "no number of seconds; set it to one, such as 2"),
        ("OTEL_DISTRO_EXIT_TIMEOUT_SECONDS", "-1", "no number of seconds"),
        ("OTEL_DISTRO_EXIT_TIMEOUT_SECONDS", "nan", "no number of seconds"),
        ("OTEL_DISTRO_QUIET", "perhaps", "neither true nor false; set it to true or false"),
    ],
)
def test_what_cannot_work_is_named_with_its_cure(name: str, value: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        Config.from_environ({name: value})
    assert str(caught.value).startswith(name)


def test_a_relative_state_home_is_ignored_as_the_specification_says(tmp_path: Path) -> None:
    assert state_home({"XDG_STATE_HOME": "here", "HOME": str(tmp_path)}) == tmp_path / ".local/state/otel-distro"
    assert state_home({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "otel-distro"


@pytest.mark.parametrize(
    ("environ", "arguments", "name"),
    [
        ({"OTEL_SERVICE_NAME": "set"}, ["app.py"], "set"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "a=b, service.name=set%20too"}, ["app.py"], "set too"),
        ({"OTEL_SERVICE_NAME": "set", "OTEL_RESOURCE_ATTRIBUTES": "service.name=not"}, ["app.py"], "set"),
        ({}, ["folder/app.py", "-m", "argument"], "app"),
        ({}, ["-W", "error", "-X", "dev", "app.py"], "app"),
        ({}, ["-m", "package.module"], "package"),
        ({}, ["-c", "print()"], "command"),
        ({}, [], "interactive"),
        ({}, ["-i"], "interactive"),
    ],
)
def test_the_service_is_named_after_the_script_never_after_the_interpreter(
    environ: dict[str, str], arguments: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python3", *arguments])

    assert service_name(environ) == name


def test_every_variable_is_described_once() -> None:
    names = [variable.name for variable in environment_variables.VARIABLES]
    constants = {
        value for name, value in vars(environment_variables).items() if name.isupper() and isinstance(value, str)
    }

    assert len(names) == len(set(names))
    assert set(names) == constants
    assert all(variable.description.endswith(".") for variable in environment_variables.VARIABLES)
