"""Alerts without a server: the leader judges the rules of all runs over the merged points of all processes.

The evaluator takes part as a destination of its own, with a cursor in every segment, so it goes on where it was after
any crash. What it finds it appends to the spool as ``algo.alert.fired`` and ``algo.alert.resolved``, for the real
destinations to pass on.
"""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from otel_distro import semconv
from otel_distro.forwarder.alert_rules import AlertRule, Judgement, is_rule
from otel_distro.forwarder.destination import Batch, Delivery, Fingerprint, Slot
from otel_distro.forwarder.ledger import INTERNAL_KIND
from otel_distro.spool.directory import Addressee, SpoolDirectory, replace_file
from otel_distro.spool.format import SlotKey
from otel_distro.spool.record import Kind, SpooledRecord

if TYPE_CHECKING:
    from otel_distro.otlp.decode import Event

NAME: Final = "_alerts"
_SLOT: Final = Slot("", frozenset({Kind.EVENT}))
_RECENT: Final = 2000
_SETTLE_NANOS: Final = 2 * 10**9
ADDRESSEE: Final = Addressee(NAME, INTERNAL_KIND, "", "", [SlotKey(NAME, _SLOT.name, _SLOT.takes)])
_METRICS: Final = semconv.EVENT_RUN_METRICS.encode()
_OTHERS: Final = tuple(
    name.encode() for name in (semconv.EVENT_RUN_STARTED, semconv.EVENT_ALERT_DEFINED, semconv.EVENT_RUN_ENDED)
)

Append = Callable[[Kind, bytes, bytes, bytes], None]


class AlertEvaluator:
    """Judges alert rules; a :class:`~otel_distro.forwarder.destination.Destination` of the distribution's own.

    Args:
        directory: The spool directory, in whose state it remembers rules, their points and how far it has read.
        append: Appends a record to the spool: kind, payload, resource, scope.
        clock: Wall clock, nanoseconds since the epoch; only to judge windows of runs that record nothing more.
    """

    def __init__(self, directory: SpoolDirectory, append: Append, clock: Callable[[], int] = time.time_ns) -> None:
        self.name = NAME
        self.fingerprint = Fingerprint(INTERNAL_KIND, "")
        self.slots: Sequence[Slot] = (_SLOT,)
        self._state = directory.path / "state" / NAME / "rules.json"
        self._append = append
        self._clock = clock
        self._rules: list[_Watched] | None = None
        self._ends: dict[str, int] = {}
        self._recent: deque[SpooledRecord] = deque(maxlen=_RECENT)
        self._started: dict[Any, int] = {}  # open runs; after a crash, a rule counts from its definition instead

    def deliver(self, slot: Slot, batch: Batch) -> Delivery:  # noqa: ARG002 - it has one slot
        """Takes points and rules in, and appends what they bring to light."""
        watched = self._load()
        had_rules = bool(watched)
        for record in batch.records:
            if record.offset >= self._ends.get(record.segment, 0):
                self._take(record, watched)
        if watched or had_rules:
            self._save(batch.ends)
        return Delivery(len(batch.records))

    def idle(self) -> None:
        """Judges the windows that ended while nothing was recorded."""
        now = self._clock() - _SETTLE_NANOS
        for watched in self._load():
            if watched.rule.points and watched.rule.next_unix_nano <= now:
                self._emit(watched, watched.rule.advance(now))
                self._save({})

    def resume(self, slot: Slot, segment: str) -> int:  # noqa: ARG002 - it has one slot
        """Returns how far the remembered rules have seen a segment."""
        self._load()
        return self._ends.get(segment, 0)

    def forget(self, segments: Sequence[str]) -> None:
        """Forgets segments that are gone."""
        for segment in segments:
            self._ends.pop(segment, None)

    def close(self) -> None:
        """Holds nothing open."""

    # --- records -----------------------------------------------------------------------------------------------------

    def _take(self, record: SpooledRecord, watched: list[_Watched]) -> None:
        """Takes one event in. It is decoded only if it can matter: most programs define no alert."""
        if _METRICS in record.payload:
            self._recent.append(record)
            if watched:
                self._add_points(_decoded(record), watched)
        elif any(name in record.payload for name in _OTHERS):
            event = _decoded(record)
            if event is None:
                return
            if event.event_name == semconv.EVENT_RUN_STARTED:
                self._started[event.attributes.get(semconv.RUN_ID)] = event.time_unix_nano
            elif event.event_name == semconv.EVENT_ALERT_DEFINED and is_rule(event.attributes):
                self._define(event, record, watched)
            elif event.event_name == semconv.EVENT_RUN_ENDED:
                self._end(event, watched)

    def _define(self, event: Event, record: SpooledRecord, watched: list[_Watched]) -> None:
        key = _key(event.attributes)
        if any(_key(known.rule.attributes) == key for known in watched):
            return
        origin = self._started.get(event.attributes[semconv.RUN_ID], event.time_unix_nano)
        rule = AlertRule(event.attributes, origin)
        for _ in rule.advance(event.time_unix_nano):  # no points yet: only skips what lies before the definition
            pass
        for earlier in filter(None, map(_decoded, self._recent)):
            rule.points.extend(_points(earlier, rule))
        watched.append(_Watched(rule, record.resource, record.scope))

    def _add_points(self, event: Event | None, watched: list[_Watched]) -> None:
        for one in watched if event else ():
            for when, value in _points(event, one.rule) if event else ():
                self._emit(one, one.rule.add(when, value))

    def _end(self, event: Event, watched: list[_Watched]) -> None:
        self._started.pop(event.attributes.get(semconv.RUN_ID), None)
        ended = [one for one in watched if one.rule.attributes[semconv.RUN_ID] == event.attributes.get(semconv.RUN_ID)]
        for one in ended:
            self._emit(one, one.rule.end(event.time_unix_nano))
            watched.remove(one)

    def _emit(self, watched: _Watched, judgements: Iterator[Judgement]) -> None:
        from otel_distro.otlp.encoder import encode_log  # noqa: PLC0415 - only a leader that judges needs it

        for judgement in judgements:
            payload = encode_log(
                timestamp=judgement.time_unix_nano,
                observed_timestamp=self._clock(),
                severity_number=_WARN if judgement.event_name == semconv.EVENT_ALERT_FIRED else _INFO,
                severity_text=None,
                body=None,
                attributes=judgement.attributes,
                event_name=judgement.event_name,
                trace_id=0,
                span_id=0,
                trace_flags=0,
            )
            self._append(Kind.EVENT, payload, watched.resource, watched.scope)

    # --- state -------------------------------------------------------------------------------------------------------

    def _load(self) -> list[_Watched]:
        if self._rules is None:
            self._rules = []
            try:
                state = json.loads(self._state.read_bytes())
                self._ends = dict(state["ends"])
                self._rules = [_Watched.unpack(entry) for entry in state["rules"]]
            except (OSError, ValueError, KeyError, TypeError):
                self._ends = {}
        return self._rules

    def _save(self, ends: Mapping[str, int]) -> None:
        self._ends.update(ends)
        rules = [watched.pack() for watched in self._rules or ()]
        self._state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._state, json.dumps({"ends": self._ends, "rules": rules}).encode())


# Severity numbers of https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_INFO: Final = 9
_WARN: Final = 13


class _Watched:
    """A rule, and the resource and scope of the event that defined it: what the rule's own events carry."""

    def __init__(self, rule: AlertRule, resource: bytes, scope: bytes) -> None:
        self.rule = rule
        self.resource = resource
        self.scope = scope

    def pack(self) -> dict[str, Any]:
        rule = self.rule
        return {
            "attributes": rule.attributes,
            "origin": rule.origin_unix_nano,
            "next": rule.next_unix_nano,
            "firing": rule.firing,
            "points": list(rule.points),
            "resource": base64.b64encode(self.resource).decode(),
            "scope": base64.b64encode(self.scope).decode(),
        }

    @classmethod
    def unpack(cls, entry: Mapping[str, Any]) -> _Watched:
        points = deque((int(when), float(value)) for when, value in entry["points"])
        rule = AlertRule(entry["attributes"], entry["origin"], entry["next"], entry["firing"], points)
        return cls(rule, base64.b64decode(entry["resource"]), base64.b64decode(entry["scope"]))


def _decoded(record: SpooledRecord) -> Event | None:
    from otel_distro.otlp.decode import decode_log  # noqa: PLC0415 - protobuf is loaded by a leader that needs it

    try:
        return decode_log(record)
    except Exception:  # a damaged record is the destinations' to count
        return None


def _key(attributes: Mapping[str, Any]) -> tuple[Any, Any]:
    return (attributes.get(semconv.RUN_ID), attributes.get(semconv.ALERT_NAME))


def _points(event: Event, rule: AlertRule) -> list[tuple[int, float]]:
    """Returns the points of a metrics event that a rule watches, in either of the event's two forms."""
    if event.attributes.get(semconv.RUN_ID) != rule.attributes[semconv.RUN_ID] or not isinstance(event.body, dict):
        return []
    values = event.body.get(rule.metric)
    if isinstance(values, list):
        times = event.attributes.get(semconv.RUN_TIMES_UNIX_NANO, [])
        return [(int(when), float(value)) for when, value in zip(times, values, strict=False) if _is_number(value)]
    return [(event.time_unix_nano, float(values))] if _is_number(values) else []


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float)
