"""What is exported in tests, and what is said of it."""

from codexcache.telemetry.attributes import TURNS, Measurement, Report
from codexcache.telemetry.exporter import Pipeline

CANNOT = "Telemetry cannot be exported to 127.0.0.1:"
AGAIN = "Telemetry is exported again."


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
