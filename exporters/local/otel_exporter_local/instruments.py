"""Metrics to row operations, one a data point. Messages: opentelemetry/proto/metrics/v1/metrics.proto."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)

from otel_distro.otlp.decode import attributes as attributes_of
from otel_distro.otlp.decode import decode_metric, hex_id
from otel_distro.spool.record import SpooledRecord
from otel_exporter_local.attributes import within_int64
from otel_exporter_local.json_text import dumps
from otel_exporter_local.rows import InstrumentMeasured, InstrumentPoint, Operation, Series

__all__ = ["metric_operations"]

_TEMPORALITIES: Final = (None, "delta", "cumulative")


def metric_operations(record: SpooledRecord) -> list[Operation]:
    """Translates the data points of one metric."""
    metric = decode_metric(record).metric
    kind = metric.WhichOneof("data")
    if kind is None:
        return []
    data = getattr(metric, kind)
    temporality = getattr(data, "aggregation_temporality", 0)
    monotonic = data.is_monotonic if kind == "sum" else None
    return [
        InstrumentMeasured(
            Series(
                metric.name,
                metric.unit,
                metric.description or None,
                kind,
                _TEMPORALITIES[temporality] if 0 <= temporality < len(_TEMPORALITIES) else None,
                monotonic,
                _attributes(point.attributes),
            ),
            _POINTS[kind](point, record.appended_unix_nano),
        )
        for point in data.data_points
    ]


def _number(point: NumberDataPoint, appended_unix_nano: int) -> InstrumentPoint:
    which = point.WhichOneof("value")
    return InstrumentPoint(
        time_unix_nano=within_int64(point.time_unix_nano or appended_unix_nano),
        start_unix_nano=_start(point.start_time_unix_nano),
        value=getattr(point, which) if which else None,
        detail=_detail(_exemplars(point.exemplars)),
    )


def _histogram(point: HistogramDataPoint, appended_unix_nano: int) -> InstrumentPoint:
    return InstrumentPoint(
        time_unix_nano=within_int64(point.time_unix_nano or appended_unix_nano),
        start_unix_nano=_start(point.start_time_unix_nano),
        observations=within_int64(point.count),
        sum=point.sum if point.HasField("sum") else None,
        min=point.min if point.HasField("min") else None,
        max=point.max if point.HasField("max") else None,
        bounds=dumps(list(point.explicit_bounds)),
        counts=dumps(list(point.bucket_counts)),
        detail=_detail(_exemplars(point.exemplars)),
    )


def _exponential(point: ExponentialHistogramDataPoint, appended_unix_nano: int) -> InstrumentPoint:
    detail = {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": point.zero_threshold,
        "positive": {"offset": point.positive.offset, "counts": list(point.positive.bucket_counts)},
        "negative": {"offset": point.negative.offset, "counts": list(point.negative.bucket_counts)},
    }
    return InstrumentPoint(
        time_unix_nano=within_int64(point.time_unix_nano or appended_unix_nano),
        start_unix_nano=_start(point.start_time_unix_nano),
        observations=within_int64(point.count),
        sum=point.sum if point.HasField("sum") else None,
        min=point.min if point.HasField("min") else None,
        max=point.max if point.HasField("max") else None,
        detail=_detail(detail | _exemplars(point.exemplars)),
    )


def _summary(point: SummaryDataPoint, appended_unix_nano: int) -> InstrumentPoint:
    quantiles = {str(each.quantile): each.value for each in point.quantile_values}
    return InstrumentPoint(
        time_unix_nano=within_int64(point.time_unix_nano or appended_unix_nano),
        start_unix_nano=_start(point.start_time_unix_nano),
        observations=within_int64(point.count),
        sum=point.sum,
        detail=_detail({"quantiles": quantiles}),
    )


_POINTS: Final[dict[str, Any]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}


def _attributes(attributes: Iterable[KeyValue]) -> str:
    """Returns attributes in one order, so that the same ones are the same series."""
    return dumps(dict(sorted(attributes_of(attributes).items())))


def _start(start_unix_nano: int) -> int | None:
    return within_int64(start_unix_nano) or None


def _detail(detail: dict[str, Any]) -> str | None:
    return dumps(detail) if detail else None


def _exemplars(exemplars: Iterable[Exemplar]) -> dict[str, Any]:
    described = [_exemplar(exemplar) for exemplar in exemplars]
    return {"exemplars": described} if described else {}


def _exemplar(exemplar: Exemplar) -> dict[str, Any]:
    which = exemplar.WhichOneof("value")
    return {
        "time_unix_nano": exemplar.time_unix_nano,
        "value": getattr(exemplar, which) if which else None,
        "trace_id": hex_id(exemplar.trace_id),
        "span_id": hex_id(exemplar.span_id),
        "attributes": attributes_of(exemplar.filtered_attributes),
    }
