"""Exports reports to a collector: OTLP over HTTP, by OpenTelemetry's SDK. Loaded only when codex_otel is on.

Spans wait in a bounded queue and measurements in bounded tables; threads of the SDK send them. So whatever the
collector does, a turn waits for nothing but the making of its span. The providers belong to this pipeline, not to the
process: another addon may have its own.

An outage is logged once: one sentence when exports begin to fail, one when they work again. What the SDK logs of it is
dropped. It repeats itself and quotes addresses, and an error in the log ends mitmdump at its start.
"""

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests  # comes with the exporter
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from .. import __version__
from .attributes import INSTRUMENTS, Instrument, Report, destination

logger = logging.getLogger(__name__)

SERVICE = "codex-continuity"
CLOSE_TIMEOUT = 2.0
"""Seconds that the last reports have to leave at the end."""

_TIMEOUT = 5.0
"""Seconds for one export, unless the OTEL_* variables say otherwise. The SDK's own 10 only keep more in memory."""

_BUSY = (429, 502, 503, 504)
_UNREACHABLE = "the collector cannot be reached"

_own = threading.local()


def drop_sdk_logs() -> None:
    """Drop what the SDK and its HTTP client log in a `collected` block; their other records pass."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("opentelemetry", "urllib3"):
            logging.getLogger(name).addFilter(_collect)  # a filter is not inherited, so each of them gets it


def _collect(record: logging.LogRecord) -> bool:
    """Collect a warning of this thread's block; return True for a record of any other thread."""
    records: list[logging.LogRecord] | None = getattr(_own, "records", None)
    if records is not None and record.levelno >= logging.WARNING and len(records) < 10:
        records.append(record)
    return records is None


@contextlib.contextmanager
def collected() -> Iterator[list[logging.LogRecord]]:
    """Drop what this thread logs; yield a list of its first warnings."""
    outer, _own.records = getattr(_own, "records", None), []
    try:
        yield _own.records
    finally:
        _own.records = outer


class WatchedSession(requests.Session):
    """An HTTP session for one signal that knows why its last request failed, and no address: it may hold secrets."""

    def __init__(self, signal: str) -> None:
        super().__init__()
        self._signal, self.failure = signal, ""

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        try:
            response = super().send(request, **settings)
        except requests.RequestException as error:
            self.failure = _reason(error)
            raise
        self.failure = "" if response.ok else self._refused(response.status_code)
        return response

    def _refused(self, status: int) -> str:
        if status in _BUSY:
            return f"the collector answers with status {status}"
        return (
            f"it answers {self._signal.lower()} with status {status}; OTEL_{self._signal}_EXPORTER=none leaves them out"
        )


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS connection fails; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA to trust"
    return "the collector does not answer in time" if isinstance(error, requests.Timeout) else _UNREACHABLE


class Outage:
    """Knows which signals fail and why, and logs it once."""

    def __init__(self) -> None:
        self._addresses = {signal: destination(os.environ, signal) for signal in ("TRACES", "METRICS")}
        self._failing: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = False

    def close(self, in_time: bool) -> None:
        """Log no more, except that the last telemetry did not leave in time."""
        if not in_time and not self._failing:
            logger.warning(f"The last telemetry could not be exported to {self._addresses['TRACES']} in time.")
        self._closed = True

    def note(self, signal: str, reason: str) -> None:
        """Take in the result of an export: why it failed, blank where it did not."""
        with self._lock:
            earlier, known = self._failing.pop(signal, ""), set(self._failing.values())
            if reason:
                self._failing[signal] = reason
            else:  # what failed for the same reason will work as well, or be logged again
                self._failing = {other: why for other, why in self._failing.items() if why != earlier}
        if self._closed or bool(earlier) == bool(reason) or reason in known:
            return
        outage = (
            f"Telemetry cannot be exported to {self._addresses[signal]}: {reason}. Turns go on as ever; only their "
            "telemetry is lost until it can be."
        )
        logger.warning(outage if reason else "Telemetry is exported again.")


def export_watched[R](
    session: WatchedSession, outage: Outage, signal: str, export: Callable[[], R], success: R
) -> R | None:
    """Return the result of an export, None where it raised, and tell the outage about it."""
    with collected():
        try:
            result = export()
        except Exception:  # the SDK logs it with a traceback, which may quote an address
            result = None
    outage.note(signal, "" if result == success else session.failure or _UNREACHABLE)
    return result


def _watched[E: (OTLPSpanExporter, OTLPMetricExporter)](kind: type[E], signal: str, outage: Outage, ends: Any) -> E:
    """Return an exporter that tells the outage how each of its exports `ends`."""
    session = WatchedSession(signal)
    exporter = kind(timeout=_timeout(signal), session=session)
    send = exporter.export

    def export(*arguments: Any, **settings: Any) -> Any:
        done = export_watched(session, outage, signal, lambda: send(*arguments, **settings), ends.SUCCESS)
        return done or ends.FAILURE

    exporter.export = export  # type: ignore[method-assign]
    return exporter


class Pipeline:
    """Queues reports and sends them. Raises ValueError where the OTEL_* variables cannot be followed."""

    def __init__(self) -> None:
        self._outage = Outage()
        drop_sdk_logs()
        with collected() as records:
            spans = _watched(OTLPSpanExporter, "TRACES", self._outage, SpanExportResult)
            metrics = _watched(OTLPMetricExporter, "METRICS", self._outage, MetricExportResult)
            resource = _resource()
            self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            if _wanted("TRACES"):
                self._traces.add_span_processor(BatchSpanProcessor(spans))
            readers = [PeriodicExportingMetricReader(metrics)] if _wanted("METRICS") else []
            self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
            self._tracer = self._traces.get_tracer(SERVICE, __version__)
            meter = self._meters.get_meter(SERVICE, __version__)
            self._instruments = {instrument: _instrument(meter, instrument) for instrument in INSTRUMENTS}
        for sentence in _misunderstandings(records):
            logger.warning(sentence)

    def send(self, report: Report) -> None:
        """Queue a report for the SDK's threads."""
        with collected():
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
        """Flush and shut down within CLOSE_TIMEOUT seconds, even if the collector hangs."""
        ends = [threading.Thread(target=_shut_down, args=(each,), daemon=True) for each in (self._traces, self._meters)]
        deadline = time.monotonic() + CLOSE_TIMEOUT
        for end in ends:
            end.start()
        for end in ends:
            end.join(max(0.0, deadline - time.monotonic()))
        self._outage.close(in_time=not any(end.is_alive() for end in ends))


def _shut_down(provider: TracerProvider | MeterProvider) -> None:
    with collected(), contextlib.suppress(Exception):
        provider.shutdown()


def _instrument(meter: Any, instrument: Instrument) -> Callable[..., None]:
    """Create an instrument; return the function that takes its values."""
    *description, bounds = instrument
    if not bounds:
        counter: Counter = meter.create_counter(*description)
        return counter.add
    histogram: Histogram = meter.create_histogram(*description, explicit_bucket_boundaries_advisory=bounds)
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
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() != "none"


def _misunderstandings(records: list[logging.LogRecord]) -> Iterator[str]:
    """Yield sentences on variables that are not followed, without their values, which can be secret."""
    if {_setting(signal, "PROTOCOL") for signal in ("TRACES", "METRICS")} - {"", "http/protobuf"}:
        yield "Telemetry is exported by http/protobuf alone: give the collector's HTTP port, mostly 4318."
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield "OTEL_SDK_DISABLED is true, so nothing is exported although codex_otel is on."
    for template in dict.fromkeys(str(record.msg) for record in records if record.args):
        yield f"OpenTelemetry does not understand one of the OTEL_* variables ({template})."
