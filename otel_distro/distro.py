"""The entry point of the group ``opentelemetry_distro``: what ``opentelemetry-instrument`` asks first."""

from __future__ import annotations

import os
from typing import Any

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # untyped upstream
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_CONFIGURATOR


class AlgorithmDistro(BaseDistro):  # type: ignore[misc]  # untyped upstream
    """Chooses our configurator: naming a distribution does not choose the configurator that goes with it."""

    def _configure(self, **_: Any) -> None:
        os.environ.setdefault(OTEL_PYTHON_CONFIGURATOR, "otel_distro")
