"""The hooks for WebSockets, where no proxy has to run: which flows they leave alone."""

import copy
from dataclasses import replace

import pytest
from codexcache.hooks.state import State
from codexcache.hooks.websocket import INCOMPLETE, SocketTurns
from mitmproxy import http
from mitmproxy.test import tflow
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


async def test_a_live_turn_is_changed() -> None:
    """The one case in which something happens."""
    flow = socket_flow()

    assert await after_hooks(flow, WebSocketMessage(Opcode.TEXT, True, TURN)) == frame(prompt_cache_key="s").encode()
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
        WebSocketMessage(Opcode.BINARY, True, TURN),
        WebSocketMessage(Opcode.TEXT, False, TURN),
        WebSocketMessage(Opcode.TEXT, True, b"{}"),
        WebSocketMessage(Opcode.TEXT, True, TURN, dropped=True),
    ],
    ids=["binary", "from the server", "another type", "dropped"],
)
async def test_any_other_message_is_left_alone(message: WebSocketMessage) -> None:
    """Not a byte of it changes."""
    before = message.content

    assert await after_hooks(socket_flow(), message) == before


@pytest.mark.parametrize("hook", ["response", "error"])
def test_a_refused_handshake_is_forgotten(hook: str) -> None:
    """The flow ends with its response, as any HTTP flow."""
    turns, flow = SocketTurns(State()), socket_flow()
    flow.websocket = None
    turns.request(flow)
    assert turns.known == {flow.id}
    getattr(turns, hook)(flow)

    assert turns.known == set()


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
