"""An outage of the collector is said once, by its reason, and its end once."""

import contextlib
import logging
import threading

import pytest
from codexcache.telemetry.exporter import Outage, WatchedSession, collected, drop_sdk_logs, export_watched
from requests import ConnectionError as RequestsConnectionError
from requests import ConnectTimeout, PreparedRequest, ReadTimeout, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import SSLError
from support.collector import Collector
from support.exported import AGAIN, CANNOT, report, sent
from support.patience import until
from support.wire import said

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


class Adapter(HTTPAdapter):
    """Ends each request in one way: with a status, or an exception."""

    def __init__(self, ending: int | Exception) -> None:
        super().__init__()
        self._ending = ending

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        if isinstance(self._ending, Exception):
            raise self._ending
        response = Response()
        response.status_code, response.request, response.url = self._ending, request, str(request.url)
        return response


def posted(ending: int | Exception) -> WatchedSession:
    """Return a session after a request that ended so."""
    session = WatchedSession("TRACES")
    session.mount("http://", Adapter(ending))
    with contextlib.suppress(RequestException):
        session.post("http://user:secret@collector/?key=secret", data=b"")
    return session


def test_exports_that_work_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()

    assert [watched(outage, signal) for signal in ("TRACES", "METRICS", "TRACES")] == [WELL] * 3
    assert said(caplog) == []


def test_it_is_said_once_when_they_begin_to_fail_and_once_when_they_work_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage()
    for result in (BADLY, BADLY, BADLY, WELL, WELL, BADLY):
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


def test_a_signal_that_fails_for_a_reason_of_its_own_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    watched(outage, "TRACES", UNREACHABLE)
    watched(outage, "METRICS", "it answers metrics with status 404")

    assert len(said(caplog)) == 2
    assert "it answers metrics with status 404" in said(caplog)[1]


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


def test_after_the_end_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    outage.close(in_time=True)
    watched(outage, "TRACES", UNREACHABLE)

    assert said(caplog) == []


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
