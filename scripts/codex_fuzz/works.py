"""The work that a text makes: read as the proxy would, whose event loop waits meanwhile."""

from collections.abc import Callable
from contextlib import suppress

from codexcache.body.cache import BodyCache
from codexcache.body.json_splice import Unreadable, edited
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity
from codexcache.turn.items import given_items
from codexcache.turn.request import parse_body, read_client_headers, read_turn
from codexcache.turn.response import ResponseInfo
from codexcache.turn.stream import reader_for
from codexcache.wire.content_encoding import Undecodable, decode

_LIMIT = 64 << 20

type Work = Callable[[], object]


def send(text: bytes) -> Work:
    """Return the way of a body through the proxy: read, explained, edited."""

    def work() -> None:
        bodies = BodyCache(parse_body)
        continuity, settings = Continuity(), default_settings()
        with suppress(Unreadable):
            read = bodies.read(text)
            turn = read_turn(
                read_client_headers([(b"session_id", b"s")]),
                read.document,
                transport="http",
                host="h",
                endpoint="responses",
                cached=read.cached_parsed,
                changed=read.changed,
            )
            exchange = continuity.begin(turn, settings)
            edited(text, read.members, drop=exchange.edits.drop, put={"prompt_cache_key": "k"})

    return work


def go_on(text: bytes) -> Work:
    """Return the reading of a body in the light of itself."""
    bodies = BodyCache(given_items)
    with suppress(Unreadable):
        bodies.remember(bodies.read(text), parsed=[])

    def work() -> None:
        with suppress(Unreadable):
            bodies.read(text)

    return work


def hear(text: bytes) -> Work:
    """Return the reading of an event stream that comes as one chunk."""
    return lambda: _heard([text], "")


def hear_in_pieces(text: bytes) -> Work:
    """Return the reading of an event stream in chunks of 16 bytes."""
    chunks = [text[start : start + 16] for start in range(0, len(text), 16)]
    return lambda: _heard(chunks, "")


def _heard(chunks: list[bytes], coding: str) -> ResponseInfo:
    outcome = ResponseInfo(status=200)
    reader = reader_for(outcome, coding=coding, event_stream=True, limit=_LIMIT, on_finished=lambda: None)
    for chunk in chunks:
        reader.feed(chunk)
    return outcome


def unpack(text: bytes, coding: str) -> Work:
    """Return the decoding of a body."""

    def work() -> None:
        with suppress(Undecodable):
            decode(text, coding, _LIMIT)

    return work


def hear_coded(text: bytes, coding: str) -> Work:
    """Return the reading of a coded event stream in chunks of 64 kB."""
    return lambda: _heard([text[start : start + 65536] for start in range(0, len(text), 65536)], coding)
