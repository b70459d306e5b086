"""One key in three places, over HTTP/1.1, HTTP/2, compact and WebSocket, and nothing else changed."""

import uuid
from typing import Any

import orjson
import pytest
from conftest import Network
from support import http2
from support.client import Field, connected, request_bytes
from support.proxy import Proxy
from support.sockets import HANDSHAKE, Data, Peer, Recorder, opened, talking
from support.talks import post
from support.upstream import Upstream, streaming
from support.wire import COMPACT, JSON, RESPONSES, bearer, body, completed, event, frame, spelled

CALLER = (bearer(), ("ChatGPT-Account-Id", "account-1"))
HI = {"role": "user", "content": "hi"}
ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}
MORE = {"role": "user", "content": "and now?"}
SAYING = streaming(event("response.output_item.done", item=ANSWER), completed("resp_1"))
"""Answers each turn in these words."""


async def sent(proxy: Proxy, upstream: Upstream, fields: tuple[Field, ...] = (), **members: Any) -> dict[str, Any]:
    """Send a turn and return what its key became: in the body, in the headers."""
    await post(proxy, *fields, **members)
    return written(upstream)


def written(upstream: Upstream) -> dict[str, Any]:
    names = ("session-id", "session_id", "x-client-request-id")
    headers = {name: values[0] for name in names if (values := upstream.last.values(name))}
    key = orjson.loads(upstream.last.body).get("prompt_cache_key")
    return {**headers, "key": key} if key is not None else headers


def everywhere(key: str, request_id: str | None = None) -> dict[str, str]:
    return {"session-id": key, "session_id": key, "key": key} | (
        {"x-client-request-id": request_id} if request_id else {}
    )


@pytest.mark.parametrize(
    ("fields", "members", "expected"),
    [
        ((), {"prompt_cache_key": " k "}, everywhere("k", "k")),
        ((("session_id", "s"),), {"prompt_cache_key": "k"}, everywhere("k")),
        ((("Session-Id", " s "),), {}, everywhere("s")),
        ((("x-claude-code-session-id", "s"),), {}, everywhere("s", "s")),
        ((), {"metadata": {"session_id": "s"}}, everywhere("s", "s")),
        ((), {"conversation": {"id": "s"}}, everywhere("s", "s")),
        ((("Idempotency-Key", "i"), ("x-client-request-id", "r")), {}, everywhere("i", "r")),
        ((("session_id", ""), ("x-session-id", "s")), {}, everywhere("s")),
        ((), {"prompt_cache_key": {"a": []}, "conversation": "s"}, everywhere("s", "s")),
        ((), {"input": []}, {}),
    ],
)
async def test_the_first_usable_value_becomes_the_key(
    net: Network, fields: tuple[Field, ...], members: dict[str, Any], expected: dict[str, str]
) -> None:
    """What a client can name its key by, best first; without anything to go by there is none."""
    upstream = await net.upstream()

    assert await sent(await net.proxy(), upstream, fields, **members) == expected


@pytest.mark.parametrize("native", [(), (("thread-id", "t"),)])
async def test_a_key_that_the_backend_refuses_is_replaced_everywhere(net: Network, native: tuple[Field, ...]) -> None:
    """Longer than 64 characters, or other characters: one UUID, the same for each value, for native clients too."""
    upstream = await net.upstream()
    proxy = await net.proxy()
    keys = ["a" * 65, "a" * 64 + "b", "ключ", "two words"]
    made = []
    for key in [*keys, *keys]:
        fields = (*native, ("session-id", key), ("x-client-request-id", key))
        shown = await sent(proxy, upstream, fields, prompt_cache_key=key)
        assert len(set(shown.values())) == 1
        made.append(shown["key"])

    assert made[:4] == made[4:]
    assert len(set(made)) == 4
    assert {uuid.UUID(key).version for key in made} == {5}
    assert (await sent(proxy, upstream, prompt_cache_key="a" * 64))["key"] == "a" * 64


@pytest.mark.parametrize(
    ("fields", "members", "expected"),
    [
        ((("session_id", "s"),), {"prompt_cache_key": "k"}, {"session_id": "s", "session-id": "s", "key": "k"}),
        ((("session-id", "s"),), {}, {"session-id": "s", "key": "s"}),
        ((), {"prompt_cache_key": "k"}, {"session-id": "k", "key": "k"}),
        (
            (("session-id", "parent"), ("x-client-request-id", "child")),
            {"prompt_cache_key": "other"},
            {"session-id": "parent", "x-client-request-id": "child", "key": "other"},
        ),
    ],
)
@pytest.mark.parametrize("mark", ["Thread_Id", "x-codex-turn-metadata"])
async def test_a_native_turn_is_only_completed(
    net: Network, mark: str, fields: tuple[Field, ...], members: dict[str, Any], expected: dict[str, str]
) -> None:
    """Values of the official client that differ are lawful and stay."""
    upstream = await net.upstream()

    assert await sent(await net.proxy(), upstream, (*fields, (mark, "t")), **members) == expected


async def test_a_complete_native_turn_arrives_byte_for_byte(net: Network) -> None:
    """The request as Codex 0.169 sends it: order, case, compression and all."""
    upstream = await net.upstream()
    native = [
        ("version", "0.169.0"),
        ("x-codex-window-id", "thread:0"),
        ("x-codex-turn-metadata", '{"turn_id":"1"}'),
        ("x-client-request-id", "thread"),
        ("session-id", "session"),
        ("thread-id", "thread"),
        ("accept", "text/event-stream"),
        *CALLER,
    ]
    text = request_bytes("chatgpt.com", RESPONSES, native, body(prompt_cache_key="key", prompt_cache_retention="24h"))
    async with connected(await net.proxy()) as connection:
        await connection.send(text)

    assert upstream.last.raw == text


async def test_order_case_and_repetition_of_header_fields_stay(net: Network) -> None:
    """A session header keeps its place and spelling, gets the key, loses its repetitions; others stay."""
    upstream = await net.upstream()
    fields = [
        ("X-First", "1"),
        ("SESSION_ID", "old"),
        ("x-first", "2"),
        ("session_id", "older"),
        ("UsEr-AgEnT", "odd/1"),
        ("X-Empty", ""),
        ("x-client-request-id", "r"),
    ]
    text = body(prompt_cache_key="k")
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, fields, text)

    expected = [("X-First", "1"), ("SESSION_ID", "k"), *fields[2:3], *fields[4:]]
    head = request_bytes("chatgpt.com", RESPONSES, expected, text)[: -len(text) - 2] + b"session-id: k\r\n\r\n"
    assert upstream.last.raw == head + text


async def test_codex_strip_names_what_goes(net: Network) -> None:
    """The list replaces the default, and holds for native turns too; an empty one removes nothing."""
    upstream = await net.upstream()
    proxy = await net.proxy(codex_strip="prompt_cache_retention,metadata")
    members = {"metadata": {}, "stream_options": {}, "prompt_cache_retention": "24h"}
    await sent(proxy, upstream, (("thread-id", "t"),), prompt_cache_key="k", **members)
    assert upstream.last.body == body(prompt_cache_key="k", stream_options={})

    proxy.master.options.update(codex_strip="")
    await sent(proxy, upstream, (("thread-id", "t"),), prompt_cache_key="k", **members)
    assert upstream.last.body == body(prompt_cache_key="k", **members)


async def keys_over_every_transport(net: Network, fields: tuple[Field, ...]) -> list[str]:
    """Send the same turn over HTTP/1.1, compact, WebSocket and HTTP/2, each with a memory of its own."""
    upstream, bodies = await net.upstream(), list[bytes]()
    for path in (RESPONSES, COMPACT):
        await post(await net.proxy(), *fields, path=path)
        bodies.append(upstream.last.body)
    recorder = await net.recorder()
    async with opened(await net.proxy(), fields) as peer:
        await peer.ask(frame())
    bodies.append(str(recorder.messages[0]).encode())
    newer = await net.http2_upstream(http2.responding())
    async with http2.http2_connected(await net.proxy()) as client:
        await client.post(RESPONSES, [JSON, *fields], body())
    bodies.append(newer.requests[0].body)
    keys: list[str] = [orjson.loads(each)["prompt_cache_key"] for each in bodies]
    assert dict(newer.requests[0].fields)[b"session_id"].decode() == keys[-1]
    return keys


@pytest.mark.parametrize("fields", [(), CALLER, (("session_id", "s"),), (("Idempotency-Key", "i"),)])
async def test_every_transport_gives_the_same_input_the_same_key(net: Network, fields: tuple[Field, ...]) -> None:
    """HTTP/1.1, HTTP/2, compact and WebSocket share one resolver, and proxies that never met agree."""
    assert len(set(await keys_over_every_transport(net, fields))) == 1


async def test_a_conversation_keeps_its_key_whatever_ids_come_with_its_turns(net: Network) -> None:
    """A session or Idempotency-Key that is new on each request costs nothing after the first turn."""
    upstream = await net.upstream(SAYING)
    proxy = await net.proxy()
    first = await sent(proxy, upstream, (*CALLER, ("session_id", "one")), input=[HI])
    for number, history in enumerate([[HI, ANSWER, MORE], [HI, ANSWER, MORE, ANSWER, MORE]]):
        again = await sent(proxy, upstream, (*CALLER, ("session_id", f"new-{number}")), input=history)
        assert again == first == everywhere("one")
    assert (await sent(proxy, upstream, (*CALLER, ("Idempotency-Key", "i")), input=[HI]))["key"] == "i"
    assert (await sent(proxy, upstream, (*CALLER, ("session_id", "two")), input=[HI]))["key"] == "two"
    assert (await sent(proxy, upstream, (bearer("user-2"), ("session_id", "x")), input=[HI, ANSWER]))["key"] == "x"


async def test_a_conversation_keeps_its_key_from_one_transport_to_the_next(net: Network) -> None:
    """What began on a WebSocket goes on over HTTP after a fallback."""
    await net.recorder()
    proxy = await net.proxy()
    async with opened(proxy, CALLER) as peer:
        await peer.ask(frame(input=[HI], prompt_cache_key="k"))
    upstream = await net.upstream()

    assert (await sent(proxy, upstream, CALLER, input=[HI, ANSWER, MORE]))["key"] == "k"


async def test_an_explicit_key_that_changes_wins_in_fill_and_is_held_in_pin(net: Network) -> None:
    """A native client is never held; the mode can be changed while the proxy runs."""
    upstream = await net.upstream(SAYING)
    proxy = await net.proxy()
    await sent(proxy, upstream, CALLER, input=[HI], prompt_cache_key="first")
    longer = [HI, ANSWER, MORE]
    assert (await sent(proxy, upstream, CALLER, input=longer, prompt_cache_key="fill"))["key"] == "fill"

    proxy.master.options.update(codex_mode="pin")
    await sent(proxy, upstream, CALLER, input=[MORE], prompt_cache_key="first")
    held = await sent(proxy, upstream, CALLER, input=[MORE, ANSWER, HI], prompt_cache_key="second")
    native = (*CALLER, ("thread-id", "t"))
    assert held == everywhere("first", "first")
    assert (await sent(proxy, upstream, native, input=[MORE, ANSWER, HI], prompt_cache_key="third"))["key"] == "third"


async def test_a_turn_that_names_an_earlier_response_keeps_its_key(net: Network) -> None:
    """Over HTTP, where a gateway takes previous_response_id: the response's turn says the key."""
    upstream = await net.upstream(streaming(completed("resp_9")))
    proxy = await net.proxy()
    await sent(proxy, upstream, CALLER, input=[HI], prompt_cache_key="k")

    assert (await sent(proxy, upstream, CALLER, input=[MORE], previous_response_id="resp_9"))["key"] == "k"


@pytest.mark.parametrize(
    ("fields", "added"),
    [
        ((*CALLER, ("Idempotency-Key", "i")), ()),
        ((("session_id", "s"),), (("session-id", "s"),)),
        ((("session-id", "s"), ("session_id", "s")), ()),
        ((("x-session-affinity", "s"),), (("session-id", "s"), ("session_id", "s"), ("x-client-request-id", "s"))),
        ((("thread-id", "t"), ("session_id", "s")), (("session-id", "s"),)),
        ((("thread-id", "t"),), ()),
    ],
)
async def test_a_handshake_is_completed_from_its_own_headers_alone(
    net: Network, fields: tuple[Field, ...], added: tuple[Field, ...]
) -> None:
    """Nothing is guessed before a turn is there, and every other byte of the head stays."""
    upstream = await net.upstream(talking(Recorder()))
    async with opened(await net.proxy(), fields):
        pass

    expected = request_bytes("chatgpt.com", RESPONSES, [*HANDSHAKE, *fields, *added], b"", "GET")
    assert upstream.last.head == expected


async def test_frames_are_given_the_key_and_lose_what_is_stripped(net: Network) -> None:
    """Each response.create is a turn, native or not, and every other byte of it stays."""
    recorder, odd = await net.recorder(), '{ "input" : "hi",\n"type" : "response.create", "n": 1.0 }'
    async with opened(await net.proxy(), [("session_id", "s")]) as peer:
        for message in (frame(stream_options={}), frame(prompt_cache_key="k"), odd):
            await peer.ask(message)

    with_key = odd.replace(" }", ',"prompt_cache_key":"s" }')
    assert recorder.messages == [frame(prompt_cache_key="s"), frame(prompt_cache_key="k"), with_key]


class Answering:
    """A server that answers the frames of each socket with the response ids that it is given, one after the other."""

    def __init__(self, *ids: str) -> None:
        self.ids, self.messages = list(ids), list[Data]()

    async def __call__(self, peer: Peer) -> None:
        async for message in peer.messages():
            self.messages.append(message)
            response = {"id": self.ids.pop(0), "usage": {}}
            await peer.send(spelled({"type": "response.completed", "response": response}).decode())

    @property
    def keys(self) -> list[str | None]:
        """The keys of all frames that came."""
        return [orjson.loads(message).get("prompt_cache_key") for message in self.messages]


async def test_a_delta_keeps_the_key_of_the_turn_it_names(net: Network) -> None:
    """Named by previous_response_id, else the socket's last turn; a fresh socket knows the named one too."""
    server = Answering("resp_1", "resp_2", "resp_3", "resp_4", "resp_5")
    await net.upstream(talking(server))
    proxy = await net.proxy()
    async with opened(proxy, CALLER) as peer:
        await peer.ask(frame(input=[HI], prompt_cache_key="one"))
        await peer.ask(frame(input=[MORE], prompt_cache_key="two"))
        await peer.ask(frame(input=[ANSWER], previous_response_id="resp_1"))
        await peer.ask(frame(input=[ANSWER], previous_response_id="resp_unknown"))
    async with opened(proxy, CALLER) as peer:
        await peer.ask(frame(input=[ANSWER], previous_response_id="resp_2"))

    assert server.keys == ["one", "two", "one", "one", "two"]


async def test_a_warm_up_passes_on_a_session_and_derives_nothing(net: Network) -> None:
    """An empty input says too little; the turn that names the warm-up then has the derived key."""
    server, warm_up = Answering("resp_1", "resp_2", "resp_3"), frame(input=[], generate=False)
    await net.upstream(talking(server))
    async with opened(await net.proxy(), CALLER) as peer:
        await peer.ask(warm_up)
        await peer.ask(frame(input=[HI], previous_response_id="resp_1"))
    async with opened(await net.proxy(), [("session_id", "s")]) as peer:
        await peer.ask(warm_up)

    assert server.messages[0] == warm_up
    assert uuid.UUID(server.keys[1]).version == 5
    assert server.keys[2] == "s"
