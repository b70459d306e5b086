"""The demo's naive clients, straight against the embedded backend."""

from pathlib import Path

import pytest
from codex_demo import clients, conversation
from codex_demo.usage import TurnFailed, read_usage
from embedded_backend import Backend, Rules
from support.embedded import trust

BOTH = pytest.mark.parametrize("kind", [clients.HttpClient, clients.SocketClient])


def _client(kind: type[clients.Client], backend: Backend) -> clients.Client:
    return kind("account", f"http://127.0.0.1:{backend.connect_port}", trust(backend))


@BOTH
async def test_a_turn_brings_events_with_counters_and_an_answer(kind: type[clients.Client], tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        events = await _client(kind, backend).send([conversation.question(1)])

    assert 5000 < read_usage(events[-1]).input_tokens < 6000
    assert [item["role"] for item in clients.outputs(events)] == ["assistant"]


@BOTH
async def test_a_turn_that_is_refused_is_a_failure(kind: type[clients.Client], tmp_path: Path) -> None:
    async with Backend(Rules(failures=(429,)), home=tmp_path) as backend:
        events = await _client(kind, backend).send([conversation.question(1)])

    with pytest.raises(TurnFailed, match="429"):
        read_usage(events[-1])


@BOTH
async def test_nothing_routes(kind: type[clients.Client], tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        await _client(kind, backend).send([conversation.question(1)])
    sent = {name for name, _value in backend.received[0].headers}

    assert set() == sent & {"session-id", "session_id"}


async def test_each_turn_over_a_websocket_has_a_socket_of_its_own(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        client = _client(clients.SocketClient, backend)
        for turn in (1, 2):
            await client.send([conversation.question(turn)])

    assert [(received.kind, received.socket) for received in backend.received] == [
        ("handshake", 1),
        ("frame", 1),
        ("handshake", 2),
        ("frame", 2),
    ]
