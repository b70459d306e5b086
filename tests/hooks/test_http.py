"""The hooks for HTTP and for WebSockets, where no proxy has to run."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.http import HttpTurns
from codexcache.hooks.state import State
from codexcache.hooks.websocket import INCOMPLETE, SocketTurns
from mitmproxy import http
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketMessage
from support.wire import RESPONSES, body
from wsproto.frame_protocol import Opcode


def turn_flow(*, live: bool = True, method: str = "POST", host: str = "chatgpt.com") -> http.HTTPFlow:
    headers = http.Headers([(b"Host", host.encode()), (b"session_id", b"s"), (b"content-length", b"0")])
    request = tutils.treq(
        host=host, method=method.encode(), path=RESPONSES.encode(), headers=headers, content=body(), authority=b""
    )
    flow = tflow.tflow(req=request)
    flow.live = live
    return flow


def begin_response(flow: http.HTTPFlow, kind: str, status: int = 200) -> http.Response:
    """Give a flow a response of which only the head has come."""
    flow.response = http.Response.make(status, b"", {"content-type": kind} if kind else {})
    flow.response.raw_content = None
    return flow.response


@pytest.mark.parametrize(
    ("flow", "kind", "status", "passes"),
    [
        (turn_flow(method="GET"), "application/json", 200, False),
        (turn_flow(method="GET"), "text/html", 403, False),
        (turn_flow(method="GET"), "", 101, False),
        (turn_flow(method="GET"), "text/event-stream", 200, True),
        (turn_flow(live=False), "text/event-stream", 200, False),
        (turn_flow(host="other.example"), "Text/Event-Stream; charset=utf-8", 200, True),
        (turn_flow(host="other.example"), "application/json", 200, False),
        (turn_flow(host="other.example"), "", 204, False),
        (turn_flow(), "text/event-stream", 200, True),
        (turn_flow(), "", 200, True),
        (turn_flow(), "text/plain", 200, True),
        (turn_flow(), "text/html", 403, True),
        (turn_flow(), "application/json", 200, False),
        (turn_flow(), "application/json; charset=utf-8", 400, False),
    ],
)
def test_event_streams_and_responses_to_turns_do_not_wait_unless_they_are_of_use_as_a_whole_only(
    flow: http.HTTPFlow, kind: str, status: int, passes: bool
) -> None:
    """Some gateways do not say that a stream is one. Everything else is as mitmproxy would have it."""
    turns = HttpTurns(State())
    turns.requestheaders(flow)
    turns.request(flow)
    response = begin_response(flow, kind, status)
    turns.responseheaders(flow)

    assert callable(response.stream) is passes


@pytest.mark.parametrize("other", [True, bytes])
def test_a_document_that_is_streamed_already_is_listened_to(other: bool | Callable[[bytes], bytes]) -> None:
    """By another addon: it could not be read later."""
    turns, flow = HttpTurns(State()), turn_flow()
    turns.request(flow)
    response = begin_response(flow, "application/json")
    response.stream = other
    turns.responseheaders(flow)

    assert callable(response.stream)
    assert response.stream is not other


async def test_an_addon_that_replaces_the_listener_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """An addon that is loaded behind this one may do so without knowing."""
    turns = HttpTurns(State())
    for listens in (True, False, False):
        flow = turn_flow()
        turns.request(flow)
        response = begin_response(flow, "text/event-stream")
        turns.responseheaders(flow)
        response.stream = response.stream if listens else lambda chunk: chunk
        assert callable(response.stream)
        response.stream(b"")
        turns.response(flow)

    assert caplog.text.count("Another addon") == caplog.text.count("-s OTHER.py -s codex_continuity.py") == 1


async def test_a_turn_that_was_answered_while_it_was_still_being_sent_ends_at_once() -> None:
    """The hooks of its response have come already."""
    state, flow, ended = State(), turn_flow(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(ended.append)
    turns = HttpTurns(state)
    flow.request.stream, flow.request.raw_content = True, None
    flow.response = http.Response.make(413, b'{"detail":"too large"}', {"content-type": "application/json"})
    turns.requestheaders(flow)
    turns.request(flow)

    assert [(diagnosis.verdict.name, diagnosis.record.status) for diagnosis in ended] == [("rejected", 413)]
    assert turns.in_progress == set()
    assert state.errors.summary() == []


async def test_what_is_looked_for_after_each_event_is_looked_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first update after the response tells of late edits; a flow can rightly be edited later."""
    turns, flow = HttpTurns(State()), turn_flow()
    turns.request(flow)
    response = begin_response(flow, "text/event-stream")
    turns.responseheaders(flow)
    assert callable(response.stream)
    response.stream(b"")
    turns.response(flow)
    turns.update([tflow.ttcpflow(), flow])
    response.content = b"edited, to be sent again"
    turns.update([flow])

    assert caplog.text == ""


def socket_flow() -> http.HTTPFlow:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.websocket.messages.clear()
    flow.request.host, flow.request.path, flow.live = "chatgpt.com", RESPONSES, True
    return flow


def refused(status: int) -> http.HTTPFlow:
    flow = socket_flow()
    flow.websocket, flow.response = None, tutils.tresp(status_code=status)
    return flow


def diagnosed(flow: http.HTTPFlow, *hooks: str) -> list[Diagnosis]:
    state, diagnoses = State(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(diagnoses.append)
    turns = SocketTurns(state)
    for hook in hooks:
        getattr(turns, hook)(flow)
    assert state.diagnosis_service.engine.held <= 1
    return diagnoses


@pytest.mark.parametrize(
    ("status", "hooks"),
    [
        pytest.param(426, ("request", "error"), id="it never reached the backend"),
        pytest.param(426, ("response",), id="it was not seen"),
        pytest.param(
            101, ("request", "response"), id="mitmproxy passes it on unread, where its option websocket is off"
        ),
    ],
)
def test_a_handshake_of_which_no_refusal_is_known_is_not_told(status: int, hooks: tuple[str, ...]) -> None:
    assert diagnosed(refused(status), *hooks) == []


@pytest.mark.parametrize("raw", [None, b"\x1f\x8b no gzip"], ids=["not kept", "cannot be decoded"])
def test_a_refusal_whose_body_cannot_be_read_is_told_once_by_its_status(raw: bytes | None) -> None:
    """The flow ends with its response, as any HTTP flow; nothing of it is kept."""
    flow = refused(503)
    assert flow.response is not None
    flow.response.raw_content = raw
    flow.response.headers["content-encoding"] = "unknown" if raw else ""
    (diagnosis,) = diagnosed(flow, "request", "response", "response", "error")

    assert diagnosis.verdict.because.startswith("the WebSocket was refused with status 503 Service Unavailable")


@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_socket_is_incomplete_once_messages_have_gone(earlier: int) -> None:
    """The latest stays, however long it is."""
    flow, state = socket_flow(), State()
    state.settings = replace(state.settings, view_limit=10)
    turns = SocketTurns(state)
    turns.request(flow)
    turns.response(flow)
    assert flow.websocket is not None
    for _ in range(earlier + 1):
        flow.websocket.messages.append(WebSocketMessage(Opcode.TEXT, False, b"x" * 20))
        turns.websocket_message(flow)

    assert len(flow.websocket.messages) == 1
    assert (INCOMPLETE in flow.metadata) == (earlier > 0)
