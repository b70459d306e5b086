"""Events and codings: what is read does not depend on where the chunks are cut, and is what the standards say."""

import re
from collections.abc import Iterator
from itertools import groupby

from codexcache.turn.rejected_params import rejected_param
from codexcache.turn.response import EMPTY, ResponseInfo
from codexcache.turn.stream import BodyBuffer, Tap, reader_for
from codexcache.wire.content_encoding import Undecodable, decode, decoder_for
from codexcache.wire.sse import EventStream
from mitmproxy.net import encoding
from support.diagnoses import raising

from codex_fuzz.inputs import CODINGS, pick, pieces, split

_LIMIT = 1 << 20
_CUTS = 4  # bytes of an input that say where its text is cut


def check_events(data: bytes) -> None:
    """The events are those of the standard, wherever the stream is cut."""
    sizes, text = split(data, _CUTS)
    expected = list(_events_by_lines(text))
    for cut in (b"\0", sizes, b"\1"):
        stream = EventStream()
        found = [event for chunk in pieces(text, cut) for event in stream.feed(chunk)]
        assert found == expected, "other events than the standard's"


_BEGINS_LIKE_EVENTS = re.compile(rb"(\xef\xbb\xbf)?[\r\n]*(data|event|id|retry)?:")
_BEGINS_LIKE_A_DOCUMENT = re.compile(rb"(\xef\xbb\xbf)?\s*\{")
_BEGINNING = 64
"""Bytes that show what a response is."""


def check_response(data: bytes) -> None:
    """A response says the same in any coding and wherever it is cut, and every chunk is passed on as it came."""
    (is_error, number, *sizes), text = split(data, 2 + _CUTS)
    coding, status = pick(CODINGS, number), 400 if is_error % 2 else 200
    expected, begins = ResponseInfo(status=status, cut_short="" if text else EMPTY), text[:_BEGINNING]
    is_stream = _BEGINS_LIKE_EVENTS.match(begins) if status == 400 else not _BEGINS_LIKE_A_DOCUMENT.match(begins)
    if not is_stream:
        expected.read_body(text.removeprefix(b"\xef\xbb\xbf"))
    for event in _events_by_lines(text) if is_stream else ():
        expected.read_event(event)
    outcome = heard(list(pieces(bytes(encoding.encode(text, coding)), bytes(sizes))), coding, status)
    assert outcome == expected, "another outcome"
    name = rejected_param(outcome.error or {})
    assert name is None or re.fullmatch(r"[\w.\[\]$*'-]{1,200}", name, re.ASCII), name
    assert not outcome.failure or outcome.failure.isprintable()


def check_coding(data: bytes) -> None:
    """Any bytes are decoded alike wherever they are cut, or refused as no such coding; a response keeps its chunks."""
    (number, *sizes), text = split(data, 1 + _CUTS)
    coding, sent = pick(CODINGS, number), list(pieces(text, bytes(sizes)))
    assert decode(bytes(encoding.encode(text, coding)), coding, _LIMIT) == text, "it does not come back"
    heard(sent, coding)
    try:
        whole = decode(text, coding, _LIMIT)
    except Undecodable:
        return
    decoder = decoder_for(coding)
    assert len(whole) <= _LIMIT
    assert b"".join(part for chunk in sent for part in decoder(chunk)) == whole, "another text in other pieces"


def _events_by_lines(text: bytes) -> Iterator[bytes]:
    """Yield the events as the standard tells to find them: blocks of lines, each ended by a blank one."""
    *lines, _ = re.split(rb"\r\n|\r|\n", text.removeprefix(b"\xef\xbb\xbf"))
    blocks = [list(block) for _, block in groupby(lines, key=bool)]
    for block in blocks if lines and not lines[-1] else blocks[:-1]:
        fields = [line.partition(b":") for line in block]
        if values := [value.removeprefix(b" ") for name, _, value in fields if name == b"data"]:
            yield b"\n".join(values)


def heard(sent: list[bytes], coding: str, status: int = 200, limit: int = _LIMIT) -> ResponseInfo:
    """Return what a reader behind a tap has heard, which passes all chunks on; with status 200 of an event stream."""
    outcome = ResponseInfo(status=status)
    reader = reader_for(outcome, coding=coding, event_stream=status == 200, limit=limit, on_finished=lambda: None)
    hear = Tap(lambda error: raising("", error), reader, BodyBuffer(limit)).listener()
    assert [hear(chunk) for chunk in (*sent, b"")] == [*sent, b""], "a chunk was altered"
    return outcome
