"""What is said at the end: what the turns came to, or why none arrived."""

from typing import Any

import pytest
from codex_run.kinds import Kind
from codex_run.summary import of_turns, why_no_turn

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("connections", "requests", "begun"), 0),
    **{name: {} for name in ("statuses", "tunnelled", "distrusted", "hung_up", "unreachable", "refused", "cut_short")},
}
SEVEN = [f"{letter}\x1b" for letter in "abcdefg"]
"""Many hosts, which are cut short, and whose names cannot steer the terminal."""


def why(kind: Kind = "other", user: dict[str, str] | None = None, given: Any = None, **seen: Any) -> str:
    return "\n".join(why_no_turn(NOTHING | seen, kind=kind, user=user or {}, ca="/ca.pem", **(given or {})))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"distrusted": {"chatgpt.com": 2}}, "refused the proxy's certificate for chatgpt.com: it does not"),
        ({"hung_up": {"chatgpt.com": 2}}, "hung up when it saw the proxy's certificate for chatgpt.com"),
        ({"unreachable": {"chatgpt.com": "refused"}}, "The proxy could not reach chatgpt.com: refused."),
        ({"unreachable": {"a": "Certificate verify failed: x"}}, "If a CA of yours signs for it, name that in SSL"),
        (
            {"begun": 2, "refused": {"the WebSocket was refused with status 426 Upgrade Required": 2}},
            "The WebSocket was refused with status 426 Upgrade Required (2 times).",
        ),
        ({"requests": 3, "begun": 2}, "Turns were asked for (2 times), but none was carried out to its end."),
        ({"requests": 3}, "reached the backend through it, but only for other things: 3 times."),
        ({"requests": 3, "statuses": {"401": 2}}, "only for other things: 3 times; 2 answered 401."),
        ({"tunnelled": {"x.example": 1}}, "only for other hosts, which pass unopened: x.example."),
        ({"tunnelled": dict.fromkeys(SEVEN, 1)}, "a?, b?, c?, d?, e? and 2 more."),
        ({"tunnelled": {"api.openai.com": 1}}, "api.openai.com is where an API key leads"),
        ({}, "opened no connection through the proxy: it had nothing to send, or it ignores HTTPS_PROXY."),
    ],
)
def test_the_evidence_says_why(seen: dict[str, Any], said: str) -> None:
    assert said in why(**seen)


@pytest.mark.parametrize(
    ("kind", "variable", "said"),
    [
        ("node", "NODE_EXTRA_CA_CERTS", "from version 24 on"),
        ("python", "REQUESTS_CA_BUNDLE", "trust_env"),
        ("bun", "NODE_EXTRA_CA_CERTS", "Bun's fetch"),
        ("codex", "CODEX_CA_CERTIFICATE", "since 0.120"),
        ("pi", "NODE_EXTRA_CA_CERTS", "pi takes"),
    ],
)
def test_each_kind_of_client_is_told_how_it_finds_cas_and_proxies(kind: Kind, variable: str, said: str) -> None:
    refused, ignored = why(kind, distrusted={"chatgpt.com": 1}), why(kind)

    assert variable in refused.splitlines()[1].partition("environment.")[2]
    assert said in ignored
    assert "reverse:https://chatgpt.com" in ignored


def test_no_proxy_is_the_reason_where_it_names_the_backend() -> None:
    assert why(given={"bypass": ".com"}).endswith("NO_PROXY has '.com', which sends it past the proxy. Take it out.")


def test_a_background_server_is_the_reason_where_codex_has_one() -> None:
    assert "codex app-server daemon stop" in why("codex", given={"has_background_server": True})
    assert "daemon" not in why("node", given={"has_background_server": True})


def test_a_base_url_that_leads_elsewhere_is_named_by_its_host_alone() -> None:
    said = why(user={"OPENAI_BASE_URL": "http://me:secret@gateway.example:1/v1?key=secret"})

    assert "OPENAI_BASE_URL leads to gateway.example, which is not the Codex backend." in said
    assert "secret" not in said


def told(changed: dict[str, int], mode: str = "fill", **unreachable: str) -> list[str]:
    report: dict[str, Any] = {
        "summary": ["3 turns in 1 conversation", "90% were read"],
        "arrivals": NOTHING | {"changed": changed, "unreachable": unreachable},
        "mode": mode,
    }
    return of_turns(report)


def test_the_summary_comes_with_what_was_changed() -> None:
    assert told({"session-id": 3, "prompt_cache_key": 3, "stream_options": 1}) == [
        "Codex Continuity: 3 turns in 1 conversation",
        "90% were read",
        "changed: prompt_cache_key, session-id in 3 turns; stream_options in 1 turn",
    ]


@pytest.mark.parametrize(
    ("mode", "unreachable", "last"),
    [
        ("fill", {}, "nothing was changed: each turn had a stable identity"),
        ("observe", {}, "nothing was changed (codex_mode is observe)"),
        ("fill", {"host": "refused"}, "The proxy could not reach host: refused."),
    ],
)
def test_that_nothing_was_changed_or_the_backend_not_reached_is_said_too(
    mode: str, unreachable: dict[str, str], last: str
) -> None:
    assert told({}, mode, **unreachable)[-1] == last


def test_sockets_that_were_refused_and_turns_that_were_cut_short_are_named_with_the_reason() -> None:
    failures = {"refused": {"a page came\x1b": 1}, "cut_short": {"its WebSocket was closed": 2, "it was killed": 1}}
    report = {"summary": ["3 turns"], "arrivals": NOTHING | {"changed": {}} | failures, "mode": "fill"}

    assert of_turns(report)[-3:] == [
        "A page came?.",
        "cut short in 2 turns: its WebSocket was closed",
        "cut short in 1 turn: it was killed",
    ]
