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
from support.talks import post
from support.upstream import Upstream
from support.wire import COMPACT, JSON, RESPONSES, body, said

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


UNREADABLE: dict[str, tuple[bytes, str, str, dict[str, str]]] = {
    "nothing": (b"", "", "it is not JSON", {}),
    "cut short": (body()[:-1], "", "it is not JSON", {}),
    "UTF-16": (body().decode().encode("utf-16"), "", "it is not JSON", {}),
    "an array": (b'[{"model":"x"}]', "", "it is not a JSON object", {}),
    "too deep": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "", "it is nested too deeply", {}),
    "too large": (body(input="x" * 3000), "", TOO_LARGE, {"codex_body_limit": "2k"}),
    **{
        f"a {coding} bomb": (PACK[coding](BOMB), coding, TOO_LARGE, {"codex_body_limit": "1m"})
        for coding in ("zstd", "gzip", "br", "deflate")
    },
    "cut zstd": (PACK["zstd"](body())[:-6], "zstd", "its zstd encoding is cut short", {}),
    "damaged br": (b"\xff\xff" + PACK["br"](body()), "br", "its br encoding is damaged", {}),
    "no coding at all": (body(), "zstd", "its zstd encoding is damaged", {}),
    "an unknown coding": (body(), "compress", "its content encoding is not one that is understood", {}),
    "a repeated header": (b"x", "gzip and br", "its content encoding is not one that is understood", {}),
    "stacked codings": (
        gzip.compress(gzip.compress(body())),
        "gzip, gzip",
        "its content encoding is not one that is understood",
        {},
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_cannot_be_read_passes_unchanged_with_one_clear_line(
    net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Head and body arrive byte for byte, and the log says why."""
    text, coding, reason, settings = UNREADABLE[name]
    fields = [("session_id", "s"), *(("Content-Encoding", each) for each in coding.split(" and ") if each)]
    sent = request_bytes("chatgpt.com", RESPONSES, fields, text)
    upstream = await net.upstream()
    async with connected(await net.proxy(**settings)) as connection:
        assert (await connection.send(sent)).status == 200

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("A turn to 'chatgpt.com' passes unchanged: " + reason)


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


@pytest.mark.parametrize(
    "text",
    [
        rb'{"input":[{"role":"user","content":"\ud83d"}],"n":1e999,"i":99999999999999999999999}',
        b'{"input":"hi","tools":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"input":"hi","prompt_cache_key" : %s }',
    ],
    ids=["half an emoji and numbers beyond a double", "hundreds of levels", "a key that is null, in its place"],
)
async def test_what_can_be_read_is_edited_and_passes_as_it_is(net: Network, text: bytes) -> None:
    """JavaScript clients cut strings in the middle of an emoji, and tools nest."""
    upstream = await passed(net, text.replace(b"%s", b"null"), ("session_id", "s"))

    edited = text.replace(b"%s", b'"s"') if b"%s" in text else text[:-1] + b',"prompt_cache_key":"s"}'
    assert upstream.last.body == edited


@pytest.mark.parametrize("coding", ["identity", "zstd"])
async def test_a_turn_of_twelve_megabytes_is_edited(net: Network, coding: str) -> None:
    """Long conversations with images are this large."""
    items = [{"role": "user", "content": f"{number} é" + "x" * 12_000} for number in range(1000)]
    upstream = await passed(net, PACK[coding](body(input=items)), ("Content-Encoding", coding), ("session_id", "s"))

    assert UNPACK[coding](upstream.last.body) == body(input=items, prompt_cache_key="s")


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


@pytest.mark.parametrize("stored", [False, True])
async def test_a_request_that_is_streamed_by_option_passes_unchanged(
    net: Network, stored: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With stream_large_bodies it has left before it can be read; that is said at the start and at each such turn."""
    sent = request_bytes("chatgpt.com", RESPONSES, [("session_id", "s")], body(input="x" * 3000))
    upstream = await net.upstream()
    proxy = await net.proxy(stream_large_bodies="2k", store_streamed_bodies=stored)
    async with connected(proxy) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent
    assert ["stream_large_bodies" in line for line in said(caplog)] == [True, True]


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
