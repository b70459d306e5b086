"""Bodies are decoded whole or piece by piece, and never beyond the limit."""

import gzip
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import islice

import brotli
import pytest
import zstandard
from codexcache.wire.content_encoding import (
    Brotli,
    Decoder,
    DecompressionBomb,
    Undecodable,
    Zlib,
    Zstandard,
    decode,
    decoder_for,
    within,
)
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.net import encoding
from support.jsontext import prop

BIG = 1 << 30
PIECE = 1 << 16
TEXT = bytes(random.Random(7).choices(b'abcdef {}":,0123456789\n', k=20_000))

type Encoder = Callable[[bytes], bytes]
type Zeros = Callable[[int], bytes]


def raw_deflate(data: bytes, level: int = -1) -> bytes:
    stream = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def quick_brotli(data: bytes) -> bytes:
    """As servers do it while they answer; the best that brotli can do takes 20 s for 20 MB."""
    return bytes(brotli.compress(data, quality=5))


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def zstd_of_unknown_size(data: bytes) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(data) + stream.flush()


def mitmproxys(coding: str) -> Encoder:
    return lambda data: bytes(encoding.encode(data, coding))


SPELLINGS = [
    pytest.param("", bytes, id="no coding"),
    pytest.param("identity", bytes, id="identity"),
    pytest.param(" GZIP ", gzip.compress, id="gzip in any case"),
    pytest.param("gzip", gzip.compress, id="gzip"),
    pytest.param("x-gzip", gzip.compress, id="x-gzip"),
    pytest.param("deflate", zlib.compress, id="deflate as zlib"),
    pytest.param("deflate", raw_deflate, id="deflate as a raw stream"),
    pytest.param("br", quick_brotli, id="brotli"),
    pytest.param("zstd", zstd, id="zstandard"),
    pytest.param("zstd", zstd_of_unknown_size, id="zstandard of unknown size"),
    *(pytest.param(name, mitmproxys(name), id=f"mitmproxy's {name}") for name in ("gzip", "deflate", "br", "zstd")),
]
COMPRESSED = SPELLINGS[3:]


def feed(decoder: Decoder, data: bytes, step: int) -> bytes:
    """Feed a decoder `step` bytes at a time and return all that comes out."""
    chunks = (data[start : start + step] for start in range(0, len(data), step))
    return b"".join(piece for chunk in (*chunks, b"") for piece in decoder(chunk))


@pytest.mark.parametrize(("coding", "encode"), SPELLINGS)
@pytest.mark.parametrize("size", [0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7])
def test_a_body_of_any_size_comes_out_as_it_went_in(coding: str, encode: Encoder, size: int) -> None:
    body = (TEXT * 12)[:size]

    assert decode(encode(body), coding, BIG) == body


@pytest.mark.parametrize(("coding", "encode"), SPELLINGS)
@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_body_that_arrives_in_small_chunks_is_decoded_alike(coding: str, encode: Encoder, step: int) -> None:
    decoder = decoder_for(coding)

    assert (feed(decoder, encode(TEXT), step), decoder.finished) == (TEXT, True)


@prop
@given(st.binary(max_size=200), st.integers(0, 9), st.integers(1, 5))
def test_every_raw_deflate_stream_is_told_from_zlib(body: bytes, level: int, step: int) -> None:
    data = raw_deflate(body, level)

    assert (decode(data, "deflate", BIG), feed(Zlib(), data, step)) == (body, body)


@pytest.mark.parametrize(("coding", "encode"), SPELLINGS)
def test_what_has_arrived_is_decoded_at_once(coding: str, encode: Encoder) -> None:
    """An event must not wait for the next one, so a flushed part comes out whole."""
    decoder = decoder_for(coding)
    data = flushed(coding, b"data: one\n\n") or encode(b"data: one\n\n")

    assert b"".join(decoder(data)) == b"data: one\n\n"


def flushed(coding: str, data: bytes) -> bytes:
    """Return the start of a stream, flushed but not ended."""
    if coding == "br":
        brotli_stream = brotli.Compressor()
        return bytes(brotli_stream.process(data) + brotli_stream.flush())
    if coding == "zstd":
        zstd_stream = zstandard.ZstdCompressor().compressobj()
        return zstd_stream.compress(data) + zstd_stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    if coding in ("gzip", "deflate"):
        stream = zlib.compressobj(wbits=zlib.MAX_WBITS | (16 if coding == "gzip" else 0))
        return stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    return b""


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("zstd", zstd)], ids=["gzip", "zstd"])
@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_several_members_or_frames_are_one_body(coding: str, encode: Encoder, step: int) -> None:
    data = encode(b"one ") + encode(b"") + encode(TEXT) + encode(b" three")

    assert feed(decoder_for(coding), data, step) == decode(data, coding, BIG) == b"one " + TEXT + b" three"


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_skippable_frame_says_nothing(step: int) -> None:
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00more"

    assert feed(Zstandard(), skippable + zstd(b"text"), step) == b"text"


@pytest.mark.parametrize("coding", ["gzip, zstd", "gzip, gzip", "snappy", "gzip;q=1", "compress", "\x1b[31m"])
def test_unknown_and_stacked_codings_are_refused_without_quoting_them(coding: str) -> None:
    with pytest.raises(Undecodable) as refusal:
        decode(TEXT, coding, BIG)

    assert str(refusal.value) == "its content encoding is not one that is understood"


@pytest.mark.parametrize(("coding", "encode"), COMPRESSED)
@pytest.mark.parametrize("kept", [0, 1, 2, 5, 0.5, -1])
def test_a_body_that_is_cut_short_is_refused(coding: str, encode: Encoder, kept: float) -> None:
    data = encode(TEXT)
    end = int(len(data) * kept) if kept == 0.5 else int(kept)

    with pytest.raises(Undecodable, match="cut short"):
        decode(data[:end], coding, BIG)


@pytest.mark.parametrize(("coding", "encode"), COMPRESSED)
def test_a_body_that_is_damaged_is_refused(coding: str, encode: Encoder) -> None:
    data = bytearray(encode(TEXT))
    data[: len(data) // 2] = b"\xa5" * (len(data) // 2)

    with pytest.raises(Undecodable, match=f"its {coding} encoding is (damaged|cut short)"):
        decode(bytes(data), coding, BIG)


@pytest.mark.parametrize(("coding", "encode"), [*COMPRESSED[:3], *COMPRESSED[4:]])
def test_what_follows_a_body_damages_it(coding: str, encode: Encoder) -> None:
    with pytest.raises(Undecodable, match=f"its {coding} encoding is damaged"):
        decode(encode(TEXT) + b"and more", coding, BIG)


@pytest.mark.parametrize(("coding", "encode"), SPELLINGS)
def test_a_body_of_just_the_limit_passes_and_one_byte_more_does_not(coding: str, encode: Encoder) -> None:
    data = encode(TEXT)

    assert decode(data, coding, len(TEXT)) == TEXT
    with pytest.raises(Undecodable, match="over the size limit"):
        decode(data, coding, len(TEXT) - 1)
    assert within(data, len(data)) is data  # as where there is no coding
    with pytest.raises(Undecodable, match="over the size limit"):
        within(data, len(data) - 1)


def gzip_of_zeros(size: int) -> bytes:
    """Return `size` zeros in many gzip members, which is what one long stream comes to."""
    return gzip.compress(bytes(1 << 24)) * (size >> 24)


def brotli_of_zeros(size: int) -> bytes:
    stream = brotli.Compressor(quality=2)
    zeros = bytes(1 << 24)
    return b"".join(stream.process(zeros) for _ in range(size >> 24)) + bytes(stream.finish())


def zstd_of_zeros(size: int) -> bytes:
    """Return one frame of blocks that repeat one byte 128 kB long, the densest that there are (RFC 8878, 3.1.1.2)."""
    header, blocks = b"\x28\xb5\x2f\xfd\x00\x58", size >> 17
    repeat, last = (2 | (1 << 17) << 3).to_bytes(3, "little"), (3 | (1 << 17) << 3).to_bytes(3, "little")
    return header + (repeat + b"\0") * (blocks - 1) + last + b"\0"


BOMBS = [
    pytest.param("gzip", gzip_of_zeros, Zlib, id="gzip"),
    pytest.param("br", brotli_of_zeros, Brotli, id="brotli"),
    pytest.param("zstd", zstd_of_zeros, Zstandard, id="zstandard"),
]


@pytest.mark.parametrize(("coding", "zeros", "decoder"), BOMBS)
def test_a_gigabyte_in_a_small_body_is_refused_soon_and_never_held(coding: str, zeros: Zeros, decoder: type) -> None:
    """A stream of it would keep everything else waiting, and nothing of it is kept anyway."""
    bomb = zeros(1 << 30)
    start = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(Undecodable, match="over the size limit"):
        decode(bomb, coding, 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with pytest.raises(DecompressionBomb):
        whole_stream(coding, bomb)

    assert peak < 80 << 20
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(("coding", "zeros", "decoder"), BOMBS)
def test_a_bomb_is_decoded_in_pieces(coding: str, zeros: Zeros, decoder: Callable[[], Decoder]) -> None:
    pieces = list(islice(decoder()(zeros(1 << 26)), 4))

    assert decode(zeros(1 << 24), coding, BIG) == bytes(1 << 24)
    assert max(len(piece) for piece in pieces) <= 32 << 20


def whole_stream(coding: str, data: bytes, step: int = 1 << 16) -> int:
    """Return how many bytes come out of a stream, read chunk by chunk as a response is."""
    decoder = decoder_for(coding)
    return sum(len(piece) for start in range(0, len(data), step) for piece in decoder(data[start : start + step]))


def test_a_stream_that_was_given_up_stays_so() -> None:
    """What follows on a gap would be misread."""
    decoder = decoder_for("br")
    for chunk in (brotli_of_zeros(1 << 27), b"\0" * 1000):
        with pytest.raises(DecompressionBomb):
            list(decoder(chunk))


@pytest.mark.parametrize(("coding", "encode"), COMPRESSED)
def test_a_stream_that_repeats_itself_a_lot_is_read_to_its_end(coding: str, encode: Encoder) -> None:
    """As event streams do. This one has more than any stream may have whatever its coding."""
    events = b"".join(b'event: delta\ndata: {"item_id":"msg_1","n":%d}\n\n' % number for number in range(1_000_000))

    assert whole_stream(coding, encode(events)) == len(events)
