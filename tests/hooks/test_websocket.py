"""The hooks for WebSockets, where no proxy has to run: which flows they leave alone."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.state import State
from codexcache.hooks.websocket import INCOMPLETE, SocketTurns
from mitmproxy import http
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketMessage
from support.wire import RESPONSES, frame
from wsproto.frame_protocol import Opcode

TURN = frame().encode()


def socket_flow(host: str = "chatgpt.com", path: str = RESPONSES, *, live: bool = True) -> http.HTTPFlow:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.websocket.messages.clear()
    flow.request.host, flow.request.path, flow.live = host, path, live
    flow.request.headers["session_id"] = "s"
    return flow


async def after_hooks(flow: http.HTTPFlow, message: WebSocketMessage) -> bytes:
    """Run the hooks of one message and return what is sent."""
    assert flow.websocket is not None
    turns = SocketTurns(State())
    turns.request(flow)
    turns.response(flow)
    flow.websocket.messages.append(message)
    if waiting := turns.websocket_message(flow):
        await waiting
    turns.websocket_end(flow)
    return message.content


@pytest.mark.parametrize("kind", [Opcode.TEXT, Opcode.BINARY])
async def test_a_live_turn_is_changed(kind: Opcode) -> None:
    """The one case in which something happens; the kind of the message stays."""
    flow, message = socket_flow(), WebSocketMessage(kind, True, TURN)

    assert await after_hooks(flow, message) == frame(prompt_cache_key="s").encode()
    assert message.type is kind
    assert flow.request.headers["session-id"] == "s"


@pytest.mark.parametrize(
    "flow",
    [
        socket_flow(live=False),
        socket_flow("other.example"),
        socket_flow(path="/backend-api/codex/realtime"),
        socket_flow(path=f"{RESPONSES}/compact"),
    ],
    ids=["read from a file", "another host", "another path", "compact"],
)
async def test_any_other_socket_is_left_alone(flow: http.HTTPFlow) -> None:
    """Neither handshake nor message changes."""
    before = copy.deepcopy(flow.request.get_state())

    assert await after_hooks(flow, WebSocketMessage(Opcode.TEXT, True, TURN)) == TURN
    assert flow.request.get_state() == before


@pytest.mark.parametrize(
    "message",
    [
        WebSocketMessage(Opcode.BINARY, True, b"\xff" + TURN),
        WebSocketMessage(Opcode.TEXT, False, TURN),
        WebSocketMessage(Opcode.TEXT, True, b"{}"),
        WebSocketMessage(Opcode.TEXT, True, TURN, dropped=True),
    ],
    ids=["binary that is no text", "from the server", "another type", "dropped"],
)
async def test_any_other_message_is_left_alone(message: WebSocketMessage) -> None:
    """Not a byte of it changes."""
    before = message.content

    assert await after_hooks(socket_flow(), message) == before


def refused(status: int, **members: Any) -> http.HTTPFlow:
    """Return the flow of a handshake that was answered with this status."""
    flow = socket_flow()
    flow.websocket = None
    flow.response = tutils.tresp(status_code=status, **members)
    return flow


def told(flow: http.HTTPFlow, *hooks: str) -> list[Diagnosis]:
    """Return what is told of a flow after these hooks."""
    state, diagnoses = State(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(diagnoses.append)
    turns = SocketTurns(state)
    for hook in hooks:
        getattr(turns, hook)(flow)
    assert state.diagnosis_service.engine.held <= 1
    return diagnoses


def test_a_refused_handshake_is_told_once() -> None:
    """The flow ends with its response, as any HTTP flow; nothing of it is kept."""
    (diagnosis,) = told(refused(426, content=b""), "request", "response", "response", "error")

    assert diagnosis.record.endpoint == "handshake"
    assert (
        str(diagnosis.verdict)
        == "rejected: the WebSocket was refused with status 426 Upgrade Required (no reason given)"
    )


@pytest.mark.parametrize(
    "hooks",
    [
        pytest.param(("request", "error"), id="it never reached the backend"),
        pytest.param(("response",), id="it was not seen"),
    ],
)
def test_a_handshake_of_which_no_refusal_is_known_is_not_told(hooks: tuple[str, ...]) -> None:
    assert told(refused(426), *hooks) == []


def test_a_socket_that_mitmproxy_passes_on_unread_is_not_told() -> None:
    """Its option `websocket` is off."""
    assert told(refused(101), "request", "response") == []


@pytest.mark.parametrize("raw", [None, b"\x1f\x8b no gzip"], ids=["not kept", "cannot be decoded"])
def test_a_refusal_whose_body_cannot_be_read_is_told_by_its_status(raw: bytes | None) -> None:
    flow = refused(503)
    assert flow.response is not None
    flow.response.raw_content = raw
    flow.response.headers["content-encoding"] = "unknown" if raw else ""
    (diagnosis,) = told(flow, "request", "response")

    assert diagnosis.verdict.because.startswith("the WebSocket was refused with status 503 Service Unavailable")


@pytest.mark.parametrize(("earlier", "kept"), [(0, 1), (1, 1)])
async def test_a_socket_is_incomplete_once_messages_have_gone(earlier: int, kept: int) -> None:
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

    assert len(flow.websocket.messages) == kept
    assert (INCOMPLETE in flow.metadata) == (earlier > 0)
