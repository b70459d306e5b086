"""Which host a flow is for, and what is said of a turn that is left alone."""

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.state import State, is_reverse, pass_unchanged
from codexcache.turn.exchange import Continuity
from codexcache.turn.request import parse_body
from mitmproxy import http
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import tflow, tutils
from support.settings import parsed
from support.turns import turn
from support.wire import body, said


def flow_for(host: str, header: str | None, mode: str = "regular") -> http.HTTPFlow:
    headers = http.Headers([(b"Host", header.encode())] if header is not None else [])
    flow = tflow.tflow(req=tutils.treq(host=host, headers=headers, authority=b""))
    flow.client_conn.proxy_mode = ProxyMode.parse(mode)
    return flow


@pytest.mark.parametrize(
    ("host", "header", "mode", "expected"),
    [
        ("chatgpt.com", "chatgpt.com", "regular", "chatgpt.com"),
        ("chatgpt.com", "Gov.ChatGPT.com:443", "regular", "gov.chatgpt.com"),
        ("chatgpt.com", None, "regular", "chatgpt.com"),
        ("192.0.2.1", "chatgpt.com", "transparent", "chatgpt.com"),
        ("192.0.2.1", "other.example", "transparent", None),
        ("chatgpt.com", "other.example", "regular", None),
        ("chatgpt.com", "127.0.0.1:8080", "reverse:https://chatgpt.com", "chatgpt.com"),
        ("chatgpt.com", "chatgpt.com", "reverse:https://chatgpt.com", "chatgpt.com"),
        ("other.example", "127.0.0.1:8080", "reverse:https://other.example", None),
        ("notchatgpt.com", "notchatgpt.com", "regular", None),
    ],
)
def test_the_host_is_the_one_the_client_asked_for(
    host: str, header: str | None, mode: str, expected: str | None
) -> None:
    """In reverse mode the one that the proxy leads to counts as well."""
    flow = flow_for(host, header, mode)

    assert State().host_of(flow) == expected
    assert is_reverse(flow) is mode.startswith("reverse")


def test_the_hosts_of_the_settings_count() -> None:
    """With their subdomains."""
    state = State()
    state.settings = parsed(codex_hosts="a.example")

    assert state.host_of(flow_for("x.a.example", "x.a.example")) == "x.a.example"
    assert state.host_of(flow_for("chatgpt.com", "chatgpt.com")) is None


def test_a_turn_is_reported_although_nothing_could_be_learned_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    state, found = State(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(found.append)
    exchange = state.continuity.begin(turn(input="a"), state.settings)
    state.record_sent(flow_for("chatgpt.com", None), exchange, 0)
    monkeypatch.delattr(Continuity, "finish")
    state.response_ended(exchange, 1)

    assert [diagnosis.record.number for diagnosis in found] == [1]
    assert "learning from a response" in state.errors.lines()[0]


def test_what_passes_unchanged_is_named_by_host_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    """The host cannot break the line."""
    pass_unchanged(flow_for("chatgpt.com", "chatgpt.com"), "it is odd")

    assert said(caplog) == ["A turn to 'chatgpt.com' passes unchanged: it is odd."]


def test_a_delta_is_read_by_itself_and_any_other_body_in_the_light_of_an_earlier_one() -> None:
    """All of a delta's items extend what it names, whatever other body begins like it."""
    state, items = State(), [{"role": "user", "content": text * 300} for text in ("a", "b", "c")]
    for count in (2, 3):
        full = state.read(body(input=items[:count]))
        state.bodies.remember(full, parsed=parse_body(full.document))
        delta = state.read(body(input=items, previous_response_id="resp_1"))
        other = state.read(body(input=items))

        assert (delta.cached, delta.document["input"]) == (None, items)
        assert other.document["input"] == items[count:]
