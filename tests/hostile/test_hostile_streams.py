"""Hostile responses through the real proxy: every byte arrives as it came, whatever it would mean to read it."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from codexcache.hooks.notify import turn_summaries
from conftest import Network
from support.client import connected
from support.patience import until
from support.talks import Listed, flows
from support.upstream import Exchange, chunk, responding, stream_head
from support.wire import RESPONSES, body, event, said

MIB = 1 << 20
USAGE = {"input_tokens": 9_000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5}
END = event("response.completed", response={"id": "resp_1", "usage": USAGE})
GIANT = 50 * MIB
SESSION = [("session_id", "s")]


def zeros_in_brotli() -> bytes:
    stream = brotli.Compressor(quality=2)
    return b"".join(stream.process(bytes(16 * MIB)) for _ in range(64)) + bytes(stream.finish())


def in_pieces(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


STREAMS: dict[str, Callable[[], list[bytes]]] = {
    "no end of line": lambda: [b"data: " + b"x" * 65_000] * 80,
    "an event of 50 megabytes, and the last": lambda: [
        *in_pieces(b'data: {"type":"response.created","x":"' + b"y" * GIANT + b'"}\n\n', MIB),
        END,
    ],
    "chunks of one byte": lambda: in_pieces(b": ping\r\n\r\n" * 40 + END, 1),
    "a gigabyte in br": lambda: in_pieces(zeros_in_brotli(), 65_536),
    "a gigabyte in gzip": lambda: in_pieces(gzip.compress(bytes(64 * MIB)) * 16, 65_536),
    "256 megabytes in deflate": lambda: in_pieces(zlib.compress(bytes(256 * MIB)), 65_536),
    "a gigabyte in zstd": lambda: in_pieces(zstandard.ZstdCompressor().compress(bytes(64 * MIB)) * 16, 65_536),
    "a gigabyte in gzip, br": lambda: in_pieces(gzip.compress(zeros_in_brotli()), 65_536),
}
"""What is decoded is not decoded to the end."""


@pytest.mark.parametrize("name", STREAMS)
async def test_a_hostile_stream_arrives_and_has_a_verdict(
    net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The counters are read where the stream has them."""
    pieces, coding = STREAMS[name](), name.partition(" in ")[2]
    extra = f"content-encoding: {coding}\r\n".encode() if coding else b""
    await net.upstream(responding(stream_head(extra), *map(chunk, pieces), chunk(b"")))
    proxy = await net.proxy(Listed())
    async with connected(proxy) as connection:
        reply = await connection.post(RESPONSES, SESSION, body())
    await until(lambda: turn_summaries(flows(proxy)[0]))

    assert reply.body == b"".join(pieces)
    assert [turn["verdict"] for turn in turn_summaries(flows(proxy)[0])] == [
        "cold" if END in reply.body else "no_usage"
    ]
    assert said(caplog) == []


async def test_words_of_a_refusal_cannot_steer_a_log(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """A member is named only by letters, digits and underscores."""
    hostile = "Unsupported parameter: tools.\r\n\x1b[2J\r\n\u202e<script>"

    async def refuse(exchange: Exchange) -> None:
        text = b'{"detail":"%s"}' % hostile.encode("unicode_escape").replace(b"\\x", b"\\u00")
        await exchange.send(b"HTTP/1.1 400 no\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text))

    await net.upstream(refuse)
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, SESSION, body(tools=[], model="m\x1b[2J\u202e"))

    assert said(caplog)
    assert all(line.isprintable() for line in said(caplog))


async def test_a_response_with_thousands_of_fields_arrives(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    fields = b"".join(b"x-%d: v\r\n" % number for number in range(1_500))
    await net.upstream(responding(stream_head(fields), chunk(END), chunk(b"")))
    async with connected(await net.proxy()) as connection:
        reply = await connection.post(RESPONSES, SESSION, body())

    assert len(reply.fields) == 1_502
    assert reply.body == END
    assert said(caplog) == []


async def test_a_request_with_thousands_of_fields_arrives(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    upstream = await net.upstream()
    flood = [(f"X-{number}", "v") for number in range(2_000)] + [("x-giant", "v" * 20_000)]
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, [*flood, *SESSION], body())

    assert [field for field in upstream.last.fields if field[0].lower().startswith("x-")][:2_001] == flood
    assert upstream.last.values("session-id") == ["s"]
    assert said(caplog) == []


async def test_a_thousand_sessions_in_one_request_become_one(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    upstream = await net.upstream()
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, [("session-id", f"s{number}") for number in range(1_000)], body())

    assert upstream.last.values("session-id") == ["s0"]
    assert said(caplog) == []
