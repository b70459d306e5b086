"""Hostile responses through the real proxy: every byte arrives as it came, whatever it would mean to read it."""

import gzip
import itertools
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from codexcache.hooks.notify import turn_summaries
from conftest import Stage
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


async def heard(stage: Stage, *pieces: bytes, coding: str = "") -> tuple[bytes, list[str]]:
    """Have a turn whose response is an event stream of these chunks; return what arrived, and the turn's verdicts."""
    extra = f"content-encoding: {coding}\r\n".encode() if coding else b""
    await stage.upstream(responding(stream_head(extra), *map(chunk, pieces), chunk(b"")))
    listed = Listed()
    proxy = await stage.proxy(listed)
    async with connected(proxy) as connection:
        reply = await connection.post(RESPONSES, SESSION, body())
    await until(lambda: turn_summaries(flows(proxy)[0]))
    return reply.body, [str(turn["verdict"]) for turn in turn_summaries(flows(proxy)[0])]


async def test_a_stream_with_no_end_of_line_arrives(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It says nothing, and the turn's verdict says so."""
    pieces = [b"data: " + b"x" * 65_000] * 80
    arrived, verdict = await heard(stage, *pieces)

    assert arrived == b"".join(pieces)
    assert verdict == ["no_usage"]
    assert said(caplog) == []


async def test_an_event_of_50_megabytes_arrives_and_the_next_one_is_read(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    giant = b'data: {"type":"response.created","x":"' + b"y" * GIANT + b'"}\n\n'
    pieces = [giant[start : start + MIB] for start in range(0, len(giant), MIB)]
    arrived, verdict = await heard(stage, *pieces, END)

    assert arrived == giant + END
    assert verdict == ["cold"]
    assert said(caplog) == []


async def test_a_stream_of_chunks_of_one_byte_arrives_and_is_read(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    text = b": ping\r\n\r\n" * 40 + END
    arrived, verdict = await heard(stage, *(bytes([byte]) for byte in text))

    assert arrived == text
    assert verdict == ["cold"]
    assert said(caplog) == []


def zeros_in_brotli() -> bytes:
    stream = brotli.Compressor(quality=2)
    return b"".join(stream.process(bytes(16 * MIB)) for _ in range(64)) + bytes(stream.finish())


BOMBS: dict[str, Callable[[], bytes]] = {
    "br": zeros_in_brotli,
    "gzip": lambda: gzip.compress(bytes(64 * MIB)) * 16,
    "deflate": lambda: zlib.compress(bytes(256 * MIB)),
    "zstd": lambda: zstandard.ZstdCompressor().compress(bytes(64 * MIB)) * 16,
    "gzip, br": lambda: gzip.compress(zeros_in_brotli()),
}


@pytest.mark.parametrize("coding", BOMBS)
async def test_a_response_that_decodes_to_a_gigabyte_arrives_coded(
    stage: Stage, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not decoded to the end."""
    bomb = BOMBS[coding]()
    pieces = [bytes(part) for part in itertools.batched(bomb, 65_536)]
    arrived, verdict = await heard(stage, *pieces, coding=coding)

    assert arrived == bomb
    assert verdict == ["no_usage"]
    assert said(caplog) == []


async def test_words_of_a_refusal_cannot_steer_a_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A member is named only by letters, digits and underscores."""
    hostile = "Unsupported parameter: tools\x1b[2J\r\n\u202e<script>"

    async def refuse(exchange: Exchange) -> None:
        text = b'{"detail":"%s"}' % hostile.encode("unicode_escape").replace(b"\\x", b"\\u00")
        await exchange.send(b"HTTP/1.1 400 no\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text))

    await stage.upstream(refuse)
    async with connected(await stage.proxy()) as connection:
        await connection.post(RESPONSES, SESSION, body(tools=[], model="m\x1b[2J\u202e"))

    assert said(caplog)
    assert all(line.isprintable() for line in said(caplog))


async def test_a_response_with_thousands_of_fields_arrives(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    fields = b"".join(b"x-%d: v\r\n" % number for number in range(1_500))
    await stage.upstream(responding(stream_head(fields), chunk(END), chunk(b"")))
    async with connected(await stage.proxy()) as connection:
        reply = await connection.post(RESPONSES, SESSION, body())

    assert len(reply.fields) == 1_502
    assert reply.body == END
    assert said(caplog) == []


async def test_a_request_with_thousands_of_fields_arrives_with_its_session(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    upstream = await stage.upstream()
    flood = [(f"X-{number}", "v") for number in range(2_000)] + [("x-giant", "v" * 20_000)]
    async with connected(await stage.proxy()) as connection:
        await connection.post(RESPONSES, [*flood, *SESSION], body())

    assert [field for field in upstream.last.fields if field[0].lower().startswith("x-")][:2_001] == flood
    assert upstream.last.values("session-id") == ["s"]
    assert said(caplog) == []


async def test_a_thousand_sessions_in_one_request_become_one(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        await connection.post(RESPONSES, [("session-id", f"s{number}") for number in range(1_000)], body())

    assert upstream.last.values("session-id") == ["s0"]
    assert said(caplog) == []
