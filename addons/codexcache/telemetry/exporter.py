"""The way of reports to a collector: OTLP over HTTP, by OpenTelemetry's SDK. Loaded only when codex_otel is on.

Spans wait in a bounded queue and measurements in bounded tables; threads of the SDK send them. So whatever the
collector does, a turn waits for nothing but the making of its span. The providers are our own, not the process's:
another addon may have some.

What the SDK logs about its exports is kept from the log, and an outage is said once (`outage`).
"""

import contextlib
import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
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
from .attributes import INSTRUMENTS, Instrument, Report, destination

# An outage of the collector is said once: one sentence when exports begin to fail, one when they work again.
#
# What the SDK logs of it is kept from the log. It repeats itself and quotes addresses, and an error in the log ends
# mitmdump at its start.

logger = logging.getLogger(__name__)

_STATUS = re.compile(r"\bcode: (\d{3})\b")
_BUSY = {code.phrase: code.value for code in HTTPStatus if code.value in (429, 502, 503, 504)}
_LONG = 0.3
"""Seconds after which an export has waited for the collector. One that is not there refuses at once."""

_own = threading.local()


def keep_quiet() -> None:
    """Capture what the SDK and its HTTP client log in our own threads; let their other records through."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("opentelemetry", "urllib3"):
            logging.getLogger(name).addFilter(_keep)  # a filter is not inherited, so each of them gets it


def _keep(record: logging.LogRecord) -> bool:
    """Keep a warning, and tell whether the record is anyone else's."""
    said: list[logging.LogRecord] | None = getattr(_own, "said", None)
    if said is not None and record.levelno >= logging.WARNING and len(said) < 10:
        said.append(record)
    return said is None


@contextlib.contextmanager
def kept() -> Iterator[list[logging.LogRecord]]:
    """Keep what this thread logs; its warnings are in the list."""
    before, _own.said = getattr(_own, "said", None), []
    try:
        yield _own.said
    finally:
        _own.said = before


class Outage:
    """Knows which signals fail and why, and says so once."""

    def __init__(self) -> None:
        self._places = {signal: destination(os.environ, signal) for signal in ("TRACES", "METRICS")}
        self._failing: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = False

    def watch[R](self, signal: str, export: Callable[[], R], success: R, failure: R) -> R:
        """Return the result of an export, and note it."""
        began = time.monotonic()
        with kept() as said:
            try:
                result = export()
            except Exception as error:
                logger.debug(f"An export of {signal.lower()} failed: {type(error).__name__}.")
                result = failure
        first = said[0].getMessage() if said else ""
        self._note(signal, "" if result == success else _reason(signal, first, time.monotonic() - began))
        return result

    def close(self, in_time: bool) -> None:
        """Say no more, except that the last telemetry did not leave in time."""
        if not in_time and not self._failing:
            logger.warning(f"The last telemetry could not be exported to {self._places['TRACES']} in time.")
        self._closed = True

    def _note(self, signal: str, reason: str) -> None:
        with self._lock:
            before, known = self._failing.pop(signal, ""), set(self._failing.values())
            if reason:
                self._failing[signal] = reason
            else:  # what failed for the same reason will work as well, or be said again
                self._failing = {other: why for other, why in self._failing.items() if why != before}
        if self._closed or bool(before) == bool(reason) or reason in known:
            return
        logger.warning(_failing(self._places[signal], reason) if reason else "Telemetry is exported again.")


def _failing(place: str, reason: str) -> str:
    return (
        f"Telemetry cannot be exported to {place}: {reason}. Turns go on as ever; only their telemetry is lost until "
        "it can be."
    )


def _reason(signal: str, first: str, seconds: float) -> str:
    """Return why an export failed, by what was said first; it is not quoted, because an address can hold secrets."""
    status = _STATUS.search(first)
    busy = next((code for phrase, code in _BUSY.items() if phrase in first), None)
    if busy:
        return f"the collector answers with status {busy}"
    if status:
        return f"it answers {signal.lower()} with status {status[1]}; OTEL_{signal}_EXPORTER=none leaves them out"
    if "timed out" in first or ("due to timeout" in first and seconds > _LONG):
        return "the collector does not answer in time"
    if "SSL" in first or "certificate" in first:
        return "the TLS connection fails; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA to trust"
    return "the collector cannot be reached"


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
