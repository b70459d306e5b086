"""The content encodings of a request body."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from embedded_backend import encodings

BODY = b'{"model":"gpt-5.5"}' * 100


def _streamed_zstd() -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(BODY) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY)[2:-4]),
        ("br", brotli.compress(BODY)),
        ("zstd", zstandard.compress(BODY)),
        (" ZSTD ", _streamed_zstd()),
    ],
)
def test_a_body_is_decoded(encoding: str, body: bytes) -> None:
    assert encodings.decode(body, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "snappy"])
def test_a_body_in_another_encoding_is_a_value_error(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        encodings.decode(b"plain text", encoding)
