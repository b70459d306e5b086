"""Turns over plain HTTP, against a running backend."""

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
import zstandard
from embedded_backend import Backend
from support.embedded import PATH, SESSION, body, cached, events


async def post(client: httpx.AsyncClient, path: str = PATH, /, **members: Any) -> httpx.Response:
    """Have a turn of the session with these members."""
    return await client.post(path, json=members or body(), headers=SESSION)


async def test_a_turn_is_an_event_stream(http: httpx.AsyncClient) -> None:
    response = await post(http, **body(prompt_cache_key="key"))
    first, *_, last = events(response.text)

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["openai-model"] == "gpt-5.5"
    assert first["response"]["prompt_cache_key"] == "key"
    assert last["type"] == "response.completed"


async def test_the_second_turn_of_a_session_reads_the_first(http: httpx.AsyncClient) -> None:
    streams = [await post(http) for _ in range(2)]

    assert [cached(events(stream.text)[-1]) for stream in streams] == [0, 2048]


async def test_a_compressed_turn_is_taken_and_kept_as_it_came(backend: Backend, http: httpx.AsyncClient) -> None:
    packed = zstandard.compress(orjson.dumps(body()))
    response = await http.post(PATH, content=packed, headers={"content-encoding": "zstd"})

    assert response.status_code == 200
    assert [packed] == [received.body for received in backend.received]


async def test_a_refused_turn_is_a_400(http: httpx.AsyncClient) -> None:
    response = await post(http, **body(temperature=1))

    assert (response.status_code, response.json()) == (400, {"detail": "Unsupported parameter: temperature"})


@pytest.mark.parametrize("content", [b"[]", b"no json"])
async def test_a_body_that_is_no_object_is_a_400(http: httpx.AsyncClient, content: bytes) -> None:
    assert (await http.post(PATH, content=content)).status_code == 400


async def test_a_compaction_is_unary(http: httpx.AsyncClient) -> None:
    taken = await post(http, f"{PATH}/compact", model="m", input=[])
    refused = await post(http, f"{PATH}/compact", model="m", stream=True)

    assert (taken.status_code, taken.json()["output"][0]["type"]) == (200, "compaction")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "stream")


@pytest.mark.parametrize("status", [429, 500])
async def test_a_planned_failure_comes_once(backend: Backend, http: httpx.AsyncClient, status: int) -> None:
    backend.fail_next(status)

    assert [status, 200] == [(await post(http)).status_code for _ in range(2)]


async def test_a_403_is_the_challenge_page(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.fail_next(403)
    response = await post(http)

    assert (response.status_code, response.headers["cf-mitigated"]) == (403, "challenge")
    assert response.headers["content-type"].startswith("text/html")


async def test_a_cut_stream_ends_in_the_middle(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, cut_after=2)
    with pytest.raises(httpx.RemoteProtocolError):
        await post(http)


async def test_events_can_take_their_time(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, event_delay=0.001)

    assert events((await post(http)).text)[-1]["type"] == "response.completed"


async def test_a_client_may_hang_up_early(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, event_delay=0.005)
    async with http.stream("POST", PATH, json=body()) as response:
        await anext(response.aiter_bytes())

    assert (await post(http)).status_code == 200
