"""Content codings, decoded in bounded pieces so that a small bomb cannot fill the memory.

Encoding is left to mitmproxy; decoding is not, because its decoders know no limit and cannot follow a stream. The
libraries are those that mitmproxy itself depends on.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli
import zstandard

_PIECE = 1 << 16
"""Decoded bytes handed out at a time, where the library can be told so."""

_STEP = 1 << 14
"""Encoded bytes fed at a time. What a library has not read when a piece is full, or when a gzip member ends, it hands
back as a copy; of a large body that would be a copy of the whole rest, again and again.
"""

_ZSTANDARD_STEP = 1 << 10
"""Encoded bytes fed to zstandard at a time. Its smallest block is 4 bytes and holds at most 128 kB (RFC 8878, 3.1.1.2),
so that one step cannot grow beyond 32 MB."""

_ZLIB_HEADER = 2
"""Bytes by which gzip, zlib and a raw deflate stream are told apart (RFC 1950, 2.2; RFC 1952, 2.3.1)."""


_SWELL, _SPARE = 200, 32 << 20
"""Decoded bytes that a stream may have for each encoded one, and besides. Event streams, which repeat themselves a lot,
stay below a hundred; brotli can say a gigabyte in 3 kB.
"""


class DecompressionBomb(Exception):
    """A stream that decodes to so much that it can only be meant to keep its reader busy."""


DAMAGED = (zlib.error, brotli.error, zstandard.ZstdError, DecompressionBomb)
"""What is raised for a stream that cannot be read on."""


_TOO_LARGE = "it is over the size limit (option codex_body_limit)"


class Undecodable(ValueError):
    """A body whose content coding is unknown, damaged, cut short or beyond the limit; the text is fit for a log."""


class Decoder(Protocol):
    """An incremental decoder: encoded bytes in, decoded pieces out, errors of its library raised as they come."""

    def __call__(self, data: bytes, /) -> Iterator[bytes]: ...

    @property
    def finished(self) -> bool:
        """Whether what was fed so far is complete."""


class IdentityDecoder:
    """No coding at all."""

    finished = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        yield data


class Zlib:
    """gzip and zlib; also the raw deflate stream that some senders mean by `deflate` (RFC 9110, 8.4.1.2)."""

    def __init__(self) -> None:
        self._stream = _inflater()
        self._header = b""

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for part in _cut(data, _STEP):
            yield from self._step(part)

    def _step(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            if self._stream.eof:  # RFC 1952 lets another member follow
                self._stream = _inflater()
            piece = self._inflate(data)
            yield piece
            data = self._stream.unconsumed_tail or self._stream.unused_data
            more = bool(data) or (len(piece) == _PIECE and not self._stream.eof)

    def _inflate(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, _PIECE)
        except zlib.error:
            if len(self._header) == _ZLIB_HEADER:
                raise
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._stream.decompress(self._header + data, _PIECE)
        finally:
            self._header += data[: _ZLIB_HEADER - len(self._header)]

    @property
    def finished(self) -> bool:
        return self._stream.eof


class Brotli:
    """A brotli stream (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for part in _cut(data, _STEP):
            yield from self._step(part)

    def _step(self, data: bytes) -> Iterator[bytes]:
        while piece := self._stream.process(data, output_buffer_limit=_PIECE):
            yield piece
            data = b""  # there may be more to come, also when `can_accept_more_data` (measured on brotli 1.2)

    @property
    def finished(self) -> bool:
        return bool(self._stream.is_finished())


class Zstandard:
    """zstandard frames, one after the other (RFC 8878)."""

    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor()  # costs fifty times a small frame, so all frames share it
        self._stream = self._context.decompressobj()

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for part in _cut(data, _ZSTANDARD_STEP):
            yield from self._step(part)

    def _step(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = self._context.decompressobj()
            yield self._stream.decompress(data)
            data = self._stream.unused_data

    @property
    def finished(self) -> bool:
        return self._stream.eof


class BombGuard:
    """Another decoder, given up when what it reads swells beyond measure."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._room = _SPARE

    def __call__(self, data: bytes) -> Iterator[bytes]:
        if self._room < 0:  # what follows a gap would be misread
            raise DecompressionBomb
        self._room += _SWELL * len(data)
        for piece in self._decoder(data):
            self._room -= len(piece)
            if self._room < 0:
                raise DecompressionBomb
            yield piece

    @property
    def finished(self) -> bool:
        return self._decoder.finished


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": IdentityDecoder,
    "identity": IdentityDecoder,
    "gzip": Zlib,
    "deflate": Zlib,
    "br": Brotli,
    "zstd": Zstandard,
}


def decoder_for(coding: str) -> Decoder:
    """Return a fresh decoder for a stream with this `Content-Encoding` value; a bomb it gives up.

    Raises Undecodable for a coding that is not known, several stacked ones included.
    """
    decoder = _unmeasured(coding)
    return decoder if isinstance(decoder, IdentityDecoder) else BombGuard(decoder)


def decode(data: bytes, coding: str, limit: int) -> bytes:
    """Return the decoded body.

    Raises Undecodable where it has more than `limit` bytes, is damaged, or ends before its coding does.
    """
    decoder = _unmeasured(coding)
    try:
        decoded = b"".join(_limited(decoder(data), limit))
    except DAMAGED:
        raise Undecodable(f"its {coding.strip().lower()} encoding is damaged") from None
    if not decoder.finished:
        raise Undecodable(f"its {coding.strip().lower()} encoding is cut short")
    return decoded


def within(data: bytes, limit: int) -> bytes:
    """Return a body that came without any coding. Raises Undecodable where it has more than `limit` bytes."""
    if len(data) > limit:
        raise Undecodable(_TOO_LARGE)
    return data


def _unmeasured(coding: str) -> Decoder:
    try:
        return _DECODERS[coding.strip().lower()]()
    except KeyError:
        raise Undecodable("its content encoding is not one that is understood") from None


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise Undecodable(_TOO_LARGE)
        yield piece


def _cut(data: bytes, step: int) -> Iterator[bytes]:
    return (data[start : start + step] for start in range(0, len(data), step))


def _inflater() -> "zlib._Decompress":
    """Return a decompressor that tells gzip from zlib by itself."""
    return zlib.decompressobj(zlib.MAX_WBITS | 32)
