"""The toolkit's client, straight against the embedded backend."""

from pathlib import Path

import pytest
from embedded_backend import Backend, Rules
from embedded_backend.rules import Refused
from toolkit.client import by_http, by_websocket
from toolkit.conversation import Endpoint, Identity, Send, TurnFailed, Usage, converse


async def turns_of(backend: Backend, send: Send, turns: int = 1) -> list[Usage]:
    """Have a conversation that says nothing of itself; return its counters."""
    proxy = f"http://127.0.0.1:{backend.connect_port}"
    endpoint = Endpoint(url="https://chatgpt.com/backend-api/codex", proxy=proxy, ca_file=str(backend.ca_file))
    return await converse([endpoint], Identity, send, account="account", turns=turns)


@pytest.mark.parametrize(("send", "sockets"), [(by_http, [0, 0]), (by_websocket, [1, 2])])
async def test_each_turn_has_the_answer_to_the_one_before_it_and_no_more_than_it_is_told_to(
    send: Send, sockets: list[int], tmp_path: Path
) -> None:
    """Each turn over a WebSocket has a socket of its own."""
    async with Backend(home=tmp_path) as backend:
        first, second = await turns_of(backend, send, 2)
    turns = [received for received in backend.received if received.kind != "handshake"]
    roles = [[item["role"] for item in turn.json["input"]] for turn in turns]

    assert 5000 < first.input_tokens < second.input_tokens < 6000
    assert roles == [["user"], ["user", "assistant", "user"]]
    assert [turn.socket for turn in turns] == sockets
    assert {name for name, _ in turns[0].headers}.isdisjoint({"session-id", "session_id", "x-session-id"})
    assert "prompt_cache_key" not in turns[-1].json


@pytest.mark.parametrize("send", [by_http, by_websocket])
async def test_a_turn_that_is_refused_is_a_failure(send: Send, tmp_path: Path) -> None:
    async with Backend(Rules(refused=(Refused(member="model"),)), home=tmp_path) as backend:
        with pytest.raises(TurnFailed, match="400"):
            await turns_of(backend, send)
