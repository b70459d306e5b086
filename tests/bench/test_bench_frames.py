"""As much of the WebSocket protocol as the benchmark needs."""

import asyncio

import pytest
from codex_bench import frames


async def read(data: bytes) -> tuple[bool, int, bytes]:
    """Return what the head of a frame says."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    return await frames.read_head(reader)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [False, True])
async def test_a_frame_says_its_size(size: int, masked: bool) -> None:
    assert await read(frames.frame(b"x" * size, masked=masked)) == (True, size, bytes(4))


async def test_a_frame_that_more_follow_is_not_the_last() -> None:
    assert await read(b"\x01\x05hello") == (False, 5, bytes(4))


@pytest.mark.parametrize("kept", [1, 4, 6, 11])
def test_the_end_of_a_masked_payload_can_be_read(kept: int) -> None:
    text, mask = b"hello world", b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))

    assert frames.unmasked_end(masked[-kept:], mask, len(text)) == text[-kept:]


def test_a_key_is_answered_as_the_protocol_says() -> None:
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in frames.accepting("dGhlIHNhbXBsZSBub25jZQ==")
