"""As much of the WebSocket protocol as the benchmark needs (RFC 6455)."""

import asyncio
import base64
import hashlib

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FINAL, _FINAL_TEXT = 0x80, 0x81
_MASKED = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_MASK = bytes(4)
"""A mask of zeros is lawful and leaves the bytes as they are."""


def frame(text: bytes, *, masked: bool = False) -> bytes:
    """Return a text message as its frame; those of a client are masked."""
    bit, size = _MASKED if masked else 0, len(text)
    if size < _TWO_BYTES:
        head = bytes([_FINAL_TEXT, bit | size])
    elif size < 1 << 16:
        head = bytes([_FINAL_TEXT, bit | _TWO_BYTES]) + size.to_bytes(2)
    else:
        head = bytes([_FINAL_TEXT, bit | _EIGHT_BYTES]) + size.to_bytes(8)
    return head + (_MASK if masked else b"") + text


async def read_head(reader: asyncio.StreamReader) -> tuple[bool, int, bytes]:
    """Read the head of a frame; return whether it ends a message, the size of what follows, and its mask."""
    first, second = await reader.readexactly(2)
    size = second & 0x7F
    if size >= _TWO_BYTES:
        size = int.from_bytes(await reader.readexactly(2 if size == _TWO_BYTES else 8))
    return bool(first & _FINAL), size, await reader.readexactly(4) if second & _MASKED else _MASK


def unmasked_end(end: bytes, mask: bytes, size: int) -> bytes:
    """Return the last bytes of a payload of this size as they were before they were masked."""
    first = size - len(end)
    return bytes(byte ^ mask[(first + place) % 4] for place, byte in enumerate(end))


def accepting(key: str) -> bytes:
    """Return the answer that opens a WebSocket."""
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    return f"{head}sec-websocket-accept: {accept}\r\n\r\n".encode()
