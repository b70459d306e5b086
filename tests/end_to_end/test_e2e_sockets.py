"""WebSockets through the proxy: messages that are edited, and all those that are not."""

from typing import Any

import pytest
from codexcache.addon import CodexContinuity
from conftest import Network
from support.client import connected
from support.proxy import watched
from support.sockets import Data, Peer, Recorder, joined, opened, talking, upgraded
from support.talks import post
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, frame, said, spelled

TEXTS = {"German": "Größe, Maß und Äpfel. ", "Chinese": "我能吞下玻璃而不伤身体。", "emoji": "😀👩‍👩‍👧‍👦🇩🇪 "}
SESSION = [("session_id", "s")]


def with_key(message: str, key: str = "s") -> str:
    return message[:-1] + f',"prompt_cache_key":"{key}"}}'


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("size", [3_900, 4_100, 50_000])
@pytest.mark.parametrize("name", TEXTS)
async def test_an_edited_message_keeps_every_character(net: Network, name: str, size: int, deflate: bool) -> None:
    """Whatever its size and script, and with permessage-deflate as without; it leaves in one frame."""
    text = (TEXTS[name] * size)[:size]
    recorder = await net.recorder(deflate=deflate)
    async with opened(await net.proxy(), SESSION, deflate=deflate) as peer:
        for shift in range(4):
            await peer.ask(message := orjson_frame("x" * shift + text))
            assert recorder.frames[-1] == [with_key(message)]


def orjson_frame(content: str) -> str:
    return frame(input=[{"role": "user", "content": content}])


SAME_LENGTH = '{"type":"response.create","input":"é","prompt_cache_key":"  k","x":"é€é€"}'
SHIFTED = '{"type":"response.create","stream_options":12345,"input":"é€é€é€é€é€é€é€é€é€é€"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SAME_LENGTH, SAME_LENGTH.replace("  k", "k"), id="a key that is trimmed"),
        pytest.param(SHIFTED, with_key(SHIFTED.replace(',"stream_options":12345', "")), id="a text that is shifted"),
    ],
)
async def test_an_edit_of_a_message_in_fragments_splits_no_character(net: Network, before: str, after: str) -> None:
    """The client's cuts are kept, unless one would now stand within a character."""
    recorder = await net.recorder()
    async with opened(await net.proxy(), [] if "_key" in before else SESSION) as peer:
        for cut in range(1, len(before)):
            await peer.ask(before[:cut], before[cut:])
            assert recorder.messages[-1] == after


UNTOUCHED: dict[str, tuple[Data, ...]] = {
    "text": ("hello",),
    "an empty message": ("",),
    "another type": ('{"type":"response.cancel","stream_options":1}',),
    "another type that quotes it": ('{"type":"session.update","x":"response.create"}',),
    "an array": ('["response.create"]',),
    "a type inside": ('{"x":{"type":"response.create"}}',),
    "binary": (frame(prompt_cache_key="k").encode(),),
    "binary that is no text": (bytes(range(256)),),
    "fragments": ("hel", "lo ", "wörld"),
    "long text": ("é" * 100_000,),
    "long fragments": ("é" * 9_000, "x" * 5_000, "€" * 7_000),
    "long binary": (b"\xff" * 100_000,),
    "a complete turn": (frame(prompt_cache_key="k"),),
    "a complete turn in fragments": (frame(prompt_cache_key="k")[:50], frame(prompt_cache_key="k")[50:]),
}


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("name", UNTOUCHED)
async def test_what_needs_no_edit_passes_frame_by_frame_without_a_word(
    net: Network, name: str, deflate: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The same fragments arrive, in both directions; in compressed ones wsproto puts all the text into the last."""
    message = UNTOUCHED[name]
    arrived: list[list[Data]] = []

    async def echo(peer: Peer) -> None:
        await peer.receive()
        arrived.extend(peer.frames)
        await peer.send(*message)

    await net.upstream(talking(echo, deflate=deflate))
    async with opened(await net.proxy(), SESSION, deflate=deflate) as peer:
        await peer.ask(*message)

    for frames in (arrived, peer.frames):
        assert [joined(fragments) for fragments in frames] == [joined(list(message))]
        assert deflate or frames == [list(message)]
    assert [line for line in said(caplog) if "array" not in name and "passes unchanged" in line] == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"type":"response.create"', "it is not JSON"),
        ("response.create", "it is not JSON"),
        ('["response.create"]', "it is not a JSON object"),
        ('{"type":"response.create","a":' + "[" * 500 + "}", "it is not JSON"),
        (frame(input="x" * 3000), "it is over the size limit (option codex_body_limit)"),
    ],
)
async def test_a_frame_that_looks_like_a_turn_and_cannot_be_read_passes_with_one_line(
    net: Network, message: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As over HTTP; the next frame is a turn again."""
    recorder = await net.recorder()
    async with opened(await net.proxy(codex_body_limit="2k"), SESSION) as peer:
        await peer.ask(message)
        await peer.ask(frame())

    assert recorder.messages == [message, with_key(frame())]
    (line,) = said(caplog)
    assert line.startswith(f"A turn to 'chatgpt.com' passes unchanged: {reason}")


async def test_pings_and_close_codes_pass(net: Network) -> None:
    """In both directions, between messages."""
    seen: dict[str, Any] = {}

    async def talk(peer: Peer) -> None:
        peer.ping(b"from the server")
        await peer.receive()
        await peer.send("{}")
        await peer.receive()
        seen.update(pings=peer.pings, code=peer.close_code)

    await net.upstream(talking(talk))
    proxy = await net.proxy()
    watch = watched(proxy)
    async with opened(proxy, SESSION) as peer:
        peer.ping(b"from the client")
        await peer.ask(frame())
        peer.close(4001)
        await peer.receive()
        await watch.end()

    assert peer.pings == [b"from the server"]
    assert seen == {"pings": [b"from the client"], "code": 4001}


async def test_messages_keep_their_order(net: Network) -> None:
    """A turn, other frames, and a turn again, sent in one go."""
    recorder = await net.recorder()
    async with opened(await net.proxy(), SESSION) as peer:
        for number in range(50):
            await peer.send(frame(n=number) if number % 2 else f"{number}")
        for _ in range(50):
            await peer.receive()

    assert recorder.messages == [with_key(frame(n=number)) if number % 2 else f"{number}" for number in range(50)]


async def test_a_turn_that_is_cut_off_leaves_nothing_behind(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """The backend drops the socket in the middle of a turn; what it said until then was learned."""

    async def talk(peer: Peer) -> None:
        await peer.receive()
        await peer.send(spelled({"type": "response.created", "response": {"id": "resp_1"}}).decode())
        peer.writer.transport.abort()

    upstream = await net.upstream(talking(talk))
    proxy = await net.proxy()
    watch = watched(proxy)
    async with opened(proxy) as peer:
        await peer.ask(frame(prompt_cache_key="k"))
        assert await peer.receive() == ""
        await watch.end()
    upstream.answer = responding(whole())
    await post(proxy, input=[], previous_response_id="resp_1")

    assert upstream.last.values("session-id") == ["k"]
    assert said(caplog) == []


async def test_a_message_that_the_user_injects_is_a_turn_like_any_other(net: Network) -> None:
    """From mitmproxy's UI, to the server."""
    recorder = await net.recorder()
    proxy = await net.proxy()
    watch = watched(proxy)
    async with opened(proxy, SESSION) as peer:
        await peer.ask("first")
        proxy.master.commands.call("inject.websocket", watch.flows[0], False, frame().encode(), True)
        await peer.receive()

    assert recorder.messages == ["first", with_key(frame())]


async def test_a_socket_whose_handshake_was_not_seen_is_adopted(net: Network) -> None:
    """The script was loaded again, or the options changed, while the socket was open."""
    recorder = await net.recorder()
    proxy = await net.proxy()
    async with opened(proxy, SESSION) as peer:
        await peer.ask(frame(n=1))
        proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))
        await peer.ask(frame(n=2))
        proxy.master.addons.add(CodexContinuity())
        await peer.ask(frame(n=3))

    assert recorder.messages == [with_key(frame(n=1)), frame(n=2), with_key(frame(n=3))]


async def test_a_plain_upgrade_path_is_followed(net: Network) -> None:
    """A socket after other requests on the same connection."""
    recorder = Recorder()
    upstream = await net.upstream()
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, [JSON], body())
        upstream.answer = talking(recorder)
        peer = await upgraded(connection, SESSION)
        await peer.ask(frame())

    assert recorder.messages == [with_key(frame())]
