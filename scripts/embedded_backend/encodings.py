"""The content encodings of a request body: `identity`, `gzip`, `deflate`, `br` and `zstd`."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import zstandard


def decode(body: bytes, encoding: str) -> bytes:
    """Returns the decoded body, or raises ValueError for an encoding that is unknown or a body that is not in it."""
    decoder = _DECODERS.get(encoding.strip().lower())
    if decoder is None:
        raise ValueError(f"unknown content encoding: {encoding}")
    try:
        return decoder(body)
    except (OSError, EOFError, zlib.error, brotli.error, zstandard.ZstdError) as fault:
        raise ValueError(f"not {encoding}: {fault}") from fault


def _inflate(body: bytes) -> bytes:
    # Senders disagree whether `deflate` has the zlib header, so both are taken.
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _unzstd(body: bytes) -> bytes:
    # A streaming sender states no size in the frame header, which the one-shot call insists on.
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def _unbrotli(body: bytes) -> bytes:
    return bytes(brotli.decompress(body))


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
