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
from support.embedded import PATH, SESSION, SocketClient, body, events, http_client, trust

BROKEN = SESSION["session-id"]


async def post(client: httpx.AsyncClient) -> httpx.Response:
    """Have a turn of the session whose turns are broken."""
    return await client.post(PATH, json=body(), headers=SESSION)


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

    assert not any(task.done() for task in held)

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

    assert held.done()


async def test_a_turn_can_be_left_without_any_answer(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add(BROKEN, Break(unanswered=True))
    with pytest.raises(httpx.RemoteProtocolError):
        await post(http)


async def test_another_session_is_answered_meanwhile(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add("another", Break(status=500))

    assert (await post(http)).status_code == 200


async def test_half_an_event_comes_before_a_cut(backend: Backend, http: httpx.AsyncClient) -> None:
    text = bytearray()

    async def read() -> None:
        async with http.stream("POST", PATH, json=body(), headers=SESSION) as response:
            async for piece in response.aiter_bytes():
                text.extend(piece)

    backend.breaks.add(BROKEN, Break(cut_after=2, torn=True))
    with pytest.raises(httpx.RemoteProtocolError):
        await read()

    assert text.count(b"\n\n") == 2
    assert not text.endswith(b"\n\n")


@pytest.mark.parametrize("broken", [Break(cut_after=0, torn=True), Break(unanswered=True)], ids=["torn", "unanswered"])
async def test_a_socket_is_dropped_without_a_close_frame(backend: Backend, socket: SocketClient, broken: Break) -> None:
    """Torn, after half of a frame; unanswered, before the first."""
    backend.breaks.add(BROKEN, broken)
    with pytest.raises(websockets.ConnectionClosedError) as caught:
        await socket.turn()

    assert caught.value.rcvd is None


async def test_a_stream_can_end_with_an_error_event_or_with_nothing(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add(BROKEN, Break(ending="error"), Break(ending="none"))
    texts = [(await post(http)).text for _ in range(2)]

    assert [events(text)[-1]["type"] for text in texts] == ["error", "response.output_item.done"]


async def test_a_held_stream_continues_when_it_is_let_go(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.breaks.add(BROKEN, Break(hold_after=2))
    answered = asyncio.create_task(post(http))
    await backend.breaks.held(1)
    backend.breaks.release()

    assert events((await answered).text)[-1]["type"] == "response.completed"


async def test_a_client_that_leaves_a_held_socket_is_noticed(backend: Backend, socket: SocketClient) -> None:
    backend.breaks.add(BROKEN, Break(hold_after=1))
    turn = asyncio.create_task(socket.turn())
    await backend.breaks.held(1)
    await socket.connection.close()
    await backend.breaks.held(0)
    with pytest.raises(websockets.ConnectionClosedOK):
        await turn


async def test_the_end_does_not_wait_for_turns_that_are_held(tmp_path: Path) -> None:
    async with AsyncExitStack() as clients:
        async with Backend(home=tmp_path) as backend:
            client = await clients.enter_async_context(http_client(backend))
            backend.breaks.add(BROKEN, Break(hold_after=0))
            turn = asyncio.create_task(post(client))
            await backend.breaks.held(1)
        with pytest.raises(httpx.HTTPError):
            await turn


@pytest.mark.parametrize(("host", "refused"), [("refused.chatgpt.com", True), ("chatgpt.com", False)])
async def test_tls_is_refused_for_a_name_that_is_listed(backend: Backend, host: str, refused: bool) -> None:
    backend.breaks.refused_names.add("refused.chatgpt.com")

    assert await is_refused(backend, host) is refused


async def is_refused(backend: Backend, host: str) -> bool:
    """Return whether the handshake for a name ends with an alert."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", backend.port, ssl=trust(backend), server_hostname=host)
    except ssl.SSLError as error:
        return "HANDSHAKE_FAILURE" in str(error)
    writer.close()
    await writer.wait_closed()
    return False
