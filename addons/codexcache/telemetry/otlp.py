"""The way of reports to a collector: OTLP over HTTP, by OpenTelemetry's SDK. Loaded only when codex_otel is on.

Spans wait in a bounded queue and measurements in bounded tables; threads of the SDK send them. So whatever the
collector does, a turn waits for nothing but the making of its span. The providers are our own, not the process's:
another addon may have some.

What the SDK logs about its exports is kept from the log, and an outage is said once (`outage`).
"""

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from .. import __version__
from .outage import Outage, keep_quiet, kept
from .vocabulary import INSTRUMENTS, Instrument, Report

logger = logging.getLogger(__name__)

SERVICE = "codex-continuity"
FAREWELL = 2.0
"""Seconds that the last reports have to leave at the end."""

_TIMEOUT = 5.0
"""Seconds for one export, unless the OTEL_* variables say otherwise. The SDK's own 10 only keep more in memory."""


class _Spans(OTLPSpanExporter):
    """Exports spans, watched."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(timeout=_timeout("TRACES"))
        self._outage = outage

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        send = super().export
        return self._outage.watch("TRACES", lambda: send(spans), SpanExportResult.SUCCESS, SpanExportResult.FAILURE)


class _Metrics(OTLPMetricExporter):
    """Exports metrics, watched."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(timeout=_timeout("METRICS"))
        self._outage = outage

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **more: Any
    ) -> MetricExportResult:
        send = super().export
        success, failure = MetricExportResult.SUCCESS, MetricExportResult.FAILURE
        return self._outage.watch("METRICS", lambda: send(metrics_data, timeout_millis, **more), success, failure)


class Pipeline:
    """Takes reports and sends them. Raises ValueError where the OTEL_* variables cannot be followed."""

    def __init__(self) -> None:
        self._outage = Outage()
        keep_quiet()
        with kept() as said:
            spans, metrics, resource = _Spans(self._outage), _Metrics(self._outage), _resource()
            self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            if _wanted("TRACES"):
                self._traces.add_span_processor(BatchSpanProcessor(spans))
            readers = [PeriodicExportingMetricReader(metrics)] if _wanted("METRICS") else []
            self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
            self._tracer = self._traces.get_tracer(SERVICE, __version__)
            meter = self._meters.get_meter(SERVICE, __version__)
            self._instruments = {instrument: _made(meter, instrument) for instrument in INSTRUMENTS}
        for sentence in _misunderstandings(said):
            logger.warning(sentence)

    def send(self, report: Report) -> None:
        """Put a report where the SDK's threads take it from."""
        with kept():
            span = self._tracer.start_span(
                report.name,
                context=Context(),
                kind=SpanKind.CLIENT,
                attributes=report.attributes,
                start_time=report.start,
            )
            if report.failed:
                span.set_status(StatusCode.ERROR)
            span.end(report.end)
            for instrument, value, attributes in report.measurements:
                self._instruments[instrument](value, attributes)

    def close(self) -> None:
        """Send what is left, within bounds: a collector that hangs keeps nobody from ending."""
        ends = [threading.Thread(target=_end, args=(each,), daemon=True) for each in (self._traces, self._meters)]
        deadline = time.monotonic() + FAREWELL
        for end in ends:
            end.start()
        for end in ends:
            end.join(max(0.0, deadline - time.monotonic()))
        self._outage.close(in_time=not any(end.is_alive() for end in ends))


def _end(provider: TracerProvider | MeterProvider) -> None:
    with kept(), contextlib.suppress(Exception):
        provider.shutdown()


def _made(meter: Any, instrument: Instrument) -> Callable[..., None]:
    """Return what takes an instrument's values."""
    if instrument.kind == "counter":
        counter: Counter = meter.create_counter(instrument.name, instrument.unit, instrument.text)
        return counter.add
    histogram: Histogram = meter.create_histogram(
        instrument.name, instrument.unit, instrument.text, explicit_bucket_boundaries_advisory=instrument.bounds
    )
    return histogram.record


def _resource() -> Resource:
    """Return who exports. Two proxies of a team are two instances, or their sums would overwrite each other."""
    own = {"service.version": __version__, "service.instance.id": str(uuid.uuid4())}
    found = Resource(own).merge(Resource.create())
    named = not str(found.attributes["service.name"]).startswith("unknown_service")
    return found if named else found.merge(Resource({"service.name": SERVICE}))


def _setting(signal: str, name: str) -> str:
    """Return one of the exporter's variables, the signal's own before the general one."""
    return os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") or ""


def _timeout(signal: str) -> float | None:
    return None if _setting(signal, "TIMEOUT") else _TIMEOUT


def _wanted(signal: str) -> bool:
    """Tell whether a signal is to be exported, as OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER say."""
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() != "none"


def _misunderstandings(said: list[logging.LogRecord]) -> Iterator[str]:
    """Yield what is done otherwise than the variables say, without their values: these can be secret."""
    if {_setting(signal, "PROTOCOL") for signal in ("TRACES", "METRICS")} - {"", "http/protobuf"}:
        yield "Telemetry is exported by http/protobuf alone: give the collector's HTTP port, mostly 4318."
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield "OTEL_SDK_DISABLED is true, so nothing is exported although codex_otel is on."
    for template in dict.fromkeys(str(record.msg) for record in said if record.args):
        yield f"OpenTelemetry does not understand one of the OTEL_* variables ({template})."
