"""The toolkit's client, straight against the embedded backend."""

from pathlib import Path

import pytest
from embedded_backend import Backend, Rules
from toolkit.client import (
    Endpoint,
    Identity,
    Send,
    TurnFailed,
    Usage,
    by_http,
    by_websocket,
    cached_share,
    converse,
    warm_share,
)

BOTH = pytest.mark.parametrize("send", [by_http, by_websocket])


async def turns_of(backend: Backend, send: Send, turns: int = 1) -> list[Usage]:
    """Have a conversation that says nothing of itself; return its counters."""
    proxy = f"http://127.0.0.1:{backend.connect_port}"
    endpoint = Endpoint(url="https://chatgpt.com/backend-api/codex", proxy=proxy, ca_file=str(backend.ca_file))
    return await converse([endpoint], Identity, send, account="account", turns=turns)


@BOTH
async def test_each_turn_has_the_answer_to_the_one_before_it_and_no_more_than_it_is_told_to(
    send: Send, tmp_path: Path
) -> None:
    async with Backend(home=tmp_path) as backend:
        first, second = await turns_of(backend, send, 2)
    turns = [received.json["input"] for received in backend.received if received.kind != "handshake"]
    sent = {name for name, _value in backend.received[0].headers}

    assert 5000 < first.input_tokens < second.input_tokens < 6000
    assert [[item["role"] for item in items] for items in turns] == [["user"], ["user", "assistant", "user"]]
    assert set() == sent & {"session-id", "session_id", "x-session-id"}
    assert "prompt_cache_key" not in backend.received[-1].json


@BOTH
async def test_a_turn_that_is_refused_is_a_failure(send: Send, tmp_path: Path) -> None:
    async with Backend(Rules(failures=(429,)), home=tmp_path) as backend:
        with pytest.raises(TurnFailed, match="429"):
            await turns_of(backend, send)


async def test_each_turn_over_a_websocket_has_a_socket_of_its_own(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        await turns_of(backend, by_websocket, 2)

    assert [(received.kind, received.socket) for received in backend.received] == [
        ("handshake", 1),
        ("frame", 1),
        ("handshake", 2),
        ("frame", 2),
    ]


def test_the_first_turn_does_not_count_as_warm() -> None:
    turns = [Usage(1000, 0), Usage(1000, 950)]

    assert (cached_share(turns), warm_share(turns), cached_share([])) == (0.475, 0.95, 0.0)
