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

from codex_fuzz.data_provider import DataProvider, pieces

PACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
"""Each content encoding with what encodes a text in it."""

CODINGS = tuple(PACK)
_LIMIT = 1 << 20
_CUTS = 4
"""Bytes of an input that say where its text is cut."""


def check_events(data: bytes) -> None:
    """The events are those of the standard, wherever the stream is cut."""
    given = DataProvider(data)
    sizes, text = given.take(_CUTS), given.rest
    expected = list(events_by_lines(text))
    for chunks in ([text], pieces(text, sizes), pieces(text, b"\1")):
        assert _events(chunks) == expected, "other events than the standard's"


def check_response(data: bytes) -> None:
    """A response says the same in any coding and wherever it is cut, and every chunk is passed on as it came."""
    given = DataProvider(data)
    event_stream, coding, sizes, text = given.number(2) == 0, given.pick(CODINGS), given.take(_CUTS), given.rest
    status = 200 if event_stream else 400
    expected = ResponseInfo(status=status)
    if event_stream:
        for event in events_by_lines(text):
            expected.read_event(event)
    else:
        expected.read_body(text)
    sent = list(pieces(PACK[coding](text), sizes))
    outcome, passed = _heard(sent, coding, event_stream=event_stream, status=status)
    assert passed == sent, "a chunk was altered"
    assert outcome == expected, "another outcome"
    name = rejected_param(outcome.error or {})
    assert name is None or re.fullmatch(r"[\w.\[\]]{1,200}", name, re.ASCII), name
    assert not outcome.failure or outcome.failure.isprintable()


def check_coding(data: bytes) -> None:
    """Any bytes are decoded alike wherever they are cut, or refused as no such coding; a response keeps its chunks."""
    given = DataProvider(data)
    coding, sizes, text = given.pick(CODINGS), given.take(_CUTS), given.rest
    assert decode(PACK[coding](text), coding, _LIMIT) == text, "it does not come back"
    sent = list(pieces(text, sizes))
    _, passed = _heard(sent, coding)
    assert passed == sent, "a chunk was altered"
    try:
        whole = decode(text, coding, _LIMIT)
    except Undecodable:
        return
    decoder = decoder_for(coding)
    assert len(whole) <= _LIMIT
    assert b"".join(part for chunk in sent for part in decoder(chunk)) == whole, "another text in other pieces"


def events_by_lines(text: bytes) -> Iterator[bytes]:
    """Yield the events as the standard tells to find them: blocks of lines, each ended by a blank one."""
    *lines, _ = re.split(rb"\r\n|\r|\n", text.removeprefix(b"\xef\xbb\xbf"))
    blocks = [list(block) for _, block in groupby(lines, key=bool)]
    for block in blocks if lines and not lines[-1] else blocks[:-1]:
        fields = [line.partition(b":") for line in block]
        if values := [value.removeprefix(b" ") for name, _, value in fields if name == b"data"]:
            yield b"\n".join(values)


def _events(chunks: Iterable[bytes]) -> list[bytes]:
    stream = EventStream()
    return [data for chunk in chunks for data in stream.feed(chunk)]


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
