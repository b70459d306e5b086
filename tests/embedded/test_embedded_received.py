"""What is kept of a request, a handshake and a frame."""

import pytest
import zstandard
from embedded_backend import Received

REQUEST = Received(
    kind="request",
    host="chatgpt.com",
    method="POST",
    path="/backend-api/codex/responses?a=b",
    headers=(("content-encoding", "zstd"), ("cookie", "a"), ("cookie", "b")),
    body=zstandard.compress(b'{"model":"gpt-5.5"}'),
)


def test_the_body_is_kept_as_it_came_and_read_decoded() -> None:
    assert zstandard.compress(b'{"model":"gpt-5.5"}') == REQUEST.body
    assert REQUEST.json == {"model": "gpt-5.5"}


def test_a_header_is_found_by_any_spelling_of_its_name() -> None:
    assert REQUEST.header("Cookie") == "a"
    assert REQUEST.header("session-id") is None


def test_a_frame_is_not_in_the_encoding_that_its_handshake_names() -> None:
    frame = Received(
        kind="frame", host="h", method="GET", path="/", headers=(("content-encoding", "zstd"),), body=b"{}", socket=1
    )

    assert frame.json == {}


def test_a_body_that_is_not_json_is_a_value_error() -> None:
    received = Received(kind="request", host="h", method="POST", path="/", headers=(), body=b"text")

    with pytest.raises(ValueError, match="line 1 column"):
        _ = received.json


@pytest.mark.parametrize("body", [REQUEST.body, b"\x00 not decodable"])
def test_a_recorded_line_reads_back_as_it_was(body: bytes) -> None:
    received = Received(kind="request", host="h", method="POST", path="/", headers=REQUEST.headers, body=body)

    assert received == Received.from_line(received.to_line())
