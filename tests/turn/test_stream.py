"""The listener never alters, delays or loses a byte of a response."""

import gzip
import json
import zlib

import pytest
from codexcache.turn.response import ResponseInfo
from codexcache.turn.stream import BodyBuffer, Reader, Tap, reader_for
from codexcache.wire.content_encoding import Undecodable
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop

EVENTS = b'data: {"type":"response.completed","response":{"id":"r1"}}\n\ndata: {"type":"response.done"}\n\n'


def reader_into(info: ResponseInfo, *, coding: str = "", event_stream: bool = True, limit: int = 1000) -> Reader:
    return reader_for(info, coding=coding, event_stream=event_stream, limit=limit, on_finished=lambda: None)


def read(body: bytes, *, coding: str = "", event_stream: bool = True, step: int = 7, limit: int = 1000) -> ResponseInfo:
    """Return what a reader knows after a whole response."""
    response_info = ResponseInfo(status=200)
    reader = reader_into(response_info, coding=coding, event_stream=event_stream, limit=limit)
    for start in range(0, len(body), step):
        reader.feed(body[start : start + step])
    reader.feed(b"")
    return response_info


@pytest.mark.parametrize("coding", ["", "identity", "gzip", "GZIP"])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_event_stream_is_read_whatever_its_coding_and_its_chunks(coding: str, step: int) -> None:
    response_info = read(gzip.compress(EVENTS) if "z" in coding.lower() else EVENTS, coding=coding, step=step)

    assert (response_info.response_id, response_info.finished) == ("r1", True)


@pytest.mark.parametrize(
    ("event_stream", "start", "finished"),
    [
        pytest.param(True, EVENTS[: EVENTS.index(b"\n\n") + 2], True, id="by the last event of a stream"),
        pytest.param(True, EVENTS[:40], False, id="not by a part of one"),
        pytest.param(False, b'{"id":"r1"}', False, id="nor by a whole body before its end"),
    ],
)
def test_a_turn_is_finished_before_the_body_ends(event_stream: bool, start: bytes, finished: bool) -> None:
    response_info = ResponseInfo()
    reader_into(response_info, event_stream=event_stream).feed(start)

    assert (response_info.finished, response_info.response_id) == (finished, "r1" if finished else None)
    assert not read(EVENTS[:40]).finished


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_whole_body_is_read_at_its_end(coding: str) -> None:
    body = json.dumps({"id": "r1"}).encode()
    response_info = read(gzip.compress(body) if coding else body, coding=coding, event_stream=False)

    assert (response_info.response_id, response_info.finished) == ("r1", True)


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("event_stream", [True, False])
@pytest.mark.parametrize("start", [b"", MARK, b"\r\n"])
@pytest.mark.parametrize("body", [EVENTS, b' {"id":"r1"}', b": ping\n\n" + EVENTS])
@pytest.mark.parametrize("step", [1, 1000])
def test_a_response_is_read_by_what_it_begins_like(event_stream: bool, start: bytes, body: bytes, step: int) -> None:
    """Whatever its label says."""
    response_info = read(start + body, event_stream=event_stream, step=step)

    assert (response_info.response_id, response_info.finished) == ("r1", True)


@pytest.mark.parametrize("event_stream", [True, False])
def test_of_an_empty_response_it_is_known_that_it_was(event_stream: bool) -> None:
    assert read(b"", event_stream=event_stream).cut_short == "its response was empty"
    assert read(b"x", event_stream=event_stream).cut_short == ""


def test_a_body_over_the_limit_or_of_an_unknown_coding_is_not_read() -> None:
    response_info = read(json.dumps({"id": "r1", "x": "y" * 1000}).encode(), event_stream=False)

    assert (response_info.response_id, response_info.finished) == (None, True)
    with pytest.raises(Undecodable):
        reader_into(ResponseInfo(), coding="snappy")


class Failing:
    """A reader that fails at its second chunk."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    is_idle = True

    def feed(self, chunk: bytes) -> None:
        self.heard.append(chunk)
        if len(self.heard) == 2:
            raise zlib.error("damaged")


def test_a_reader_that_fails_is_reported_once_and_the_chunks_pass() -> None:
    reader, faults = Failing(), list[str]()
    tap = Tap(lambda error: faults.append(type(error).__name__), reader, BodyBuffer(1000))
    dull = b'data: {"type":"response.output_text.delta"}\n\n'
    chunks = [dull, dull, b"b", b"c", dull]

    assert list(map(tap.listener(), chunks)) == chunks
    assert (reader.heard, faults, tap.release()) == ([dull, b"b"], ["error"], b"".join(chunks))


def test_a_chunk_is_passed_on_as_the_very_object_that_came() -> None:
    chunk = bytes(range(200))

    assert Tap(lambda _: None).listener()(chunk) is chunk
    assert Tap(lambda _: None, body_buffer=BodyBuffer(1)).listener()(chunk) is chunk


def test_what_a_tap_has_kept_is_taken_once_and_its_reader_with_it() -> None:
    reader = Failing()
    tap = Tap(lambda _: None, reader, BodyBuffer(100))
    hear = tap.listener()
    hear(b"abc")

    assert tap.release() == b"abc"
    hear(b"d")
    assert reader.heard == [b"abc"]


@pytest.mark.parametrize(
    ("limit", "held", "kept"),
    [
        pytest.param(5, 5, b"abcde", id="just the limit"),
        pytest.param(4, 0, None, id="one byte too many: nothing, not even in part"),
    ],
)
def test_a_tap_keeps_what_is_not_too_large_if_it_keeps_anything(limit: int, held: int, kept: bytes | None) -> None:
    buffer = BodyBuffer(limit)
    tap = Tap(lambda _: None, body_buffer=buffer)
    for chunk in (b"abc", b"de", b""):
        tap.listener()(chunk)

    assert (buffer.held, tap.release()) == (held, kept)
    assert (Tap(lambda _: None).release(), BodyBuffer(0).release()) == (None, b"")


_DULL = st.sampled_from(
    [
        b'data: {"type":"response.output_text.delta","delta":"a"}\n\n',
        b'data: {"type":"response.output_text.delta","delta":"a"}\r\n\r\n',
        b'event: x\r\ndata: { "type": "response.output_text.delta", "delta": "a"}\r\n\r\n',
        b": ping\n\n",
        b"data: x\n\n",
    ]
)
_PIECE = b'data: {"type":"response.output_text.delta"'
_NOTABLE = st.sampled_from(
    [
        b'event: x\ndata: {"type":"response.completed","response":{"id":"r1"}}\n\n',
        b'data: {"type":\n: "a comment"\ndata: "error"}\n\n',
        b'data: {"type"\ndata: : "response.failed"}\n\n',
        b'data: {"type":"response.created","response":{"id":"r2"}}\r\n\r\n',
        b'data: {"type" : "response.output_item.done","item":{}}\r\r',
        _PIECE + b',"type":"response.failed"}\n\n',
        _PIECE + b"\rdata: }\n\n",
    ]
)
_ODD = st.sampled_from([b"\n", b"\r", b"\r\n", b"data", b": ", b"\xef\xbb\xbf", b'"type"', b'"error"', b"{", b"}"])


@prop
@given(st.lists(st.one_of(_DULL, _DULL, _NOTABLE, _ODD), max_size=12), st.data())
def test_chunks_that_are_not_read_say_nothing(pieces: list[bytes], data: st.DataObject) -> None:
    """Chunks of whole events are not all read; a stream that comes byte by byte has no such chunks."""
    joined = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    chunks: list[bytes] = []
    for piece, goes_on in zip(pieces, joined, strict=True):
        chunks[-1:] = [chunks[-1] + piece] if goes_on and chunks else [*chunks[-1:], piece]
    response_info = ResponseInfo(status=200)
    hear = Tap(lambda _: None, reader_into(response_info)).listener()
    for chunk in (*chunks, b""):
        hear(chunk)

    assert response_info == read(b"".join(pieces), step=1)


BEGINNINGS = (b"", b"event: x\n", b": ping\n\n", b"id: 1\n", b"retry: 9\n", b"\n")


@pytest.mark.parametrize("body", [*(beginning + EVENTS for beginning in BEGINNINGS), b' {"id":"r1"}'])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_what_is_not_labelled_is_known_by_how_it_begins(body: bytes, coding: str) -> None:
    """A file in the place of a response has the type of its name."""
    read_from = gzip.compress(body) if coding else body

    assert read(read_from, coding=coding, event_stream=False, step=1000).response_id == "r1"


@pytest.mark.parametrize("body", [b"", b"<html>data: {}", b"database", b"\xff"])
def test_anything_else_is_no_event_stream(body: bytes) -> None:
    response_info = read(body, event_stream=False)

    assert (response_info.response_id, response_info.finished) == (None, True)
