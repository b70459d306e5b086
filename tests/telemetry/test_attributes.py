"""What is exported of a turn: the conventions' names, nothing that could identify, and a bounded number of series."""

from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Diagnosis, Verdict
from codexcache.diagnosis.service import DiagnosisService
from codexcache.options import default_settings
from codexcache.output.journal import Entries, Pseudonyms
from codexcache.telemetry.attributes import INSTRUMENTS, Attributes, Instrument, Report, Telemetry, destination
from codexcache.turn.exchange import Continuity
from codexcache.turn.response import ResponseInfo
from support.diagnoses import raising
from support.turns import turn, user

SECRETS = {"authorization": "Bearer secret", "chatgpt-account-id": "account-secret", "session_id": "session-secret"}
USAGE: Object = {"input_tokens": 5000, "input_tokens_details": {"cached_tokens": 4096}, "output_tokens": 70}


def found(
    *,
    model: str = "gpt-6-luna",
    agent: str = "codex_cli_rs/0.169.0 (Debian)",
    usage: Object | None = USAGE,
    status: int = 200,
    error: Object | None = None,
    begins: float | None = 1000.25,
    host: str = "chatgpt.com",
) -> Diagnosis:
    """Return what was found of one turn, which left at 1000 s and ended at 1002.5 s."""
    findings: list[Diagnosis] = []
    diagnosis_service = DiagnosisService(raising)
    diagnosis_service.listeners.append(findings.append)
    body: Object = {"model": model, "input": [user("the secret prompt")], "prompt_cache_key": "key-secret"}
    sent = turn({"user-agent": agent, **SECRETS}, body, host=host)
    exchange, outcome = Continuity().begin(sent, default_settings()), ResponseInfo(response_id="resp-secret")
    diagnosis_service.turn_sent(exchange, flow="flow-secret", at=1000)
    outcome.status, outcome.error, outcome.usage = status, error, usage or {}
    exchange.first_byte_at, exchange.response_info = begins, outcome
    diagnosis_service.turn_ended(exchange, at=1002.5)
    return findings[0]


NEW = (
    *("gen_ai.response.model", "openai.response.service_tier", "codex.ended", "codex.resent_tokens", "codex.blame"),
    *("codex.edit", "codex.volatile"),
)

ENTRIES = Entries(Pseudonyms(b"s" * 32), "run")


def reported(telemetry: Telemetry | None = None, /, **arguments: Json) -> Report:
    """Return the report on a turn."""
    diagnosis = found(**arguments)  # type: ignore[arg-type]
    return (telemetry or Telemetry()).report(diagnosis, ENTRIES.entry(diagnosis), 443)


def measured(report: Report, name: str) -> list[tuple[float, Attributes]]:
    """Return what a report measures by one instrument."""
    return [(value, attributes) for instrument, value, attributes in report.measurements if instrument.name == name]


def test_a_span_says_what_was_found_by_the_conventions_names_and_quotes_nothing() -> None:
    report, entry = reported(), ENTRIES.entry(found())

    assert "secret" not in repr(report)
    assert (report.name, report.start, report.end) == ("chat gpt-6-luna", 1000 * 10**9, 1002 * 10**9 + 5 * 10**8)
    assert not report.failed
    assert report.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "openai.api.type": "responses",
        "gen_ai.request.model": "gpt-6-luna",
        "gen_ai.conversation.id": entry["conversation"],
        "gen_ai.usage.input_tokens": 5000,
        "gen_ai.usage.cache_read.input_tokens": 4096,
        "gen_ai.usage.output_tokens": 70,
        "server.address": "chatgpt.com",
        "server.port": 443,
        "http.response.status_code": 200,
        "codex.run": entry["run"],
        "codex.turn": 1,
        "codex.mode": "fill",
        "codex.endpoint": "responses",
        "codex.transport": "http",
        "codex.client": "codex_cli_rs/0.169.0",
        "codex.key": entry["key"],
        "codex.key_source": "prompt_cache_key",
        "codex.continued": False,
        "codex.echoed_key": "absent",
        "codex.changed": ("session-id", "session_id"),
        "codex.changes": (),
        "codex.verdict": "cold",
        "codex.because": entry["because"],
        "codex.is_miss": False,
        "codex.resent_tokens": 0,
        "codex.time_to_first_byte": 0.25,
    }


def judged(diagnosis: Diagnosis, **verdict: Any) -> Report:
    """Return the report on a turn with another verdict."""
    told = replace(diagnosis, verdict=Verdict(because="", **verdict))
    return Telemetry().report(told, ENTRIES.entry(told))


def test_a_span_says_what_was_served_how_it_ended_and_whose_doing_a_miss_was() -> None:
    diagnosis = found()
    record = diagnosis.record
    record.served_model, record.served_service_tier, record.ended = "gpt-6-mini", "flex", "completed"
    report = judged(diagnosis, name="input_changed", resent=900, blame="avoidable", edit="moved", volatile=("date",))

    assert {name: report.attributes[name] for name in NEW} == {
        "gen_ai.response.model": "gpt-6-mini",
        "openai.response.service_tier": "flex",
        "codex.ended": "completed",
        "codex.resent_tokens": 900,
        "codex.blame": "avoidable",
        "codex.edit": "moved",
        "codex.volatile": ("date",),
    }
    ((resent, attributes),) = measured(report, "codex.tokens.resent")
    assert (resent, attributes["codex.blame"], attributes["codex.verdict"]) == (900, "avoidable", "input_changed")


def test_a_warm_up_has_a_span_and_counts_for_nothing() -> None:
    diagnosis = found()
    diagnosis.record.warm_up = True
    report = judged(diagnosis, name="warm_up")

    assert report.attributes["codex.warm_up"] is True
    assert report.measurements == ()


def test_a_counter_that_was_not_told_is_absent_and_not_0() -> None:
    untold = reported(usage={"input_tokens": 5000})
    assert "gen_ai.usage.cache_read.input_tokens" not in untold.attributes
    assert "gen_ai.usage.output_tokens" not in untold.attributes
    assert [value for value, _ in measured(untold, "gen_ai.client.token.usage")] == [5000]
    assert measured(untold, "codex.tokens.cached") == measured(untold, "codex.tokens.input") == []

    cut = reported(usage=None, begins=None)
    assert "gen_ai.usage.input_tokens" not in cut.attributes
    assert "codex.time_to_first_byte" not in cut.attributes
    assert {instrument.name for instrument, _, _ in cut.measurements} == {
        "codex.turns",
        "gen_ai.client.operation.duration",
    }


def test_each_measurement_has_what_tells_it_apart_and_no_more() -> None:
    report = reported()
    common = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-6-luna",
        "server.address": "chatgpt.com",
        "codex.client": "codex_cli_rs",
        "codex.mode": "fill",
        "codex.transport": "http",
    }

    assert measured(report, "gen_ai.client.token.usage") == [
        (5000, {**common, "gen_ai.token.type": "input"}),
        (70, {**common, "gen_ai.token.type": "output"}),
    ]
    assert measured(report, "gen_ai.client.operation.duration") == [(2.5, common)]
    assert measured(report, "codex.time_to_first_byte") == [(0.25, common)]
    by_verdict = {**common, "codex.verdict": "cold"}
    assert measured(report, "codex.turns") == [(1, by_verdict)]
    assert measured(report, "codex.tokens.input") == [(5000, by_verdict)]
    assert measured(report, "codex.tokens.cached") == [(4096, by_verdict)]
    assert measured(report, "codex.tokens.resent") == []


@pytest.mark.parametrize(
    ("status", "error", "name"),
    [
        (429, {"error": {"code": "rate_limit_exceeded"}}, "rate_limit_exceeded"),
        (400, {"detail": "Unsupported parameter: x"}, "400"),
        (200, {"error": {"code": "No Code"}}, "_OTHER"),
        (503, None, "503"),
    ],
)
def test_a_rejected_turn_has_the_class_of_its_error(status: int, error: Object | None, name: str) -> None:
    report = reported(status=status, error=error, usage=None)

    assert report.failed
    assert report.attributes["error.type"] == name
    ((_, attributes),) = measured(report, "gen_ai.client.operation.duration")
    assert attributes["error.type"] == name


def test_what_clients_and_backends_can_choose_at_will_does_not_make_series_without_end() -> None:
    telemetry = Telemetry()
    for number in range(300):
        report = reported(telemetry, model=f"m{number}", agent=f"a{number}/1", host=f"h{number}.chatgpt.com")
    _, attributes = measured(report, "codex.turns")[0]

    names = ("gen_ai.request.model", "codex.client", "server.address")
    assert [attributes[name] for name in names] == ["_OTHER"] * 3
    assert [report.attributes[name] for name in names] == ["m299", "a299/1", "h299.chatgpt.com"]
    for number in range(100):
        failed = reported(telemetry, status=400, error={"error": {"code": f"e{number}"}})
    assert failed.attributes["error.type"] == "_OTHER"
    _, attributes = measured(reported(telemetry, model="m7", agent="a7/2", host="h7.chatgpt.com"), "codex.turns")[0]
    assert [attributes[name] for name in names] == ["m7", "a7", "h7.chatgpt.com"]


def test_what_cannot_be_encoded_or_is_long_is_mended() -> None:
    """A lone surrogate would cost the whole batch. A turn can have no model and no client."""
    diagnosis = found()
    entry = {**ENTRIES.entry(diagnosis), "because": "\ud800" + "x" * 9000}
    because = Telemetry().report(diagnosis, entry).attributes["codex.because"]

    nameless = reported(model="", agent="")
    assert because == "?" + "x" * 499
    assert (nameless.name, nameless.attributes.get("gen_ai.request.model")) == ("chat", None)
    assert "codex.client" not in measured(nameless, "codex.turns")[0][1]


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_every_instrument_is_described(instrument: Instrument) -> None:
    assert instrument.text.endswith(".")


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, "localhost:4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example/base?token=secret"}, "otel.example"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:secret@10.0.0.1:4318"}, "10.0.0.1:4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:1/v1"}, "b:1"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, "localhost:4318"),
    ],
)
def test_the_destination_is_named_without_secrets(environment: dict[str, str], place: str) -> None:
    assert destination(environment) == place
