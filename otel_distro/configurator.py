"""Starting: what ``opentelemetry-instrument`` and :func:`otel_distro.configure` do, in one place.

This is the only module that may import OpenTelemetry's private modules; ``tests/test_architecture.py`` holds that.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk._configuration import _BaseConfigurator
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource

from otel_distro import carrying, lifecycle
from otel_distro.api import wiring
from otel_distro.config import Config
from otel_distro.distribution import Distribution
from otel_distro.pipeline import Pipeline

_EXPORTER_VARIABLES: Final = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_METRICS_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_CONFIG_FILE",
)
_UNNAMED: Final = "unknown_service"  # what the SDK calls a service that nobody named


class AlgorithmConfigurator(_BaseConfigurator):
    """The entry point of the group ``opentelemetry_configurator``."""

    def _configure(self, **_: Any) -> None:
        lifecycle.start_once(lambda: start(carries_threads=False))  # the wrapper loads every instrumentor itself


def start(environ: Mapping[str, str] = os.environ, *, carries_threads: bool = True) -> Distribution | None:
    """Starts the distribution in this process.

    Args:
        environ: The environment.
        carries_threads: Whether to carry the context into threads and executors.

    Returns:
        What runs now; ``None`` if ``OTEL_SDK_DISABLED`` is true, or a variable cannot work: one line then names it,
        what is wrong with its value, and the cure.
    """
    try:
        config = Config.from_environ(environ)
        if config.disabled:
            return None
        say = _silence() if config.quiet else _say
        pipeline = Pipeline(config, environ, say)
    except ValueError as error:
        _say(f"{error}; nothing is recorded")
        return None
    distribution = Distribution(pipeline, _resource(config), config.exit_timeout_seconds, say)
    _install(distribution)
    carrying.take_up(environ)
    carrying.carry_into_subprocesses()
    if carries_threads:
        carrying.carry_into_threads()
    atexit.register(distribution.at_exit)
    say(f"records go to {_targets(pipeline)}{_not_followed(environ)}")
    return distribution


def _resource(config: Config) -> Resource:
    """Returns the resource by the standard variables, with the service's name and an instance id of this process."""
    resource = Resource.create()
    missing = {}
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith(_UNNAMED):
        missing[SERVICE_NAME] = config.service
    if SERVICE_INSTANCE_ID not in resource.attributes:
        missing[SERVICE_INSTANCE_ID] = str(uuid.uuid4())
    return resource.merge(Resource(missing))


def _install(distribution: Distribution) -> None:
    """Makes the providers OpenTelemetry's global ones, and wires the API to the spool."""
    trace.set_tracer_provider(distribution.tracer_provider)
    set_meter_provider(distribution.meter_provider)
    set_logger_provider(distribution.logger_provider)
    wiring.install(distribution.event_logger_provider, distribution.sink)


def _not_followed(environ: Mapping[str, str]) -> str:
    """Names the standard variables that choose exporters: they are not followed yet, and nobody should wonder."""
    names = [name for name in _EXPORTER_VARIABLES if environ.get(name)]
    return f" ({', '.join(names)} not followed yet)" if names else ""


def _targets(pipeline: Pipeline) -> str:
    named = ", ".join(f"{addressee.name} ({addressee.endpoint})" for addressee in pipeline.addressees)
    shown = any(addressee.kind == "local" for addressee in pipeline.addressees)
    return f"{named}; otel-distro show prints them" if shown else named


def _say(line: str) -> None:
    try:
        print(f"otel-distro: {line}", file=sys.stderr, flush=True)  # noqa: T201 - said to the user, once
    except (OSError, ValueError, AttributeError):  # stderr is closed, or there is none
        return


def _silence() -> Callable[[str], None]:
    """Silences the distribution's logger, which names what it mends; returns what says nothing."""
    logger = logging.getLogger("otel_distro")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return lambda _line: None
