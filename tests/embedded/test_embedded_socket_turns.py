"""Turns over a WebSocket, against a running backend."""

import orjson
import pytest
from embedded_backend import Backend
from support.embedded import SocketClient, body, cached, socket_client

NEXT = [{"role": "user", "content": "next"}]


async def test_a_warm_up_and_a_delta_go_on_from_each_other(socket: SocketClient) -> None:
    warm_up = (await socket.turn(generate=False, input=[]))[-1]
    first = (await socket.turn(previous_response_id=warm_up["response"]["id"]))[-1]
    second = (await socket.turn(previous_response_id=first["response"]["id"], input=NEXT))[-1]

    assert warm_up["response"]["output"] == []
    assert [cached(event) for event in (warm_up, first, second)] == [0, 2048, 2048]
    assert first["response"]["usage"]["input_tokens"] < second["response"]["usage"]["input_tokens"]


async def test_another_connection_does_not_hold_the_response(backend: Backend, socket: SocketClient) -> None:
    known = (await socket.turn())[-1]["response"]["id"]
    async with socket_client(backend) as other:
        (error,) = await other.turn(previous_response_id=known)

    assert (error["status"], error["error"]["code"]) == (400, "previous_response_not_found")


async def test_a_connection_forgets_the_oldest_of_many_responses(socket: SocketClient) -> None:
    ids = [(await socket.turn())[-1]["response"]["id"] for _ in range(17)]
    types = [(await socket.turn(previous_response_id=each))[-1]["type"] for each in (ids[0], ids[-1])]

    assert types == ["error", "response.completed"]


async def test_without_a_session_a_socket_stays_with_one_server(backend: Backend) -> None:
    async with socket_client(backend, {}) as client:
        turns = [(await client.turn(prompt_cache_key="key"))[-1] for _ in range(6)]

    assert [cached(event) for event in turns] == [0] + [2048] * 5
    assert len({event["response"]["prompt_cache_key"] for event in turns}) == 6


async def test_a_refused_turn_and_a_planned_failure_are_error_frames_and_the_socket_lives_on(
    backend: Backend, socket: SocketClient
) -> None:
    (refused,) = await socket.turn(metadata={})
    backend.fail_next(429)
    (failed,) = await socket.turn()
    after = await socket.turn()

    assert (refused["status"], refused["error"]) == (400, {"detail": "Unsupported parameter: metadata"})
    assert (failed["status"], failed["error"]["type"]) == (429, "usage_limit_reached")
    assert after[-1]["type"] == "response.completed"


@pytest.mark.parametrize("text", ["no json", "[]", '{"type":"response.append"}'])
async def test_a_frame_that_is_no_turn_is_an_error_frame(socket: SocketClient, text: str) -> None:
    await socket.connection.send(text)

    assert orjson.loads(await socket.connection.recv())["type"] == "error"


async def test_handshake_and_frames_are_kept_with_their_socket(backend: Backend) -> None:
    """A frame is not in the encoding that its handshake names."""
    for session in ("a", "b"):
        async with socket_client(backend, {"session-id": session, "content-encoding": "zstd"}) as client:
            await client.turn()
    kept = [(received.kind, received.socket, received.header("session-id")) for received in backend.received]

    assert kept == [("handshake", 1, "a"), ("frame", 1, "a"), ("handshake", 2, "b"), ("frame", 2, "b")]
    assert {"type": "response.create"} | body() == backend.received[1].json
