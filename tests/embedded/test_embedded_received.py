"""What is kept of a request, a handshake and a frame, and how a body is decoded."""

import gzip
import zlib
from dataclasses import replace

import pytest
import zstandard
from embedded_backend import Received
from embedded_backend.received import decode

BODY = b'{"model":"gpt-5.5"}' * 100
REQUEST = Received(
    kind="request",
    host="chatgpt.com",
    method="POST",
    path="/backend-api/codex/responses?a=b",
    headers=(("content-encoding", "zstd"), ("cookie", "a"), ("cookie", "b")),
    body=zstandard.compress(b'{"model":"gpt-5.5"}'),
)


def test_a_header_is_found_by_any_spelling_of_its_name() -> None:
    assert REQUEST.header("Cookie") == "a"
    assert REQUEST.header("session-id") is None


def test_a_body_is_read_decoded_but_a_frame_is_not_in_the_encoding_that_its_handshake_names() -> None:
    assert REQUEST.json == {"model": "gpt-5.5"}
    assert replace(REQUEST, kind="frame", body=b"{}").json == {}


def test_a_body_that_is_not_json_is_a_value_error() -> None:
    received = replace(REQUEST, headers=(), body=b"text")

    assert received.json_or_none is None
    with pytest.raises(ValueError, match="line 1 column"):
        _ = received.json


@pytest.mark.parametrize("body", [REQUEST.body, b"\x00 not decodable"])
def test_a_recorded_line_reads_back_as_it_was(body: bytes) -> None:
    received = replace(REQUEST, body=body)

    assert received == Received.from_line(received.to_line())


def streamed_zstd() -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(BODY) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("", BODY), ("gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)[2:-4]), (" ZSTD ", streamed_zstd())],
    ids=["none", "gzip", "deflate without its head", "zstd without its size"],
)
def test_a_body_is_decoded(encoding: str, body: bytes) -> None:
    assert decode(body, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "snappy", "utf-8"])
def test_a_body_in_another_encoding_is_a_value_error(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        decode(b"plain text", encoding)
