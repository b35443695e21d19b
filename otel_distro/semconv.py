"""Names of algorithm telemetry: the contract between the API, the translators and whoever reads the data.

Every event, attribute, metric and span name that the distribution itself writes stands here and nowhere else.
``docs/reference/registry.yaml`` holds the same list in the form that OpenTelemetry's Weaver checks; a test holds the
two equal. Names follow https://opentelemetry.io/docs/specs/semconv/general/naming/.

An event is a log record whose ``event_name`` is one of the ``EVENT_*`` names. Each is complete by itself: it carries
all that a translator needs, so no translator ever reads a span for a domain fact. The comment above an event lists
its attributes and its body.
"""

from __future__ import annotations

from typing import Final

SCOPE_NAME: Final = "otel_distro"
SCHEMA_URL: Final = "https://otel-distro.dev/schemas/0.1.0"

NAMESPACE: Final = "algo."

# --- spans -----------------------------------------------------------------------------------------------------------

SPAN_RUN: Final = "algo.run"
SPAN_ARC: Final = "algo.arc"

# --- events ----------------------------------------------------------------------------------------------------------

# run.id, run.name, run.folder, run.tags, run.description, run.metadata.*; the record's time is the run's start
EVENT_RUN_STARTED: Final = "algo.run.started"
# run.id, run.name and whichever of run.tags, run.description, run.status, run.metadata.* changed
EVENT_RUN_UPDATED: Final = "algo.run.updated"
# run.id, run.name, run.folder, run.status, run.duration_seconds, run.started_unix_nano; exception.* when it failed
EVENT_RUN_ENDED: Final = "algo.run.ended"
# run.id, run.name, run.step, run.time_seconds; body {name: value}
# or, many steps in one record: run.id, run.name, run.steps, run.times_unix_nano; body {name: [values]}
EVENT_RUN_METRICS: Final = "algo.run.metrics"
# run.id, run.name; exception.* for an exception; body text
EVENT_RUN_EVENT: Final = "algo.run.event"
# folder.path, folder.tags, folder.description, folder.metadata.*
EVENT_FOLDER_UPDATED: Final = "algo.folder.updated"
# artifact.*; run.id, run.name, arc.id where one is current
EVENT_ARTIFACT: Final = "algo.artifact"
# alert.name, alert.rule, alert.metric, alert.frequency_minutes, alert.window_minutes, alert.threshold or
# alert.range_low and alert.range_high; run.id, run.name
EVENT_ALERT_DEFINED: Final = "algo.alert.defined"
# as defined, and alert.observed; the record's time is the end of the window that was judged
EVENT_ALERT_FIRED: Final = "algo.alert.fired"
EVENT_ALERT_RESOLVED: Final = "algo.alert.resolved"
# arc.id, arc.class, arc.parent_id, run.id, run.name where one is current
EVENT_ARC_STARTED: Final = "algo.arc.started"
# as started, and arc.status, arc.duration_seconds, arc.started_unix_nano; exception.* when it failed
EVENT_ARC_ENDED: Final = "algo.arc.ended"
# arc.id, arc.class, run.id, run.name where one is current; body: the message as a map
EVENT_ARC_EXPORT: Final = "algo.arc.export"
# annotation.id, annotation.labels, arc.id, run.id, request.id where there is one; body {inputs, outputs, metadata}
EVENT_ANNOTATION: Final = "algo.annotation"
# incident.id, incident.title, incident.description, incident.files (maps with the keys of FILE_*); severity ERROR
EVENT_INCIDENT: Final = "algo.incident"
# run.id, run.name, arc.id where one is current; body text or map: a free event outside or inside a run
EVENT_NOTE: Final = "algo.event"

# --- attributes ------------------------------------------------------------------------------------------------------

RUN_ID: Final = "algo.run.id"  # string, 32 hexadecimal digits, made by us
RUN_NAME: Final = "algo.run.name"
RUN_FOLDER: Final = "algo.run.folder"
RUN_TAGS: Final = "algo.run.tags"  # string[]
RUN_DESCRIPTION: Final = "algo.run.description"
RUN_STATUS: Final = "algo.run.status"  # one of RUN_STATUSES
RUN_METADATA: Final = "algo.run.metadata"  # template: algo.run.metadata.<key>, any value
RUN_DURATION_SECONDS: Final = "algo.run.duration_seconds"  # double
RUN_STARTED_UNIX_NANO: Final = "algo.run.started_unix_nano"  # int
RUN_STEP: Final = "algo.run.step"  # int
RUN_TIME_SECONDS: Final = "algo.run.time_seconds"  # double, since the run's start
RUN_STEPS: Final = "algo.run.steps"  # int[]
RUN_TIMES_UNIX_NANO: Final = "algo.run.times_unix_nano"  # int[]

FOLDER_PATH: Final = "algo.folder.path"
FOLDER_TAGS: Final = "algo.folder.tags"  # string[]
FOLDER_DESCRIPTION: Final = "algo.folder.description"
FOLDER_METADATA: Final = "algo.folder.metadata"  # template: algo.folder.metadata.<key>

ARTIFACT_ID: Final = "algo.artifact.id"
ARTIFACT_NAME: Final = "algo.artifact.name"
ARTIFACT_CATEGORY: Final = "algo.artifact.category"  # one of ARTIFACT_CATEGORIES
ARTIFACT_MEDIA_TYPE: Final = "algo.artifact.media_type"
ARTIFACT_SIZE_BYTES: Final = "algo.artifact.size_bytes"  # int
ARTIFACT_SHA256: Final = "algo.artifact.sha256"  # 64 hexadecimal digits; absent when the file was not copied
ARTIFACT_URI: Final = "algo.artifact.uri"  # file: URI of the original
ARTIFACT_ORIGINAL_PATH: Final = "algo.artifact.original_path"
ARTIFACT_KEPT: Final = "algo.artifact.kept"  # name of the copy in the spool's files; absent when it was not copied

ALERT_NAME: Final = "algo.alert.name"
ALERT_RULE: Final = "algo.alert.rule"  # one of ALERT_RULES
ALERT_METRIC: Final = "algo.alert.metric"
ALERT_FREQUENCY_MINUTES: Final = "algo.alert.frequency_minutes"  # double
ALERT_WINDOW_MINUTES: Final = "algo.alert.window_minutes"  # double
ALERT_THRESHOLD: Final = "algo.alert.threshold"  # double
ALERT_RANGE_LOW: Final = "algo.alert.range_low"  # double
ALERT_RANGE_HIGH: Final = "algo.alert.range_high"  # double
ALERT_OBSERVED: Final = "algo.alert.observed"  # double, the mean over the window

ARC_ID: Final = "algo.arc.id"  # full id: the ids of all levels, joined with "."
ARC_CLASS: Final = "algo.arc.class"
ARC_PARENT_ID: Final = "algo.arc.parent_id"  # full id of the enclosing ARC; absent at the top
ARC_STATUS: Final = "algo.arc.status"  # one of ARC_STATUSES
ARC_DURATION_SECONDS: Final = "algo.arc.duration_seconds"  # double
ARC_STARTED_UNIX_NANO: Final = "algo.arc.started_unix_nano"  # int

ANNOTATION_ID: Final = "algo.annotation.id"
ANNOTATION_LABELS: Final = "algo.annotation.labels"  # string[]

INCIDENT_ID: Final = "algo.incident.id"
INCIDENT_TITLE: Final = "algo.incident.title"
INCIDENT_DESCRIPTION: Final = "algo.incident.description"
INCIDENT_FILES: Final = "algo.incident.files"  # maps with the keys of FILE_*

# keys of one map in INCIDENT_FILES; an artifact's attributes without their prefix
FILE_NAME: Final = "name"
FILE_MEDIA_TYPE: Final = "media_type"
FILE_SIZE_BYTES: Final = "size_bytes"
FILE_SHA256: Final = "sha256"
FILE_URI: Final = "uri"
FILE_ORIGINAL_PATH: Final = "original_path"
FILE_KEPT: Final = "kept"

REQUEST_ID: Final = "algo.request.id"
RESOURCE_ID: Final = "algo.resource.id"  # resource attribute, or the context's value when set per task

METRIC_NAME: Final = "algo.metric.name"  # attribute of METRIC_RUN_METRIC: the metric's name

# from https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

# --- metrics ---------------------------------------------------------------------------------------------------------

METRIC_RUN_METRIC: Final = "algo.run.metric"  # gauge: the last value that run.log was given, by METRIC_NAME
METRIC_RUN_DURATION: Final = "algo.run.duration"  # histogram, s, by RUN_STATUS
METRIC_ARC_DURATION: Final = "algo.arc.duration"  # histogram, s, by ARC_CLASS and ARC_STATUS
METRIC_INCIDENTS: Final = "algo.incidents"  # counter, {incident}
METRIC_ARTIFACT_SIZE: Final = "algo.artifact.size"  # histogram, By, by ARTIFACT_CATEGORY

# --- values ----------------------------------------------------------------------------------------------------------

STATUS_RUNNING: Final = "running"
STATUS_COMPLETED: Final = "completed"
STATUS_FAILED: Final = "failed"
STATUS_TERMINATED: Final = "terminated"
STATUS_LOST: Final = "lost"
RUN_STATUSES: Final = (STATUS_RUNNING, STATUS_COMPLETED, STATUS_FAILED, STATUS_TERMINATED, STATUS_LOST)
ARC_STATUSES: Final = (STATUS_RUNNING, STATUS_COMPLETED, STATUS_FAILED)

ARTIFACT_CATEGORIES: Final = ("code", "input", "output")

RULE_ABOVE: Final = "is above"
RULE_BELOW: Final = "is below"
RULE_OUTSIDE: Final = "is outside range"
RULE_INSIDE: Final = "is inside range"
ALERT_RULES: Final = (RULE_ABOVE, RULE_BELOW, RULE_OUTSIDE, RULE_INSIDE)
