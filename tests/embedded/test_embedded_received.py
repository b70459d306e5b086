"""What is kept of a request, as it is recorded, and how a body is decoded."""

import gzip
import zlib

import pytest
import zstandard
from embedded_backend import Received
from embedded_backend.received import decode

BODY = b'{"model":"gpt-5.5"}' * 100
STREAMED = zstandard.ZstdCompressor(write_content_size=False).compress(BODY)


@pytest.mark.parametrize("body", [zstandard.compress(b"{}"), b"\x00 not decodable"])
def test_a_recorded_line_reads_back_as_it_was(body: bytes) -> None:
    received = Received(
        kind="request",
        host="chatgpt.com",
        method="POST",
        path="/backend-api/codex/responses?a=b",
        headers=(("content-encoding", "zstd"), ("cookie", "a"), ("cookie", "b")),
        body=body,
    )

    assert received == Received.from_line(received.to_line())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("", BODY), ("gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)[2:-4]), (" ZSTD ", STREAMED)],
    ids=["none", "gzip", "deflate without its head", "zstd without its size"],
)
def test_a_body_is_decoded(encoding: str, body: bytes) -> None:
    assert decode(body, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "snappy", "utf-8"])
def test_a_body_in_another_encoding_is_a_value_error(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        decode(b"plain text", encoding)
