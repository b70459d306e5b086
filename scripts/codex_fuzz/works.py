"""The work that a text makes: read as the proxy would, whose event loop waits meanwhile."""

from collections.abc import Callable
from contextlib import suppress

from codexcache.settings import default_settings
from codexcache.turns.continuity import Continuity
from codexcache.turns.items import given_items
from codexcache.turns.outcome import Outcome
from codexcache.turns.tap import reader_for
from codexcache.turns.turn import read_alone, read_sender, read_turn
from codexcache.wire.bodies import Bodies
from codexcache.wire.coding import Undecodable, decode
from codexcache.wire.document import Unreadable, edited

_LIMIT = 64 << 20

type Work = Callable[[], object]


def send(text: bytes) -> Work:
    """Return the way of a body through the proxy: read, explained, edited."""

    def work() -> None:
        bodies = Bodies(read_alone)
        continuity, settings = Continuity(), default_settings()
        with suppress(Unreadable):
            read = bodies.read(text)
            turn = read_turn(
                read_sender([(b"session_id", b"s")]),
                read.document,
                transport="http",
                host="h",
                endpoint="responses",
                known=read.made,
                changed=read.changed,
            )
            passage = continuity.begin(turn, settings)
            edited(text, read.members, drop=passage.envelope.drop, put={"prompt_cache_key": "k"})

    return work


def go_on(text: bytes) -> Work:
    """Return the reading of a body in the light of itself."""
    bodies = Bodies(given_items)
    with suppress(Unreadable):
        bodies.remember(bodies.read(text), made=[])

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


def _heard(chunks: list[bytes], coding: str) -> Outcome:
    outcome = Outcome(status=200)
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
