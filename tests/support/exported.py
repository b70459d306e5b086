"""What is exported in tests, and the settings under which it is: none of this machine's own."""

import os
from collections.abc import Iterator

import pytest
from codexcache.telemetry.attributes import TURNS, Measurement, Report
from codexcache.telemetry.exporter import Pipeline

from support.collector import Collector, collecting

CANNOT = "Telemetry cannot be exported to 127.0.0.1:"
AGAIN = "Telemetry is exported again."


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take this machine's own settings away; reports are sent at once."""
    for name in [name for name in os.environ if name.startswith("OTEL_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")


def named_collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Run a collector that the variables name."""
    with collecting() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        yield running


def report(name: str = "chat m", *, failed: bool = False) -> Report:
    """Return the report of one turn."""
    counted = Measurement(TURNS, 1, {"codex.verdict": "hit"})
    return Report(
        name=name, start=1_000, end=3_000, attributes={"codex.turn": 7}, failed=failed, measurements=(counted,)
    )


def sent(*reports: Report) -> Pipeline:
    """Return a pipeline that was given reports."""
    pipeline = Pipeline()
    for each in reports:
        pipeline.send(each)
    return pipeline
