"""Decoders for HTTP content codings, with bounded output so that a small decompression bomb cannot fill the memory.

Encoding is left to mitmproxy. Decoding is not: its decoders have no size limit and cannot follow a stream. Here, each
decoder takes encoded bytes in small steps and yields decoded pieces, so its reader can stop at any time: `decode` stops
at the size limit of a body, and a stream, which has no such limit, is stopped when its output is out of all proportion
to its input. The libraries are those that mitmproxy itself depends on; for zstd they differ from version to version.
"""

import contextlib
import importlib
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import brotli

from ..install_hints import ZSTD_MODULES

_PIECE = 1 << 16
"""Decoded bytes in one piece, for libraries that accept a limit."""

_ZLIB_HEADER = 2
"""Bytes that tell gzip, zlib and a raw deflate stream apart (RFC 1950, 2.2; RFC 1952, 2.3.1)."""

_MAX_RATIO, _FREE_BYTES = 200, 32 << 20
"""A stream may decode to this many bytes for each encoded one, plus a fixed allowance. Event streams, which are very
repetitive, stay below a ratio of 100; brotli can encode a gigabyte in 3 kB.
"""

_TOO_LARGE = "it is over the size limit (option codex_body_limit)"


class DecompressionBomb(Exception):
    """A stream that decodes to far more bytes than a real one would."""


def _zstd_library() -> Any:
    """Return the first module that is there; two have one interface, and all have the parts of it that are used."""
    for name in ZSTD_MODULES:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ImportError(f"there is none of {', '.join(ZSTD_MODULES)}")


_zstd = _zstd_library()

DECODE_ERRORS = (zlib.error, brotli.error, _zstd.ZstdError, DecompressionBomb)
"""Errors of a stream that cannot be decoded any further."""


class Undecodable(ValueError):
    """A body whose content coding is unknown, damaged, cut short or over the limit; the text is fit for a log."""


class Decoder(Protocol):
    """An incremental decoder: takes encoded bytes, yields decoded pieces, raises DECODE_ERRORS."""

    def __call__(self, data: bytes, /) -> Iterator[bytes]: ...

    @property
    def finished(self) -> bool:
        """True if the input so far is complete."""


class IdentityDecoder:
    """No coding at all."""

    finished = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Stepwise(ABC):
    """A decoder that takes `step` bytes at a time."""

    step = 1 << 14
    """When a piece is full or a gzip member ends, a library returns a copy of its unread input. For a large body fed at
    once, the whole rest would be copied again and again."""

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self.step):
            yield from self._decode(data[start : start + self.step])

    @abstractmethod
    def _decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded pieces of one step."""


class Zlib(_Stepwise):
    """gzip and zlib, and the raw deflate stream that some senders call `deflate` (RFC 9110, 8.4.1.2)."""

    def __init__(self) -> None:
        self._stream = _new_zlib_stream()
        self._header = b""

    def _decode(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            if self._stream.eof:  # RFC 1952 allows another member to follow
                self._stream = _new_zlib_stream()
            piece = self._decompress(data)
            yield piece
            data = self._stream.unconsumed_tail or self._stream.unused_data
            more = bool(data) or (len(piece) == _PIECE and not self._stream.eof)

    def _decompress(self, data: bytes) -> bytes:
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


class Brotli(_Stepwise):
    """A brotli stream (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def _decode(self, data: bytes) -> Iterator[bytes]:
        while piece := self._stream.process(data, output_buffer_limit=_PIECE):
            yield piece
            data = b""  # more output may be pending even if `can_accept_more_data` is true (measured on brotli 1.2)

    @property
    def finished(self) -> bool:
        return bool(self._stream.is_finished())


class Zstandard(_Stepwise):
    """zstandard frames, one after another (RFC 8878)."""

    step = 1 << 10
    """The smallest block is 4 bytes and holds at most 128 kB (3.1.1.2), so the output of a step is at most 32 MB."""

    def __init__(self) -> None:
        self._new_frame = _new_zstd_frames()
        self._frame = self._new_frame()

    def _decode(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._frame.eof:
                self._frame = self._new_frame()
            yield self._frame.decompress(data)
            data = self._frame.unused_data

    @property
    def finished(self) -> bool:
        return bool(self._frame.eof)


class BombGuard:
    """A wrapper that stops another decoder whose output exceeds the allowed ratio to its input."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._allowed = _FREE_BYTES

    def __call__(self, data: bytes) -> Iterator[bytes]:
        if self._allowed < 0:  # what follows a gap would be misread
            raise DecompressionBomb
        self._allowed += _MAX_RATIO * len(data)
        for piece in self._decoder(data):
            self._allowed -= len(piece)
            if self._allowed < 0:
                raise DecompressionBomb
            yield piece

    @property
    def finished(self) -> bool:
        return self._decoder.finished


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": IdentityDecoder,
    "identity": IdentityDecoder,
    "gzip": Zlib,
    "x-gzip": Zlib,  # an older name of gzip (RFC 9110, 8.4.1.3)
    "deflate": Zlib,
    "br": Brotli,
    "zstd": Zstandard,
}
_OTHER_NAMES = {"x-gzip": "gzip"}


def decoder_for(coding: str) -> Decoder:
    """Return a new decoder for a stream with this `Content-Encoding` value; it raises DecompressionBomb on a bomb.

    Raises Undecodable if the coding is not known; several stacked codings are not.
    """
    decoder = _new_decoder(coding)
    return decoder if isinstance(decoder, IdentityDecoder) else BombGuard(decoder)


def decode(data: bytes, coding: str, limit: int) -> bytes:
    """Return the decoded body.

    Raises Undecodable if it has more than `limit` bytes, is damaged, or ends before its coding does.
    """
    decoder = _new_decoder(coding)
    try:
        decoded = b"".join(_limited(decoder(data), limit))
    except DECODE_ERRORS:
        raise Undecodable(f"its {coding.strip().lower()} encoding is damaged") from None
    if not decoder.finished:
        raise Undecodable(f"its {coding.strip().lower()} encoding is cut short")
    return decoded


def name_for_encoding(coding: str) -> str:
    """Return the name by which mitmproxy knows how to encode a body in this coding."""
    return _OTHER_NAMES.get(coding.strip().lower(), coding)


def within(data: bytes, limit: int) -> bytes:
    """Return a body that has no content coding. Raises Undecodable if it has more than `limit` bytes."""
    if len(data) > limit:
        raise Undecodable(_TOO_LARGE)
    return data


def _new_decoder(coding: str) -> Decoder:
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


def _new_zstd_frames() -> Callable[[], Any]:
    """Return what makes a decompressor of one frame."""
    decompressor: Callable[[], Any] = _zstd.ZstdDecompressor
    # Only zstandard's has a context, which costs fifty times a small frame: so all frames share it.
    return decompressor().decompressobj if hasattr(decompressor, "decompressobj") else decompressor


def _new_zlib_stream() -> "zlib._Decompress":
    """Return a decompressor that detects gzip or zlib by the header."""
    return zlib.decompressobj(zlib.MAX_WBITS | 32)
