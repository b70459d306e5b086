"""What the hooks share: which host a flow is for, which flows are known, and whether anyone can look at them."""

import gc
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from codexcache.addon import CodexContinuity
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.state import FlowVisibility, State, is_reverse
from codexcache.turn.exchange import Continuity, unchanged_exchange
from codexcache.turn.request import parse_body
from mitmproxy import http, options
from mitmproxy.addons import save, savehar
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow, tutils
from support.turns import turn
from support.wire import RESPONSES, body


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
def test_the_host_is_what_the_client_asked_for(host: str, header: str | None, mode: str, expected: str | None) -> None:
    """In reverse mode the one that the proxy leads to counts as well."""
    flow = flow_for(host, header, mode)

    assert State().host_of(flow) == expected
    assert is_reverse(flow) is mode.startswith("reverse")


def test_a_turn_is_reported_although_nothing_could_be_learned_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    state, found = State(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(found.append)
    exchange = state.continuity.begin(turn(input="a"), state.settings)
    state.record_sent(flow_for("chatgpt.com", None), exchange, 0)
    monkeypatch.delattr(Continuity, "finish")
    state.response_ended(exchange, 1)

    assert [diagnosis.record.number for diagnosis in found] == [1]
    assert "learning from a response" in state.errors.lines()[0]


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


def test_the_flow_of_a_turn_is_known_until_it_is_gone() -> None:
    state, flow = State(), tflow.tflow()
    state.record_sent(flow, unchanged_exchange(turn()), at=0)
    assert state.flows.get(flow.id) is flow

    del flow
    gc.collect()
    assert list(state.flows.values()) == []


LIST = SimpleNamespace(name="view")


@pytest.fixture
def dump() -> Iterator[Any]:
    """A context that has mitmdump's own addons, as far as they matter, and this one."""
    with taddons.context(save.Save(), savehar.SaveHar(), CodexContinuity(), options=options.Options()) as context:
        yield context


def test_flows_are_not_visible_under_a_quiet_mitmdump(dump: Any) -> None:
    """Where it is not known what is saved, anything could be."""
    assert not FlowVisibility().present
    with taddons.context():
        assert FlowVisibility().present


@pytest.mark.parametrize("option", ["save_stream_file", "hardump"])
def test_flows_that_are_saved_are_looked_at(dump: Any, option: str, tmp_path: Path) -> None:
    visibility, found = FlowVisibility(), list[bool]()
    for value in (None, str(tmp_path / "flows"), None):
        setattr(dump.options, option, value if value or option == "save_stream_file" else "")
        visibility.configure({option})
        found.append(visibility.present)

    assert found == [False, True, False]


@pytest.mark.parametrize(("detail", "looks"), [(0, False), (1, True), (3, True)])
def test_flows_that_are_printed_are_looked_at(dump: Any, detail: int, looks: bool) -> None:
    dump.options.add_option("flow_detail", int, 1, "What mitmdump has.")
    dump.options.flow_detail = detail

    assert FlowVisibility().present is looks


def script(**members: Any) -> Any:
    made = ModuleType("a_script")
    vars(made).update(members)
    return made


@pytest.mark.parametrize(
    ("addon", "looks"),
    [
        pytest.param(LIST, True, id="a list of flows"),
        pytest.param(SimpleNamespace(name="one", response=lambda flow: None), True, id="an object"),
        pytest.param(script(websocket_end=lambda flow: None), True, id="a module"),
        pytest.param(
            script(addons=[SimpleNamespace(name="one", update=lambda flows: None)]), True, id="one in a module"
        ),
        pytest.param(script(running=lambda: None, client_connected=lambda client: None), False, id="one shown no flow"),
        pytest.param(script(unrelated=lambda: None), False, id="none that is asked about anything"),
    ],
)
def test_a_list_of_flows_or_a_script_of_the_users_may_look(dump: Any, addon: Any, looks: bool) -> None:
    visibility = FlowVisibility()
    assert not visibility.present
    dump.master.addons.add(addon)

    assert visibility.present is looks


def test_a_script_that_was_edited_is_looked_at_again(dump: Any) -> None:
    """mitmproxy then has as many addons as before, and configures that one alone."""
    visibility, before = FlowVisibility(), script(running=lambda: None)
    dump.master.addons.add(before)
    assert not visibility.present
    dump.master.addons.remove(before)
    dump.master.addons.add(script(running=lambda: None, response=lambda flow: None))

    assert visibility.present


def test_a_script_that_is_shown_no_flow_can_ask_for_a_report(dump: Any) -> None:
    visibility = FlowVisibility()
    assert not visibility.is_reported
    dump.master.addons.add(script(running=lambda: None))

    assert (visibility.present, visibility.is_reported) == (False, True)


def responded(dump: Any) -> Any:
    """Return a flow after a turn and its streamed response."""
    addon = dump.master.addons.get("codex_continuity")
    request = tutils.treq(host="chatgpt.com", method=b"POST", path=RESPONSES.encode(), content=body())
    flow = tflow.tflow(req=request, resp=tutils.tresp(content=None))
    addon.requestheaders(flow)
    assert addon.request(flow) is None
    addon.responseheaders(flow)
    pass_on: Any = flow.response and flow.response.stream
    for chunk in (b"one", b"two", b""):
        assert pass_on(chunk) is chunk
    addon.response(flow)
    return flow


def test_only_where_flows_are_visible_the_response_is_kept_and_the_flow_marked(dump: Any) -> None:
    unseen = responded(dump)
    dump.master.addons.add(LIST)
    flow = responded(dump)

    assert (unseen.response.raw_content, unseen.comment, unseen.marked, unseen.metadata) == (None, "", "", {})
    assert flow.response.raw_content == b"onetwo"
    assert flow.comment.startswith("no_usage: ")
    assert flow.metadata["codex"][0]["verdict"] == "no_usage"
