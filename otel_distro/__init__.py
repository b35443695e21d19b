"""OpenTelemetry for programs that run algorithms: record once, deliver anywhere, lose nothing.

>>> from otel_distro import configure, run
>>> configure()                                     # doctest: +SKIP
>>> with run("train", tags=["demo"]) as r:          # doctest: +SKIP
...     r.log({"loss": 0.3})
"""

from otel_distro.api import (
    alert,
    annotate,
    arc,
    artifact,
    counter,
    detached,
    event,
    export,
    gauge,
    histogram,
    incident,
    meter,
    run,
    sub_arc,
    summary,
    timer,
    timeseries,
)
from otel_distro.lifecycle import configure, flush, shutdown

__all__ = [
    "alert",
    "annotate",
    "arc",
    "artifact",
    "configure",
    "counter",
    "detached",
    "event",
    "export",
    "flush",
    "gauge",
    "histogram",
    "incident",
    "meter",
    "run",
    "shutdown",
    "sub_arc",
    "summary",
    "timer",
    "timeseries",
]
