"""An outage of the collector is said once, by its reason, and its end once."""

import logging
import threading
from collections.abc import Callable

import pytest
from codexcache.telemetry.outage import Outage, keep_quiet, kept
from support.collector import Collector
from support.exported import AGAIN, CANNOT, report, sent
from support.patience import until
from support.wire import said

WELL, BADLY = "well", "badly"
PLACE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, export_settings: None) -> None:
    """A collector that only has a name."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", PLACE)


def ending(result: str, logged: str = "") -> Callable[[], str]:
    """Return an export that ends like this, as the SDK's do: what is amiss is logged."""

    def export() -> str:
        if logged:
            logging.getLogger("opentelemetry.exporter").error(logged)
        return result

    return export


def watched(outage: Outage, signal: str, result: str, logged: str = "") -> str:
    logging.getLogger("opentelemetry.exporter")  # which exists before anyone asks to keep it quiet
    keep_quiet()
    return outage.watch(signal, ending(result, logged), WELL, BADLY)


def test_it_is_said_once_when_they_begin_to_fail_and_once_when_they_work_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage()
    assert [watched(outage, signal, WELL) for signal in ("TRACES", "METRICS", "TRACES")] == [WELL] * 3
    assert said(caplog) == []
    for result in (BADLY, BADLY, BADLY, WELL, WELL, BADLY):
        assert watched(outage, "TRACES", result, "refused" if result == BADLY else "") == result

    first, second, third = said(caplog)
    assert first == third
    assert second == AGAIN
    assert first.removeprefix(CANNOT) == (
        "1: the collector cannot be reached. Turns go on as ever; only their telemetry is lost until it can be."
    )
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def raising() -> str:
    raise OSError("secret")


def test_both_signals_failing_for_one_reason_are_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails for a reason of its own is said, too; an export that raises has failed."""
    outage = Outage()
    for result in (BADLY, WELL):
        for signal in ("TRACES", "METRICS"):
            watched(outage, signal, result, "refused" if result == BADLY else "")
    assert [line.partition(":")[0] for line in said(caplog)] == [CANNOT.partition(":")[0], AGAIN]
    caplog.clear()
    assert outage.watch("TRACES", raising, WELL, BADLY) == BADLY
    watched(outage, "METRICS", BADLY, "Failed to export, code: 404")

    unreachable, refused = said(caplog)
    assert "the collector cannot be reached" in unreachable
    assert "it answers metrics with status 404; OTEL_METRICS_EXPORTER=none leaves them out" in refused
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("logged", "reason"),
    [
        ("", "the collector cannot be reached"),
        ("Failed to export, code: 401, reason: x", "it answers traces with status 401"),
        ("Transient error Service Unavailable encountered", "the collector answers with status 503"),
        ("Transient error Too Many Requests encountered", "the collector answers with status 429"),
        ("Read timed out. (read timeout=5)", "the collector does not answer in time"),
        ("Connection refused, aborted due to timeout", "the collector cannot be reached"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "the TLS connection fails; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA"),
    ],
)
def test_the_reason_is_told_from_what_is_logged_and_nothing_is_quoted(
    caplog: pytest.LogCaptureFixture, logged: str, reason: str
) -> None:
    """An address can hold secrets."""
    watched(Outage(), "TRACES", BADLY, f"{logged} at http://user:secret@collector/?key=secret")

    (line,) = said(caplog)
    assert line.startswith(f"{CANNOT}1: {reason}")
    assert "secret" not in caplog.text


LAST = [f"The last telemetry could not be exported to {PLACE.removeprefix('http://')} in time."]


@pytest.mark.parametrize(("fails", "in_time", "lines"), [(True, False, []), (False, False, LAST), (False, True, [])])
def test_a_last_export_that_is_not_done_in_time_is_said_unless_an_outage_is(
    caplog: pytest.LogCaptureFixture, fails: bool, in_time: bool, lines: list[str]
) -> None:
    """After the end nothing more is said."""
    outage = Outage()
    if fails:
        watched(outage, "TRACES", BADLY, "refused")
    caplog.clear()
    outage.close(in_time=in_time)
    watched(outage, "TRACES", BADLY, "refused")

    assert said(caplog) == lines


def test_what_others_log_is_heard_while_ours_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """By thread: another addon may use OpenTelemetry too."""
    theirs = logging.getLogger("opentelemetry.sdk.other")
    keep_quiet()
    with kept() as ours:
        theirs.warning("kept")
        theirs.info("not worth keeping")
        other = threading.Thread(target=theirs.error, args=("heard",))
        other.start()
        other.join()
    theirs.error("heard as well")

    assert [record.getMessage() for record in ours] == ["kept"]
    assert [record.getMessage() for record in caplog.records] == ["heard", "heard as well"]


async def test_a_collector_that_refuses_is_said_with_its_status(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
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


async def test_a_collector_that_hangs_is_said_once(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.4")
    collector.going.clear()
    pipeline = sent(report())
    await until(lambda: said(caplog))
    held = collector.asked
    await until(lambda: collector.asked >= held + 3)  # exports that were tried meanwhile
    assert len(said(caplog)) == 1
    collector.going.set()
    await until(lambda: len(said(caplog)) >= 2)
    pipeline.close()

    assert "the collector does not answer in time" in said(caplog)[0]
    assert said(caplog)[1] == AGAIN
