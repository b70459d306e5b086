"""WebSockets through the proxy: messages that are edited, and all those that are not."""

import asyncio
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.hooks.websocket import INCOMPLETE
from conftest import Stage
from mitmproxy import http
from support.client import connected
from support.proxy import Proxy
from support.sockets import Data, Peer, Recorder, joined, opened, talking, upgraded
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, frame, said, spelled

TEXTS = {
    "ASCII": "The quick brown fox. ",
    "German": "Größe, Maß und Äpfel. ",
    "Cyrillic": "Съешь же ещё этих мягких булок. ",
    "Chinese": "我能吞下玻璃而不伤身体。",
    "emoji": "😀👩‍👩‍👧‍👦🇩🇪 ",
}
SESSION = [("session_id", "s")]


class Kept:
    """An addon that holds the latest flow."""

    def __init__(self) -> None:
        self.flow: http.HTTPFlow | None = None
        self.ended = asyncio.Event()

    def request(self, flow: http.HTTPFlow) -> None:
        self.flow = flow

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self.ended.set()

    def messages(self) -> list[bytes]:
        assert self.flow is not None
        assert self.flow.websocket is not None
        return [message.content for message in self.flow.websocket.messages]


def kept(proxy: Proxy) -> Kept:
    addon = Kept()
    proxy.master.addons.add(addon)
    return addon


def with_key(message: str, key: str = "s") -> str:
    return message[:-1] + f',"prompt_cache_key":"{key}"}}'


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("size", [3_900, 4_100, 50_000])
@pytest.mark.parametrize("name", TEXTS)
async def test_an_edited_message_keeps_every_character(stage: Stage, name: str, size: int, deflate: bool) -> None:
    """Whatever its size and script, and with permessage-deflate as without; it leaves in one frame."""
    text = (TEXTS[name] * size)[:size]
    recorder = Recorder()
    await stage.upstream(talking(recorder, deflate=deflate))
    async with opened(await stage.proxy(), SESSION, deflate=deflate) as peer:
        for shift in range(4):
            await peer.ask(message := orjson_frame("x" * shift + text))
            assert recorder.frames[-1] == [with_key(message)]


def orjson_frame(content: str) -> str:
    return frame(input=[{"role": "user", "content": content}])


@pytest.mark.parametrize("deflate", [False, True])
async def test_a_message_in_fragments_is_edited_as_a_whole(stage: Stage, deflate: bool) -> None:
    """The client's cuts do not matter to what it says."""
    recorder = Recorder()
    await stage.upstream(talking(recorder, deflate=deflate))
    message = orjson_frame("ключ " * 3000)
    async with opened(await stage.proxy(), SESSION, deflate=deflate) as peer:
        await peer.ask(message[:10], message[10:5000], message[5000:])

    assert recorder.messages == [with_key(message)]


async def test_an_edit_of_the_same_length_splits_no_character(stage: Stage) -> None:
    """The client's cuts are kept, unless one would now stand within a character."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    before = '{"type":"response.create","input":"é","prompt_cache_key":"  k","x":"é€é€"}'
    after = '{"type":"response.create","input":"é","prompt_cache_key":"k","x":"é€é€"}'
    longer = before.replace(',"x"', ',"stream_options":1,"x"').replace('"  k"', '" k"')
    async with opened(await stage.proxy()) as peer:
        for cut in range(1, len(before)):
            await peer.ask(before[:cut], before[cut:])
            assert recorder.messages[-1] == after
        await peer.ask(longer[:60], longer[60:])
        assert recorder.messages[-1] == after


async def test_an_edit_that_shifts_the_text_splits_no_character(stage: Stage) -> None:
    """One member goes and another of its length is added behind the text, in a message that came in fragments."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    before = '{"type":"response.create","stream_options":12345,"input":"é€é€é€é€é€é€é€é€é€é€"}'
    after = with_key(before.replace(',"stream_options":12345', ""))
    assert len(before) == len(after)
    async with opened(await stage.proxy(), SESSION) as peer:
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
    stage: Stage, name: str, deflate: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The same fragments arrive, in both directions; in compressed ones wsproto puts all the text into the last."""
    message = UNTOUCHED[name]
    arrived: list[list[Data]] = []

    async def echo(peer: Peer) -> None:
        await peer.receive()
        arrived.extend(peer.frames)
        await peer.send(*message)

    await stage.upstream(talking(echo, deflate=deflate))
    async with opened(await stage.proxy(), SESSION, deflate=deflate) as peer:
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
    stage: Stage, message: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As over HTTP; the next frame is a turn again."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    async with opened(await stage.proxy(codex_body_limit="2k"), SESSION) as peer:
        await peer.ask(message)
        await peer.ask(frame())

    assert recorder.messages == [message, with_key(frame())]
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith(f"A turn to 'chatgpt.com' passes unchanged: {reason}")


async def test_pings_and_close_codes_pass(stage: Stage) -> None:
    """In both directions, between messages."""
    seen: dict[str, Any] = {}

    async def talk(peer: Peer) -> None:
        peer.ping(b"from the server")
        await peer.receive()
        await peer.send("{}")
        await peer.receive()
        seen.update(pings=peer.pings, code=peer.close_code)

    await stage.upstream(talking(talk))
    proxy = await stage.proxy()
    ends = kept(proxy)
    async with opened(proxy, SESSION) as peer:
        peer.ping(b"from the client")
        await peer.ask(frame())
        peer.close(4001)
        await peer.receive()
        await asyncio.wait_for(ends.ended.wait(), 10)

    assert peer.pings == [b"from the server"]
    assert seen == {"pings": [b"from the client"], "code": 4001}


async def test_messages_keep_their_order(stage: Stage) -> None:
    """A turn, other frames, and a turn again, sent in one go."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    async with opened(await stage.proxy(), SESSION) as peer:
        for number in range(50):
            await peer.send(frame(n=number) if number % 2 else f"{number}")
        for _ in range(50):
            await peer.receive()

    assert recorder.messages == [with_key(frame(n=number)) if number % 2 else f"{number}" for number in range(50)]


async def test_a_sockets_messages_are_kept_up_to_the_limit_and_the_flow_says_so(stage: Stage) -> None:
    """The oldest go; every one arrives all the same, and the latest is there to be seen."""
    recorder = Recorder("y" * 1000)
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy(codex_view_limit="10k")
    flow = kept(proxy)
    async with opened(proxy, SESSION) as peer:
        await peer.ask("x" * 1000)
        assert flow.flow is not None
        assert INCOMPLETE not in flow.flow.metadata
        for number in range(30):
            await peer.ask(f"{number}" + "x" * 1000)
            assert sum(map(len, flow.messages())) <= 10 << 10
            assert flow.messages()[-1] == b"y" * 1000
        assert flow.flow.metadata[INCOMPLETE] is True

    assert len(recorder.messages) == 31
    assert INCOMPLETE in http.HTTPFlow.from_state(flow.flow.get_state()).metadata


async def test_a_short_socket_is_kept_whole(stage: Stage) -> None:
    """And no flow says otherwise."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy()
    flow = kept(proxy)
    async with opened(proxy, SESSION) as peer:
        await peer.ask(frame())

    assert flow.messages() == [with_key(frame()).encode(), b"{}"]
    assert flow.flow is not None
    assert INCOMPLETE not in flow.flow.metadata


@pytest.mark.parametrize("status", [403, 426, 500])
async def test_a_refused_handshake_arrives_as_it_is(stage: Stage, status: int) -> None:
    """The client falls back to HTTP on the status, and is served."""
    answer = whole(b'{"error":{}}', status=f"{status} Refused", extra=b"X-Odd: 1\r\n")
    upstream = await stage.upstream(responding(answer))
    proxy = await stage.proxy()
    handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), *SESSION]
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, [*handshake, ("Sec-WebSocket-Key", "a" * 22 + "==")], method="GET")
        await reply.rest()
        await connection.post(RESPONSES, [JSON, *SESSION], body())

    assert bytes(reply.raw) == answer
    assert upstream.last.body == body(prompt_cache_key="s")


async def test_a_turn_that_is_cut_off_leaves_nothing_behind(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The backend drops the socket in the middle of a turn; what it said until then was learned."""

    async def talk(peer: Peer) -> None:
        await peer.receive()
        await peer.send(spelled({"type": "response.created", "response": {"id": "resp_1"}}).decode())
        peer.writer.transport.abort()

    upstream = await stage.upstream(talking(talk))
    proxy = await stage.proxy()
    flow = kept(proxy)
    async with opened(proxy) as peer:
        await peer.ask(frame(prompt_cache_key="k"))
        assert await peer.receive() == ""
        await asyncio.wait_for(flow.ended.wait(), 10)
    upstream.answer = responding(whole())
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON], body(input=[], previous_response_id="resp_1"))

    assert upstream.last.values("session-id") == ["k"]
    assert said(caplog) == []


async def test_a_message_that_the_user_injects_is_a_turn_like_any_other(stage: Stage) -> None:
    """From mitmproxy's UI, to the server."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy()
    flow = kept(proxy)
    async with opened(proxy, SESSION) as peer:
        await peer.ask("first")
        proxy.master.commands.call("inject.websocket", flow.flow, False, frame().encode(), True)
        await peer.receive()

    assert recorder.messages == ["first", with_key(frame())]


async def test_a_message_that_another_addon_dropped_is_no_turn(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It never leaves, so nothing is remembered of it."""

    class Dropper:
        def websocket_message(self, flow: http.HTTPFlow) -> None:
            assert flow.websocket is not None
            if b"drop me" in flow.websocket.messages[-1].content:
                flow.websocket.messages[-1].drop()

    recorder = Recorder()
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy(Dropper())
    proxy.master.addons.add(CodexContinuity())
    async with opened(proxy) as peer:
        await peer.send(frame(input="drop me", prompt_cache_key="dropped"))
        await peer.ask(frame(input="go on", previous_response_id="unknown"))

    assert len(recorder.messages) == 1
    assert orjson.loads(recorder.messages[0]).get("prompt_cache_key") != "dropped"
    assert said(caplog) == []


async def test_a_socket_whose_handshake_was_not_seen_is_adopted(stage: Stage) -> None:
    """The script was loaded anew, or the options changed, while the socket was open."""
    recorder = Recorder()
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy()
    async with opened(proxy, SESSION) as peer:
        await peer.ask(frame(n=1))
        proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))
        await peer.ask(frame(n=2))
        proxy.master.addons.add(CodexContinuity())
        await peer.ask(frame(n=3))

    assert recorder.messages == [with_key(frame(n=1)), frame(n=2), with_key(frame(n=3))]


async def test_a_plain_upgrade_path_is_followed(stage: Stage) -> None:
    """A socket after other requests on the same connection."""
    recorder = Recorder()
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        await connection.post(RESPONSES, [JSON], body())
        upstream.answer = talking(recorder)
        peer = await upgraded(connection, SESSION)
        await peer.ask(frame())

    assert recorder.messages == [with_key(frame())]
