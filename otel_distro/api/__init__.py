"""What applications call. Without an SDK every call is a cheap no-op; nothing raises because of data.

The names here are the API; the modules are how it is built.
"""

from otel_distro.api.alert import alert
from otel_distro.api.annotation import annotate
from otel_distro.api.arc import arc, current_arc, export, sub_arc
from otel_distro.api.artifact import artifact
from otel_distro.api.context import detached, get_resource, set_resource
from otel_distro.api.event import event
from otel_distro.api.incident import incident
from otel_distro.api.metrics import counter, gauge, histogram, meter, summary
from otel_distro.api.run import current_run, run
from otel_distro.api.timeseries import timeseries
from otel_distro.api.timing import timer

__all__ = [
    "alert",
    "annotate",
    "arc",
    "artifact",
    "counter",
    "current_arc",
    "current_run",
    "detached",
    "event",
    "export",
    "gauge",
    "get_resource",
    "histogram",
    "incident",
    "meter",
    "run",
    "set_resource",
    "sub_arc",
    "summary",
    "timer",
    "timeseries",
]
