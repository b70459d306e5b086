"""Turns over plain HTTP, against a running backend."""

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import zstandard
from embedded_backend import Backend, Rules
from support.embedded import PATH, SESSION, body, cached, events, http_client


async def _post(backend: Backend, members: dict[str, Any], path: str = PATH) -> httpx.Response:
    async with http_client(backend) as client:
        return await client.post(path, json=members, headers=SESSION)


async def test_a_turn_is_an_event_stream(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        response = await _post(backend, body(prompt_cache_key="key"))
    first, *_, last = events(response.text)

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["openai-model"] == "gpt-5.5"
    assert first["response"]["prompt_cache_key"] == "key"
    assert last["type"] == "response.completed"


async def test_the_second_turn_of_a_session_reads_the_first(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        streams = [await _post(backend, body()) for _ in range(2)]

    assert [cached(events(stream.text)[-1]) for stream in streams] == [0, 2048]


async def test_a_compressed_turn_is_taken_and_kept_as_it_came(tmp_path: Path) -> None:
    packed = zstandard.compress(orjson.dumps(body()))
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        response = await client.post(PATH, content=packed, headers={"content-encoding": "zstd"})

    assert response.status_code == 200
    assert [packed] == [received.body for received in backend.received]


async def test_a_refused_turn_is_a_400(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        response = await _post(backend, body(temperature=1))

    assert (response.status_code, response.json()) == (400, {"detail": "Unsupported parameter: temperature"})


async def test_a_body_that_is_no_object_is_a_400(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        statuses = [(await client.post(PATH, content=content)).status_code for content in (b"[]", b"no json")]

    assert statuses == [400, 400]


async def test_a_compaction_is_unary(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        taken = await _post(backend, {"model": "m", "input": []}, f"{PATH}/compact")
        refused = await _post(backend, {"model": "m", "stream": True}, f"{PATH}/compact")

    assert (taken.status_code, taken.json()["output"][0]["type"]) == (200, "compaction")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "stream")


@pytest.mark.parametrize("status", [429, 500])
async def test_a_planned_failure_comes_once(status: int, tmp_path: Path) -> None:
    async with Backend(Rules(failures=(status,)), home=tmp_path) as backend:
        assert [status, 200] == [(await _post(backend, body())).status_code for _ in range(2)]


async def test_a_403_is_the_challenge_page(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        backend.fail_next(403)
        response = await _post(backend, body())

    assert (response.status_code, response.headers["cf-mitigated"]) == (403, "challenge")
    assert response.headers["content-type"].startswith("text/html")


async def test_a_cut_stream_ends_in_the_middle(tmp_path: Path) -> None:
    async with Backend(Rules(cut_after=2), home=tmp_path) as backend:
        with pytest.raises(httpx.RemoteProtocolError):
            await _post(backend, body())


async def test_events_can_take_their_time(tmp_path: Path) -> None:
    async with Backend(Rules(event_delay=0.001), home=tmp_path) as backend:
        assert events((await _post(backend, body())).text)[-1]["type"] == "response.completed"


async def test_a_client_may_hang_up_early(tmp_path: Path) -> None:
    async with Backend(Rules(event_delay=0.005), home=tmp_path) as backend, http_client(backend) as client:
        async with client.stream("POST", PATH, json=body()) as response:
            await anext(response.aiter_bytes())
        assert (await client.post(PATH, json=body())).status_code == 200
