"""The way of reports to a collector, and an outage of it, which is said once, by its reason, and its end once."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from unittest import mock

import pytest
from codexcache import __version__
from codexcache.telemetry.exporter import Outage, Pipeline, WatchedSession, collected, drop_sdk_logs, export_watched
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from requests import ConnectionError as RequestsConnectionError
from requests import ConnectTimeout, PreparedRequest, ReadTimeout, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import SSLError
from support.collector import Collector, read
from support.exported import AGAIN, CANNOT, report, sent
from support.patience import until
from support.wire import said


async def test_a_report_becomes_a_span_with_its_own_times(collector: Collector) -> None:
    pipeline = sent(report("chat m"), report(failed=True))
    await until(lambda: len(collector.spans) == 2)
    pipeline.close()

    good, bad = collector.spans
    assert (good.name, good.kind, good.parent_span_id) == ("chat m", Span.SPAN_KIND_CLIENT, b"")
    assert (good.start_time_unix_nano, good.end_time_unix_nano) == (1_000, 3_000)
    assert read(good.attributes) == {"codex.turn": 7}
    assert [each.status.code for each in (good, bad)] == [Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR]


def test_two_proxies_are_two_instances_of_one_service(collector: Collector) -> None:
    """Or their sums would overwrite each other."""
    for _ in range(2):
        run_alone("from support.exported import report, sent; sent(report()).close()")
    first, second = (read(request.resource_spans[0].resource.attributes) for request in collector.traces)
    instance = first.pop("service.instance.id")

    assert (first["service.name"], first["service.version"]) == ("codex-continuity", __version__)
    assert second == {**first, "service.instance.id": second["service.instance.id"]}
    assert second["service.instance.id"] != instance


def run_alone(script: str) -> list[str]:
    """Run a script in a process of its own; return the words that it wrote."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.split()


async def test_the_standard_variables_decide(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-proxy")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.instance.id=one")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=k")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    pipeline = sent(report())
    await until(lambda: collector.spans)
    pipeline.close()

    names = ("service.name", "deployment.environment.name", "service.instance.id")
    assert [collector.resource[name] for name in names] == ["our-proxy", "test", "one"]
    assert [collector.headers[-1][name] for name in ("x-api-key", "content-encoding")] == ["k", "gzip"]
    assert collector.metrics == []


async def test_without_traces_the_measurements_leave(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    pipeline = sent(report())
    await until(lambda: collector.metrics and collector.points("codex.turns")[0][1] == 1)
    pipeline.close()

    assert collector.traces == []


def test_variables_that_are_not_followed_are_said_without_their_values(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-secret")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    Pipeline().close()

    lines = said(caplog)
    assert [line.partition(" ")[0] for line in lines] == ["Telemetry", "OTEL_SDK_DISABLED", "OpenTelemetry"]
    assert "secret" not in caplog.text


def test_the_providers_of_the_process_are_left_alone(collector: Collector) -> None:
    """Another addon may have set them; a process of its own shows that none has."""
    script = (
        "from codexcache.telemetry.exporter import Pipeline; Pipeline().close()\n"
        "from opentelemetry import metrics, trace\n"
        "print(type(trace.get_tracer_provider()).__name__, type(metrics.get_meter_provider()).__name__)"
    )

    assert run_alone(script) == ["ProxyTracerProvider", "_ProxyMeterProvider"]


WELL, BADLY = "well", "badly"
PLACE = "http://127.0.0.1:1"
UNREACHABLE = "the collector cannot be reached"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, export_settings: None) -> None:
    """A collector that only has a name."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", PLACE)


def watched(outage: Outage, signal: str, failure: str = "") -> str | None:
    """Have an export of one signal end, well where there is no failure."""
    session = WatchedSession(signal)
    session.failure = failure
    return export_watched(session, outage, signal, lambda: BADLY if failure else WELL, WELL)


def posted(ending: int | Exception) -> WatchedSession:
    """Return a session after a request that ended so: with a status, or an exception."""

    def send(_: HTTPAdapter, request: PreparedRequest, **__: object) -> Response:
        if isinstance(ending, Exception):
            raise ending
        response = Response()
        response.status_code, response.request, response.url = ending, request, str(request.url)
        return response

    session = WatchedSession("TRACES")
    with mock.patch.object(HTTPAdapter, "send", send), contextlib.suppress(RequestException):
        session.post("http://user:secret@collector/?key=secret", data=b"")
    return session


def test_it_is_said_once_as_they_begin_to_fail_and_once_when_they_work_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage()
    for result in (WELL, BADLY, BADLY, BADLY, WELL, WELL, BADLY):
        assert watched(outage, "TRACES", UNREACHABLE if result == BADLY else "") == result

    first, second, third = said(caplog)
    assert first == third
    assert second == AGAIN
    assert first.removeprefix(CANNOT) == (
        "1: the collector cannot be reached. Turns go on as ever; only their telemetry is lost until it can be."
    )


def test_both_signals_failing_for_one_reason_are_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails for a reason of its own is said, too; an export that raises has failed."""
    outage = Outage()
    for result in (BADLY, WELL):
        for signal in ("TRACES", "METRICS"):
            watched(outage, signal, UNREACHABLE if result == BADLY else "")

    assert [line.partition(":")[0] for line in said(caplog)] == [CANNOT.partition(":")[0], AGAIN]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (200, ""),
        (401, "it answers traces with status 401; OTEL_TRACES_EXPORTER=none leaves them out"),
        (503, "the collector answers with status 503"),
        (429, "the collector answers with status 429"),
        (ReadTimeout("secret"), "the collector does not answer in time"),
        (ConnectTimeout("secret"), "the collector does not answer in time"),
        (RequestsConnectionError("secret"), UNREACHABLE),
        (
            SSLError("secret"),
            "the TLS connection fails; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA to trust",
        ),
    ],
)
def test_the_reason_is_how_the_request_ended_and_nothing_is_quoted(ending: int | Exception, reason: str) -> None:
    """An address can hold secrets."""
    assert posted(ending).failure == reason


def test_an_export_that_raises_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    def export() -> str:
        raise OSError("secret")

    assert export_watched(WatchedSession("TRACES"), Outage(), "TRACES", export, WELL) is None
    assert UNREACHABLE in said(caplog)[0]
    assert "secret" not in caplog.text


LAST = [f"The last telemetry could not be exported to {PLACE.removeprefix('http://')} in time."]


@pytest.mark.parametrize(("fails", "in_time", "lines"), [(True, False, []), (False, False, LAST), (False, True, [])])
def test_a_last_export_that_is_not_done_in_time_is_said_unless_an_outage_is(
    caplog: pytest.LogCaptureFixture, fails: bool, in_time: bool, lines: list[str]
) -> None:
    """After the end nothing more is said."""
    outage = Outage()
    if fails:
        watched(outage, "TRACES", UNREACHABLE)
    caplog.clear()
    outage.close(in_time=in_time)
    watched(outage, "TRACES", UNREACHABLE)

    assert said(caplog) == lines


def test_records_of_other_threads_pass_while_an_export_collects_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """Another addon may use OpenTelemetry too."""
    sdk = logging.getLogger("opentelemetry.sdk.other")
    drop_sdk_logs()
    with collected() as records:
        sdk.warning("collected")
        sdk.info("not worth collecting")
        other = threading.Thread(target=sdk.error, args=("passed",))
        other.start()
        other.join()
    sdk.error("passed as well")

    assert [record.getMessage() for record in records] == ["collected"]
    assert [record.getMessage() for record in caplog.records] == ["passed", "passed as well"]


async def test_a_refusal_is_said_with_its_status(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """A spent quota, a wrong token, or a backend that takes no metrics."""
    collector.status = 404
    pipeline = sent(report())
    await until(lambda: len(said(caplog)) >= 2)
    collector.status = 200
    pipeline.send(report())
    await until(lambda: len(said(caplog)) >= 3)  # each signal may say that it works again
    pipeline.close()

    assert sorted(line.partition(": ")[2].partition(".")[0] for line in said(caplog)[:2]) == [
        f"it answers {signal.lower()} with status 404; OTEL_{signal}_EXPORTER=none leaves them out"
        for signal in ("METRICS", "TRACES")
    ]
    assert said(caplog)[2] == AGAIN
