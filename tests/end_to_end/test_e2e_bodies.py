"""Bodies on the wire: codings, and everything that is not a turn's JSON or is too much of it."""

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import orjson
import pytest
import zstandard
from conftest import Stage
from support.client import Field, connected, request_bytes
from support.upstream import Upstream
from support.wire import COMPACT, RESPONSES, body, said

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


async def passed(stage: Stage, text: bytes, *fields: Field, **settings: Any) -> Upstream:
    """Send a body through the proxy and return what it arrived at."""
    upstream = await stage.upstream()
    async with connected(await stage.proxy(**settings)) as connection:
        await connection.post(RESPONSES, fields, text)
    return upstream


@pytest.mark.parametrize("coding", PACK)
async def test_an_edited_body_leaves_in_the_coding_in_which_it_came(stage: Stage, coding: str) -> None:
    """The header stays as the client spelled it, and the length is the new one."""
    upstream = await passed(stage, PACK[coding](body()), ("Content-Encoding", coding), ("session_id", "s"))

    assert UNPACK[coding.lower()](upstream.last.body) == body(prompt_cache_key="s")
    assert upstream.last.values("content-encoding") == [coding]
    assert upstream.last.values("content-length") == [str(len(upstream.last.body))]


@pytest.mark.parametrize("coding", PACK)
async def test_an_unedited_body_keeps_the_clients_own_compressed_bytes(stage: Stage, coding: str) -> None:
    """Headers are completed, but nobody packs anew what did not change."""
    packed = PACK[coding](body(prompt_cache_key="k"))
    upstream = await passed(stage, packed, ("Content-Encoding", coding))

    assert upstream.last.body == packed
    assert upstream.last.values("session-id") == ["k"]


async def test_a_chunked_request_stays_chunked(stage: Stage) -> None:
    """No length is made up for a body that came without one."""
    upstream = await stage.upstream()
    text = body()
    head = f"POST {RESPONSES} HTTP/1.1\r\nHost: chatgpt.com\r\nsession_id: s\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with connected(await stage.proxy()) as connection:
        await connection.send(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))

    assert upstream.last.body == body(prompt_cache_key="s")
    assert upstream.last.values("content-length") == []
    assert upstream.last.values("transfer-encoding") == ["chunked"]


BOMB = b'{"input":"' + b" " * 4_000_000 + b'"}'
NOT_JSON = "it is not JSON"
NOT_OBJECT = "it is not a JSON object"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "zstd"])
async def test_a_body_in_several_parts_is_read_whole(stage: Stage, coding: str) -> None:
    """mitmproxy itself reads the first member of a gzip file only. Without the addon it passes as it came."""
    parts = b"".join(PACK[coding](part) for part in (body()[:20], body()[20:30], body()[30:]))
    fields = ("Content-Encoding", coding), ("session_id", "s")
    edited = (await passed(stage, parts, *fields)).last
    untouched = (await passed(stage, parts, *fields, addon=object())).last

    assert UNPACK[coding](edited.body) == body(prompt_cache_key="s")
    assert edited.values("content-encoding") == untouched.values("content-encoding") == [coding]
    assert untouched.body == parts


UNREADABLE: dict[str, tuple[bytes, str, str, dict[str, str]]] = {
    "text": (b"hello", "", NOT_JSON, {}),
    "nothing": (b"", "", NOT_JSON, {}),
    "white space": (b" \n", "", NOT_JSON, {}),
    "an array": (b'[{"model":"x"}]', "", NOT_OBJECT, {}),
    "a string": (b'"prompt_cache_key"', "", NOT_OBJECT, {}),
    "a number": (b"1", "", NOT_OBJECT, {}),
    "null": (b"null", "", NOT_OBJECT, {}),
    "cut short": (body()[:-1], "", NOT_JSON, {}),
    "two objects": (b"{}{}", "", NOT_JSON, {}),
    "a final comma": (b'{"a":1,}', "", NOT_JSON, {}),
    "single quotes": (b"{'a':1}", "", NOT_JSON, {}),
    "NaN": (b'{"a":NaN}', "", NOT_JSON, {}),
    "a byte order mark": (b"\xef\xbb\xbf" + body(), "", NOT_JSON, {}),
    "UTF-16": (body().decode().encode("utf-16"), "", NOT_JSON, {}),
    "invalid UTF-8": (b'{"input":"\xff\xfe"}', "", NOT_JSON, {}),
    "a raw surrogate": (b'{"input":"\xed\xa0\x80"}', "", NOT_JSON, {}),
    "too deep": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "", "it is nested too deeply", {}),
    "too large": (
        body(input="x" * 3000),
        "",
        "it is over the size limit (option codex_body_limit)",
        {"codex_body_limit": "2k"},
    ),
    **{
        f"a {coding} bomb": (
            PACK[coding](BOMB),
            coding,
            "it is over the size limit (option codex_body_limit)",
            {"codex_body_limit": "1m"},
        )
        for coding in ("zstd", "gzip", "br", "deflate")
    },
    **{
        f"cut {coding}": (PACK[coding](body())[:-6], coding, f"its {coding} encoding is cut short", {})
        for coding in ("zstd", "gzip", "br", "deflate")
    },
    **{
        f"damaged {coding}": (b"\xff\xff" + PACK[coding](body()), coding, f"its {coding} encoding is damaged", {})
        for coding in ("zstd", "gzip", "br")
    },
    "no coding at all": (body(), "zstd", "its zstd encoding is damaged", {}),
    "an unknown coding": (body(), "compress", "its content encoding is not one that is understood", {}),
    "stacked codings": (
        gzip.compress(gzip.compress(body())),
        "gzip, gzip",
        "its content encoding is not one that is understood",
        {},
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_cannot_be_read_passes_unchanged_with_one_clear_line(
    stage: Stage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Head and body arrive byte for byte, and the log says why."""
    text, coding, reason, settings = UNREADABLE[name]
    fields = [("session_id", "s"), *([("Content-Encoding", coding)] if coding else [])]
    sent = request_bytes("chatgpt.com", RESPONSES, fields, text)
    upstream = await stage.upstream()
    async with connected(await stage.proxy(**settings)) as connection:
        assert (await connection.send(sent)).status == 200

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("A turn to 'chatgpt.com' passes unchanged: " + reason)


async def test_two_content_encodings_pass_unchanged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A repeated header means stacked codings."""
    sent = request_bytes("chatgpt.com", RESPONSES, [("content-encoding", "gzip"), ("Content-Encoding", "br")], b"x")
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 1


@pytest.mark.parametrize(
    "value", [b"null", b"true", b"7", b"1e400", b"[]", b'["k"]', b"{}", b'""', b'" "', rb'"\u0000"', rb'"\ud800"']
)
async def test_a_key_of_any_other_kind_is_as_if_absent(
    stage: Stage, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The session takes its place, in its place."""
    text = b'{"model":"m", "prompt_cache_key" : %s ,"input":"hi"}'
    upstream = await passed(stage, text % value, ("session_id", "s"))

    assert upstream.last.body == text % b'"s"'
    assert said(caplog) == []


ODD_VALUES: list[Any] = [None, True, 7, 1.5, "", "x", [], [[]], [None, 7, "x", {"role": 7}], {}, {"id": 7}]


@pytest.mark.parametrize(
    "member", ["input", "instructions", "model", "client_metadata", "metadata", "conversation", "type", "generate"]
)
async def test_members_of_odd_kinds_are_no_obstacle(
    stage: Stage, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The turn is edited as any other, without a word."""
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        for value in ODD_VALUES:
            await connection.post(RESPONSES, [("session_id", "s")], body(**{member: value}))
            assert upstream.last.body == body(**{member: value, "prompt_cache_key": "s"})

    assert said(caplog) == []


async def test_lone_surrogates_and_numbers_beyond_a_double_pass_as_they_are(stage: Stage) -> None:
    """JavaScript clients cut strings in the middle of an emoji."""
    text = rb'{"input":[{"role":"user","content":"\ud83d"}],"n":1e999,"i":99999999999999999999999}'
    upstream = await passed(stage, text, ("session_id", "s"))

    assert upstream.last.body == text[:-1] + b',"prompt_cache_key":"s"}'


async def test_a_deep_body_that_can_be_read_is_edited(stage: Stage) -> None:
    """Tools nest; hundreds of levels are no fault."""
    text = b'{"input":"hi","tools":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"
    upstream = await passed(stage, text, ("session_id", "s"))

    assert upstream.last.body == text[:-1] + b',"prompt_cache_key":"s"}'


@pytest.mark.parametrize("coding", ["identity", "zstd"])
async def test_a_turn_of_twelve_megabytes_is_edited(stage: Stage, coding: str) -> None:
    """Long conversations with images are this large."""
    items = [{"role": "user", "content": f"{number} é" + "x" * 12_000} for number in range(1000)]
    upstream = await passed(stage, PACK[coding](body(input=items)), ("Content-Encoding", coding), ("session_id", "s"))

    assert UNPACK[coding](upstream.last.body) == body(input=items, prompt_cache_key="s")


async def test_the_size_limit_can_be_changed_while_the_proxy_runs(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """And counts decoded bytes."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(codex_body_limit="1k")
    packed = gzip.compress(body(input="x" * 2000))
    assert len(packed) < 1000
    async with connected(proxy) as connection:
        await connection.post(COMPACT, [("content-encoding", "gzip"), ("session_id", "s")], packed)
        assert upstream.last.body == packed
        proxy.master.options.update(codex_body_limit="1m")
        await connection.post(COMPACT, [("content-encoding", "gzip"), ("session_id", "s")], packed)

    assert orjson.loads(gzip.decompress(upstream.last.body))["prompt_cache_key"] == "s"
    assert len(said(caplog)) == 1


@pytest.mark.parametrize("stored", [False, True])
async def test_a_request_that_is_streamed_by_option_passes_unchanged(
    stage: Stage, stored: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With stream_large_bodies it has left before it can be read; that is said at the start and at each such turn."""
    sent = request_bytes("chatgpt.com", RESPONSES, [("session_id", "s")], body(input="x" * 3000))
    upstream = await stage.upstream()
    proxy = await stage.proxy(stream_large_bodies="2k", store_streamed_bodies=stored)
    async with connected(proxy) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 2
    assert "stream_large_bodies" in said(caplog)[0]
    assert "stream_large_bodies" in said(caplog)[1]


async def test_repeated_and_odd_header_fields_do_not_hurt(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
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
    upstream = await passed(stage, body(prompt_cache_key="s"), *odd)

    wanted = request_bytes("chatgpt.com", RESPONSES, odd, body(prompt_cache_key="s"))
    assert upstream.last.raw == wanted.replace(b"\r\n\r\n", b"\r\nsession-id: s\r\n\r\n", 1)
    assert said(caplog) == []


async def test_a_session_of_bytes_that_are_no_text_is_as_if_absent(stage: Stage) -> None:
    """It cannot be a key, and it is replaced by one."""
    upstream = await passed(stage, body(prompt_cache_key="k"), ("session_id", "\udcff"))

    assert upstream.last.values("session_id") == ["k"]
