"""Turns over HTTP and over a WebSocket, against a running backend, and what is planned to go wrong with the next one.

tests/faults has more of these plans, for both transports.
"""

import asyncio
import ssl
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
import zstandard
from embedded_backend import Backend
from embedded_backend.rules import Break
from support.embedded import PATH, SESSION, SocketClient, body, cached, socket_client, trust
from toolkit.conversation import read_events

BROKEN = SESSION["session-id"]


async def post(client: httpx.AsyncClient, path: str = PATH, /, **members: Any) -> httpx.Response:
    """Have a turn of the session with these members."""
    return await client.post(path, json=members or body(), headers=SESSION)


async def test_a_turn_is_an_event_stream(http: httpx.AsyncClient) -> None:
    response = await post(http, **body(prompt_cache_key="key"))
    first, *_, last = read_events(response.content)

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["openai-model"] == "gpt-5.5"
    assert first["response"]["prompt_cache_key"] == "key"
    assert response.text.startswith('event: response.created\ndata: {"')
    assert last["type"] == "response.completed"


async def test_a_compressed_turn_is_taken_and_kept_as_it_came(backend: Backend, http: httpx.AsyncClient) -> None:
    packed = zstandard.compress(orjson.dumps(body()))
    response = await http.post(PATH, content=packed, headers={"content-encoding": "zstd"})

    assert response.status_code == 200
    assert [(packed, body())] == [(received.body, received.json) for received in backend.received]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (orjson.dumps(body(temperature=1)), "Unsupported parameter: temperature"),
        (b"[]", "The request body is not a JSON object"),
        (b"no json", "The request body is not a JSON object"),
    ],
    ids=["a member", "no object", "no JSON"],
)
async def test_a_refused_turn_is_a_400(http: httpx.AsyncClient, content: bytes, detail: str) -> None:
    response = await http.post(PATH, content=content)

    assert (response.status_code, response.json()) == (400, {"detail": detail})


async def test_a_compaction_is_unary(http: httpx.AsyncClient) -> None:
    taken = await post(http, f"{PATH}/compact", model="m", input=[])
    refused = await post(http, f"{PATH}/compact", model="m", stream=True)

    assert (taken.status_code, taken.json()["output"][0]["type"]) == (200, "compaction")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "stream")


async def test_planned_failures_come_once_a_403_with_the_challenge_page(
    backend: Backend, http: httpx.AsyncClient
) -> None:
    backend.breaks.add(BROKEN, Break(status=429), Break(status=403))
    limited, challenged, answered = [await post(http) for _ in range(3)]

    assert [each.status_code for each in (limited, challenged, answered)] == [429, 403, 200]
    assert challenged.headers["cf-mitigated"] == "challenge"
    assert challenged.headers["content-type"].startswith("text/html")


async def test_a_plan_is_one_sessions_and_is_used_up_in_order(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add("another", Break(status=503))
    backend.breaks.add(BROKEN, Break(status=429), Break(status=500))

    assert [(await post(http)).status_code for _ in range(3)] == [429, 500, 200]


async def test_a_stream_can_end_with_an_error_event_or_with_nothing(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add(BROKEN, Break(ending="error"), Break(ending="none"))
    streams = [(await post(http)).content for _ in range(2)]

    assert [read_events(stream)[-1]["type"] for stream in streams] == ["error", "response.output_item.done"]


async def test_tls_is_refused_for_a_name_that_is_listed(backend: Backend, http: httpx.AsyncClient) -> None:
    name = "refused.chatgpt.com"
    backend.breaks.refused_names.add(name)
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        await asyncio.open_connection("127.0.0.1", backend.port, ssl=trust(backend), server_hostname=name)

    assert (await post(http)).status_code == 200


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
    backend.breaks.add(BROKEN, Break(status=429))
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


async def test_a_response_says_of_itself_what_it_is_told_to(backend: Backend, http: httpx.AsyncClient) -> None:
    """And the header field that names the model says the same."""
    backend.rules = replace(backend.rules, says={"model": "gpt-5.5-mini", "prompt_cache_diagnostics": {"type": "x"}})
    response = await post(http)
    last = read_events(response.content)[-1]["response"]

    assert (last["model"], response.headers["openai-model"]) == ("gpt-5.5-mini", "gpt-5.5-mini")
    assert last["prompt_cache_diagnostics"] == {"type": "x"}


async def test_rate_limits_come_in_header_fields_and_on_a_socket_in_an_event_of_their_own(
    backend: Backend, http: httpx.AsyncClient
) -> None:
    backend.rules = replace(backend.rules, used_percent={"primary": 41.5})
    response = await post(http)
    async with socket_client(backend) as socket:
        opened = socket.connection.response
        first, *_ = await socket.turn()

    assert opened
    assert [headers["x-codex-primary-used-percent"] for headers in (response.headers, opened.headers)] == ["41.5"] * 2
    assert (first["type"], first["rate_limits"]["primary"]["used_percent"]) == ("codex.rate_limits", 41.5)
