"""Events and codings: what is read does not depend on where the chunks are cut, and is what the standards say."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import brotli
import zstandard
from codexcache.turn.rejected_params import rejected_param
from codexcache.turn.response import ResponseInfo
from codexcache.turn.stream import BodyBuffer, Tap, reader_for
from codexcache.wire.content_encoding import Undecodable, decode, decoder_for
from codexcache.wire.sse import EventStream

from codex_fuzz.given import Given, pieces

CODINGS = ("identity", "gzip", "deflate", "br", "zstd")
_PACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
_LIMIT = 1 << 20
_CUTS = 4
"""Bytes of an input that say where its text is cut."""


def check_events(data: bytes) -> None:
    """The events are those of the standard, wherever the stream is cut."""
    given = Given(data)
    sizes, text = given.take(_CUTS), given.rest
    expected = list(events_by_lines(text))
    for chunks in ([text], pieces(text, sizes), pieces(text, b"\1")):
        assert _events(chunks) == expected, "other events than the standard's"


def check_response(data: bytes) -> None:
    """A response's outcome does not depend on coding and cuts, and every chunk goes on as it came."""
    given = Given(data)
    coding, sizes, text = given.pick(CODINGS), given.take(_CUTS), given.rest
    expected = ResponseInfo(status=200)
    for event in events_by_lines(text):
        expected.read_event(event)
    sent = list(pieces(_PACK[coding](text), sizes))
    outcome, passed = _heard(sent, coding)
    assert passed == sent, "a chunk was altered"
    assert outcome == expected, "another outcome"
    name = rejected_param(outcome.error or {})
    assert name is None or re.fullmatch(r"\w{1,64}", name, re.ASCII), name
    assert not outcome.failure or outcome.failure.isprintable()


def check_whole_response(data: bytes) -> None:
    """A response without a type is read as what it begins like, wherever it is cut."""
    given = Given(data)
    sizes, text = given.take(_CUTS), given.rest
    expected = ResponseInfo(status=400)
    if re.match(rb"[\r\n]*(data|event|id|retry)?:", text):
        for event in events_by_lines(text):
            expected.read_event(event)
    else:
        expected.read_body(text)
    outcome, passed = _heard(list(pieces(text, sizes)), "identity", event_stream=False, status=400)
    assert b"".join(passed) == text, "a chunk was altered"
    assert outcome == expected, "another outcome"


def check_coding(data: bytes) -> None:
    """Any bytes are decoded alike wherever they are cut, or refused in words of ours."""
    given = Given(data)
    coding, sizes, text = given.pick(CODINGS), given.take(_CUTS), given.rest
    assert decode(_PACK[coding](text), coding, _LIMIT) == text, "it does not come back"
    if (whole := _decoded_or_refused(text, coding)) is None:
        return
    assert len(whole) <= _LIMIT
    assert b"".join(_decoded(pieces(text, sizes), coding)) == whole, "another text in other pieces"


def check_damaged_response(data: bytes) -> None:
    """Whatever a coded response holds, its chunks go on as they came."""
    given = Given(data)
    coding, sizes, text = given.pick(CODINGS), given.take(_CUTS), given.rest
    sent = list(pieces(text, sizes))
    _, passed = _heard(sent, coding)
    assert passed == sent, "a chunk was altered"


def packed(text: bytes, coding: str) -> bytes:
    """Return a text in a coding."""
    return _PACK[coding](text)


def events_by_lines(text: bytes) -> Iterator[bytes]:
    """Yield the events as the standard tells to find them: blocks of lines, each ended by a blank one."""
    *lines, _ = re.split(rb"\r\n|\r|\n", text.removeprefix(b"\xef\xbb\xbf"))
    blocks = [list(block) for _, block in groupby(lines, key=bool)]
    for block in blocks if lines and not lines[-1] else blocks[:-1]:
        told = [line.partition(b":") for line in block]
        if values := [value.removeprefix(b" ") for name, _, value in told if name == b"data"]:
            yield b"\n".join(values)


def _decoded_or_refused(text: bytes, coding: str) -> bytes | None:
    try:
        return decode(text, coding, _LIMIT)
    except Undecodable:
        return None


def _events(chunks: Iterable[bytes]) -> list[bytes]:
    stream = EventStream()
    return [data for chunk in chunks for data in stream.feed(chunk)]


def _decoded(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    decoder = decoder_for(coding)
    for chunk in chunks:
        yield from decoder(chunk)


def _heard(
    sent: list[bytes], coding: str, *, event_stream: bool = True, status: int = 200
) -> tuple[ResponseInfo, list[bytes]]:
    """Return what a reader behind a tap has heard, and what the tap has passed on."""
    outcome = ResponseInfo(status=status)
    reader = reader_for(outcome, coding=coding, event_stream=event_stream, limit=_LIMIT, on_finished=lambda: None)
    hear = Tap(_raise, reader, BodyBuffer(_LIMIT)).listener()
    passed = [hear(chunk) for chunk in sent]
    assert hear(b"") == b""
    return outcome, passed


def _raise(error: Exception) -> None:
    raise error
