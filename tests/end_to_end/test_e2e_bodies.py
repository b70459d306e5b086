"""Bodies on the wire: codings, and everything that is not a turn's JSON or is too much of it."""

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import orjson
import pytest
import zstandard
from conftest import Network
from support.client import Field, connected, request_bytes
from support.journals import CACHED, INPUT
from support.neighbours import REFUSED, Runs, counted
from support.talks import asked, post
from support.upstream import Answer, Upstream, responding, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, event, said

Pack = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACK: dict[str, Pack] = {
    "zstd": zstandard.ZstdCompressor(level=3).compress,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": zlib.compress,
    "ZSTD": zstandard.ZstdCompressor(level=1, write_content_size=False).compress,
    "Deflate": raw_deflate,
    "x-gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "identity": bytes,
}
UNPACK: dict[str, Pack] = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "deflate": zlib.decompress,
    "x-gzip": gzip.decompress,
    "identity": bytes,
}


async def passed(net: Network, text: bytes, *fields: Field, **settings: Any) -> Upstream:
    """Send a body through the proxy and return what it arrived at."""
    upstream = await net.upstream()
    await post(await net.proxy(**settings), *fields, text=text)
    return upstream


@pytest.mark.parametrize("coding", PACK)
async def test_an_edited_body_leaves_in_the_coding_in_which_it_came(net: Network, coding: str) -> None:
    """The header stays as the client spelled it, and the length is the new one."""
    upstream = await passed(net, PACK[coding](body()), ("Content-Encoding", coding), ("session_id", "s"))

    assert UNPACK[coding.lower()](upstream.last.body) == body(prompt_cache_key="s")
    assert upstream.last.values("content-encoding") == [coding]
    assert upstream.last.values("content-length") == [str(len(upstream.last.body))]


@pytest.mark.parametrize("coding", PACK)
async def test_an_unedited_body_keeps_the_clients_own_compressed_bytes(net: Network, coding: str) -> None:
    """Headers are completed, but what did not change is not packed again."""
    packed = PACK[coding](body(prompt_cache_key="k"))
    upstream = await passed(net, packed, ("Content-Encoding", coding))

    assert upstream.last.body == packed
    assert upstream.last.values("session-id") == ["k"]


async def test_a_chunked_request_stays_chunked(net: Network) -> None:
    """No length is made up for a body that came without one."""
    upstream = await net.upstream()
    text = body()
    head = f"POST {RESPONSES} HTTP/1.1\r\nHost: chatgpt.com\r\nsession_id: s\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(await net.proxy()) as connection:
        await connection.send(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))

    assert upstream.last.body == body(prompt_cache_key="s")
    assert upstream.last.values("content-length") == []
    assert upstream.last.values("transfer-encoding") == ["chunked"]


BOMB = b'{"input":"' + b" " * 4_000_000 + b'"}'
TOO_LARGE = "it is over the size limit (option codex_body_limit)"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "zstd"])
async def test_a_body_in_several_parts_is_read_whole(net: Network, coding: str) -> None:
    """mitmproxy itself reads the first member of a gzip file only. Without the addon it passes as it came."""
    parts = b"".join(PACK[coding](part) for part in (body()[:20], body()[20:30], body()[30:]))
    fields = ("Content-Encoding", coding), ("session_id", "s")
    edited = (await passed(net, parts, *fields)).last
    untouched = (await passed(net, parts, *fields, addon=object())).last

    assert UNPACK[coding](edited.body) == body(prompt_cache_key="s")
    assert edited.values("content-encoding") == untouched.values("content-encoding") == [coding]
    assert untouched.body == parts


NO_CODING = "its content encoding is not one that is understood"
STREAMED = "it was sent before it could be read, by stream_large_bodies or another addon"
LONG = body(input="x" * 3_000)
UNREAD: dict[str, tuple[bytes, str, str, dict[str, Any]]] = {
    "nothing": (b"", "", "it is not JSON", {}),
    "cut short": (body()[:-1], "", "it is not JSON", {}),
    "UTF-16": (body().decode().encode("utf-16"), "", "it is not JSON", {}),
    "an array": (b'[{"model":"x"}]', "", "it is not a JSON object", {}),
    "too deep": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "", "it is nested too deeply", {}),
    "too large": (LONG, "", TOO_LARGE, {"codex_body_limit": "2k"}),
    **{
        f"a {coding} bomb": (PACK[coding](BOMB), coding, TOO_LARGE, {"codex_body_limit": "1m"})
        for coding in ("zstd", "gzip", "br", "deflate")
    },
    "cut zstd": (PACK["zstd"](body())[:-6], "zstd", "its zstd encoding is cut short", {}),
    "damaged br": (b"\xff\xff" + PACK["br"](body()), "br", "its br encoding is damaged", {}),
    "no coding at all": (body(), "zstd", "its zstd encoding is damaged", {}),
    "an unknown coding": (body(), "compress", NO_CODING, {}),
    "a repeated header": (b"x", "gzip and br", NO_CODING, {}),
    "stacked codings": (gzip.compress(gzip.compress(body())), "gzip, gzip", NO_CODING, {}),
    "streamed": (LONG, "", STREAMED, {"stream_large_bodies": "2k"}),
    "streamed and stored": (LONG, "", STREAMED, {"stream_large_bodies": "2k", "store_streamed_bodies": True}),
}


@pytest.mark.parametrize("name", UNREAD)
async def test_what_cannot_be_read_passes_unchanged_with_one_clear_line_and_a_row(
    runs: Runs, net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It says what the response says, and why the request was not read; nothing is claimed of what it holds."""
    text, coding, reason, settings = UNREAD[name]
    fields = [("session_id", "s"), *(("Content-Encoding", each) for each in coding.split(" and ") if each)]
    upstream = await net.upstream(streaming(counted(9_000, 8_000)))
    sent = request_bytes("chatgpt.com", RESPONSES, fields, text)
    replies = []
    async for proxy in runs.both(**settings):
        async with connected(proxy) as connection:
            reply = await connection.send(sent)
            await reply.rest()
            replies.append(reply.raw)
    (row,) = await runs.rows()
    lines = [line for line in said(caplog) if not line.startswith("stream_large_bodies is 2k")]

    assert replies[1] == replies[0]
    assert [request.raw for request in upstream.requests] == [sent, sent]
    assert [line.startswith(f"A turn to 'chatgpt.com' passes unchanged: {reason}") for line in lines] == [True]
    assert (row["status"], row["verdict"], row[INPUT], row[CACHED]) == (200, "cold", 9_000, 8_000)
    assert f"; its request was not read: {reason}" in str(row["because"])
    assert (row["changed"], row["model"], row["key"], row["predecessor"]) == ([], "", runs.pseudonym("s"), None)


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (responding(whole(b'{"error":{"code":"bad_request"}}', "400 Bad Request")), 400, "rejected"),
        (streaming(event("response.created")), 200, "no_usage"),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"stream_large_bodies": "1"}])
async def test_the_verdict_on_what_cannot_be_read_is_on_its_response(
    runs: Runs, net: Network, settings: dict[str, Any], answer: Answer, status: int, verdict: str
) -> None:
    await net.upstream(answer)
    replies = [(await post(proxy, text=b"hello")).raw async for proxy in runs.both(**settings)]

    assert replies[1] == replies[0]
    assert await runs.told("status", "verdict", INPUT, CACHED) == [(status, verdict, None, None)]


async def test_no_turn_is_compared_with_one_that_passed_unread(runs: Runs, net: Network) -> None:
    """Of its prompt nothing is known, not that it was empty."""
    await net.upstream(streaming(counted(9_000, 0)))
    proxy = await runs.proxy()
    for text in (b"hello", body(input=asked("one")), b"hello", body(input=asked("one", "two"))):
        await post(proxy, ("session-id", "s"), text=text)
    rows = await runs.rows(4)

    assert [row["predecessor"] for row in rows] == [None, None, None, rows[1]["turn"]]


async def test_it_is_not_known_whose_the_parameter_is_that_an_unread_turn_is_refused_for(
    runs: Runs, net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """Who had put it there is not known."""
    await net.upstream(responding(REFUSED))
    await post(await runs.proxy(), text=b"hello")
    (row,) = await runs.rows()

    assert str(row["because"]).startswith("the backend answered with status 400")
    assert [line for line in said(caplog) if "codex_strip" in line] == []


DIGESTS = [
    ("Content-MD5", "x"),
    ("digest", "sha-256=x"),
    ("Content-Digest", "sha-256=:x:"),
    ("repr-digest", "sha-256=:x:"),
]


@pytest.mark.parametrize(
    ("text", "settings", "is_edited"),
    [
        (body(), {}, True),
        (body(stream_options={}), {}, True),
        (body(prompt_cache_key="k"), {}, False),
        (body(), {"codex_mode": "observe"}, False),
    ],
)
async def test_digests_leave_only_with_the_body_that_they_are_of(
    runs: Runs, net: Network, text: bytes, settings: dict[str, str], is_edited: bool
) -> None:
    """They are named among what was changed; headers that are completed are no reason to remove them."""
    upstream = await net.upstream(streaming(counted()))
    async for proxy in runs.both(**settings):
        await post(proxy, ("x-session-id", "s"), *DIGESTS, ("x-digest", "y"), text=text)
    (row,) = await runs.rows()
    kept = [("x-digest", "y")]
    digests = [[field for field in request.fields if field in DIGESTS + kept] for request in upstream.requests]
    names = {name.lower() for name, _ in DIGESTS}

    assert digests == [DIGESTS + kept, kept if is_edited else DIGESTS + kept]
    assert (names & set(row["changed"]) == names) == is_edited  # type: ignore[arg-type]
    assert upstream.last.values("content-length") == [str(len(upstream.last.body))]


ODD_VALUES: list[Any] = [None, True, 7, 1.5, "", "x", [], [[]], [None, 7, "x", {"role": 7}], {}, {"id": 7}]


@pytest.mark.parametrize(
    "member", ["input", "instructions", "model", "client_metadata", "metadata", "conversation", "type", "generate"]
)
async def test_members_of_odd_kinds_are_no_obstacle(
    net: Network, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The turn is edited as any other, without a word."""
    upstream, proxy = await net.upstream(), await net.proxy()
    async with connected(proxy) as connection:
        for value in ODD_VALUES:
            await connection.post(RESPONSES, [("session_id", "s")], body(**{member: value}))
            assert upstream.last.body == body(**{member: value, "prompt_cache_key": "s"})

    assert said(caplog) == []


ODD = (
    b' {\n\t"model" : "gpt-5.5","n":1.0,"big":123456789012345678901234567890,"e":1E+2,"neg":-0,\r\n'
    b'"esc":"\\u00e9\\/\\ud83d\\ude00 \xc3\xa9","a":1,"a":2,STRIPPED"input":[{"role":"user",'
    b'"content":"prompt_cache_key\\": \\"fake"}],"nested":{"prompt_cache_key":"inner"}AGAIN } \n'
)
KEPT = {"prompt_cache_retention": "24h", "max_output_tokens": 5, "previous_response_id": "r", "prompt_cache_key": "k"}
EDITS = {
    "everything odd": (
        ODD.replace(b"STRIPPED", b'"stream_options":{"x":["}"]},').replace(b"AGAIN", b',"stream_options":null'),
        ODD.replace(b"STRIPPED", b"").replace(b"AGAIN", b',"prompt_cache_key":"s"'),
    ),
    "a key twice: no reader is left with another": (
        b'{"prompt_cache_key":"a","input":"hi","prompt_cache_key": " b "}',
        b'{"prompt_cache_key":"b","input":"hi","prompt_cache_key": "b"}',
    ),
    "what the backend refuses of every client, and what is the client's word": (
        body(stream_options={"include_usage": True}, **KEPT),
        body(**KEPT),
    ),
    "half an emoji, as JavaScript cuts it, and numbers beyond a double": (
        rb'{"input":[{"role":"user","content":"\ud83d"}],"n":1e999,"i":99999999999999999999999}',
        rb'{"input":[{"role":"user","content":"\ud83d"}],"n":1e999,"i":99999999999999999999999,"prompt_cache_key":"s"}',
    ),
    "hundreds of levels": (
        b'{"input":"hi","tools":' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"input":"hi","tools":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b',"prompt_cache_key":"s"}',
    ),
    "a key that is null, in its place": (
        b'{"input":"hi","prompt_cache_key" : null }',
        b'{"input":"hi","prompt_cache_key" : "s" }',
    ),
}


@pytest.mark.parametrize("name", EDITS)
async def test_every_other_byte_of_a_body_stays(net: Network, name: str) -> None:
    """White space, numbers, escapes, repeated members and the order of all are the client's own."""
    text, edited = EDITS[name]
    upstream = await passed(net, text, ("session_id", "s"))

    assert upstream.last.body == edited
    assert upstream.last.values("content-length") == [str(len(edited))]


async def test_the_size_limit_can_be_changed_while_the_proxy_runs(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """And counts decoded bytes."""
    upstream = await net.upstream()
    proxy = await net.proxy(codex_body_limit="1k")
    packed = gzip.compress(body(input="x" * 2000))
    assert len(packed) < 1000
    fields = ("content-encoding", "gzip"), ("session_id", "s")
    await post(proxy, *fields, path=COMPACT, text=packed)
    assert upstream.last.body == packed
    proxy.master.options.update(codex_body_limit="1m")
    await post(proxy, *fields, path=COMPACT, text=packed)

    assert orjson.loads(gzip.decompress(upstream.last.body))["prompt_cache_key"] == "s"
    assert len(said(caplog)) == 1


async def test_repeated_and_odd_header_fields_do_not_hurt(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are no UTF-8, blank values and repetitions stay as they are."""
    odd = [
        ("session_id", "s"),
        ("X-Bytes", "\udcff\udcfe"),
        ("Authorization", "Bearer a.b.c"),
        ("Authorization", "Basic \udcff"),
        ("chatgpt-account-id", ""),
        ("user-agent", ""),
        ("accept", "a"),
        ("Accept", "b"),
    ]
    upstream = await passed(net, body(prompt_cache_key="s"), *odd)

    wanted = request_bytes("chatgpt.com", RESPONSES, [JSON, *odd], body(prompt_cache_key="s"))
    assert upstream.last.raw == wanted.replace(b"\r\n\r\n", b"\r\nsession-id: s\r\n\r\n", 1)
    assert said(caplog) == []
