"""What is planned to go wrong with one session's next turns, in the plan and against a running backend."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import websockets
from embedded_backend import Backend
from embedded_backend.breaks import Break, Breaks
from support.embedded import PATH, SESSION, body, events, http_client, socket_client

BROKEN = SESSION["session-id"]


def test_a_plan_is_one_sessions_and_is_used_up_in_order() -> None:
    breaks = Breaks()
    breaks.add("a", Break(status=429), Break(status=500))

    assert [breaks.take(session) for session in ("b", "a", None, "a", "a")] == [
        None,
        Break(status=429),
        None,
        Break(status=500),
        None,
    ]


async def test_turns_are_held_until_they_are_let_go() -> None:
    breaks, stays = Breaks(), asyncio.Event()
    held = [asyncio.create_task(breaks.hold(stays)) for _ in range(2)]
    await breaks.held(2)
    breaks.release()
    await asyncio.gather(*held)
    await breaks.held(0)


async def test_a_turn_whose_client_has_gone_is_not_held_any_longer() -> None:
    breaks, gone = Breaks(), asyncio.Event()
    held = asyncio.create_task(breaks.hold(gone))
    await breaks.held(1)
    gone.set()
    await held
    await breaks.held(0)


async def test_a_turn_can_be_left_without_any_answer(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        backend.breaks.add(BROKEN, Break(unanswered=True))
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(PATH, json=body(), headers=SESSION)


async def test_another_session_is_answered_meanwhile(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        backend.breaks.add("another", Break(status=500))

        assert (await client.post(PATH, json=body(), headers=SESSION)).status_code == 200


async def test_half_an_event_comes_before_a_cut(tmp_path: Path) -> None:
    text = bytearray()

    async def read(client: httpx.AsyncClient) -> None:
        async with client.stream("POST", PATH, json=body(), headers=SESSION) as response:
            async for piece in response.aiter_bytes():
                text.extend(piece)

    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        backend.breaks.add(BROKEN, Break(cut_after=2, torn=True))
        with pytest.raises(httpx.RemoteProtocolError):
            await read(client)

    assert text.count(b"\n\n") == 2
    assert not text.endswith(b"\n\n")


async def test_half_a_frame_comes_before_a_cut(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, socket_client(backend) as client:
        backend.breaks.add(BROKEN, Break(cut_after=0, torn=True))
        with pytest.raises(websockets.ConnectionClosedError) as caught:
            await client.turn()

    assert caught.value.rcvd is None


async def test_a_socket_can_be_dropped_without_a_farewell(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, socket_client(backend) as client:
        backend.breaks.add(BROKEN, Break(unanswered=True))
        with pytest.raises(websockets.ConnectionClosedError) as caught:
            await client.turn()

    assert caught.value.rcvd is None


async def test_a_stream_can_end_with_an_error_event_or_with_nothing(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        backend.breaks.add(BROKEN, Break(ending="error"), Break(ending="none"))
        texts = [(await client.post(PATH, json=body(), headers=SESSION)).text for _ in range(2)]

    assert [events(text)[-1]["type"] for text in texts] == ["error", "response.output_item.done"]


async def test_a_held_stream_goes_on_when_it_is_let_go(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        backend.breaks.add(BROKEN, Break(hold_after=2))
        answered = asyncio.create_task(client.post(PATH, json=body(), headers=SESSION))
        await backend.breaks.held(1)
        backend.breaks.release()

        assert events((await answered).text)[-1]["type"] == "response.completed"


async def test_a_client_that_leaves_a_held_socket_is_noticed(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, socket_client(backend) as client:
        backend.breaks.add(BROKEN, Break(hold_after=1))
        turn = asyncio.create_task(client.turn())
        await backend.breaks.held(1)
        await client.connection.close()
        await backend.breaks.held(0)
        with pytest.raises(websockets.ConnectionClosedOK):
            await turn


async def test_the_end_does_not_wait_for_turns_that_are_held(tmp_path: Path) -> None:
    async with AsyncExitStack() as clients:
        async with Backend(home=tmp_path) as backend:
            client = await clients.enter_async_context(http_client(backend))
            backend.breaks.add(BROKEN, Break(hold_after=0))
            turn = asyncio.create_task(client.post(PATH, json=body(), headers=SESSION))
            await backend.breaks.held(1)
        with pytest.raises(httpx.HTTPError):
            await turn


async def test_tls_is_refused_for_a_name_that_is_listed(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend:
        backend.breaks.refused_names.add("refused.chatgpt.com")
        for host, refused in (("refused.chatgpt.com", True), ("chatgpt.com", False)):
            assert await _is_refused(backend, host) is refused


async def _is_refused(backend: Backend, host: str) -> bool:
    tls = ssl.create_default_context(cafile=str(backend.ca_file))
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", backend.port, ssl=tls, server_hostname=host)
    except ssl.SSLError as error:
        return "HANDSHAKE_FAILURE" in str(error)
    writer.close()
    await writer.wait_closed()
    return False
