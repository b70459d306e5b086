"""The soak's backend reads what it gets from a proxy."""

import asyncio

import pytest
from codex_bench import frames
from codex_soak.backend import read_message


async def read(*pieces: bytes) -> bytes | None:
    """Return the message that arrives in these bytes."""
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return await read_message(reader)


def masked(text: bytes, mask: bytes = b"\x01\xf0\x22\x7f") -> bytes:
    """Return a client's message with a mask that hides it."""
    plain = frames.frame(text, masked=True)
    head = plain[: len(plain) - len(text) - len(mask)]
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536, 70_001])
async def test_a_message_of_any_size_is_read(size: int) -> None:
    text = bytes(place % 251 for place in range(size))

    assert await read(masked(text)) == text


async def test_a_message_in_several_frames_is_one() -> None:
    first, last = masked(b"in "), masked(b"pieces")

    assert await read(bytes([0x01]) + first[1:], bytes([0x80]) + last[1:]) == b"in pieces"


async def test_a_farewell_is_no_message() -> None:
    assert await read(bytes([0x88]) + masked(b"\x03\xe8")[1:]) is None


async def test_a_connection_that_ends_in_a_frame_is_an_error() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read(masked(b"hello")[:-1])
