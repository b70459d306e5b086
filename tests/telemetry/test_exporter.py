"""The way of reports to a collector."""

import os
import subprocess
import sys
import time

import pytest
from codexcache import __version__
from codexcache.telemetry.exporter import CLOSE_TIMEOUT, Pipeline
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.collector import Collector, read
from support.exported import report, sent
from support.patience import until
from support.wire import said

pytestmark = pytest.mark.usefixtures("export_settings")


async def test_a_report_becomes_a_span_with_its_own_times(collector: Collector) -> None:
    pipeline = sent(report("chat m"), report(failed=True))
    await until(lambda: len(collector.spans) == 2)
    pipeline.close()

    good, bad = collector.spans
    assert (good.name, good.kind, good.parent_span_id) == ("chat m", Span.SPAN_KIND_CLIENT, b"")
    assert (good.start_time_unix_nano, good.end_time_unix_nano) == (1_000, 3_000)
    assert read(good.attributes) == {"codex.turn": 7}
    assert [each.status.code for each in (good, bad)] == [Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR]


async def test_its_measurements_are_summed_up(collector: Collector) -> None:
    pipeline = sent(report(), report(), report())
    await until(lambda: collector.metrics and collector.points("codex.turns")[0][1] == 3)
    pipeline.close()

    assert collector.points("codex.turns") == [({"codex.verdict": "hit"}, 3)]


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


async def test_without_traces_the_measurements_still_leave(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
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


async def test_a_collector_that_hangs_holds_up_neither_a_report_nor_the_end(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.going.clear()
    pipeline = sent(report())
    began = time.monotonic()
    for _ in range(100):
        pipeline.send(report())
    given = time.monotonic()
    pipeline.close()

    assert given - began < CLOSE_TIMEOUT / 2
    assert time.monotonic() - given < CLOSE_TIMEOUT + 1
    assert said(caplog) == [f"The last telemetry could not be exported to 127.0.0.1:{collector.port} in time."]


def test_the_providers_of_the_process_are_left_alone(collector: Collector) -> None:
    """Another addon may have set them; a process of its own shows that none has."""
    script = (
        "from codexcache.telemetry.exporter import Pipeline; Pipeline().close()\n"
        "from opentelemetry import metrics, trace\n"
        "print(type(trace.get_tracer_provider()).__name__, type(metrics.get_meter_provider()).__name__)"
    )

    assert run_alone(script) == ["ProxyTracerProvider", "_ProxyMeterProvider"]
