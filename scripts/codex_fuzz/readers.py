"""What reads hostile texts: each parser as the proxy, the report or a view calls it, while its event loop waits."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from codexcache.body.cache import BodyCache
from codexcache.body.json_splice import Json, Object, Unreadable, edited
from codexcache.options import default_settings
from codexcache.output.first_difference import first_difference_in_prompt
from codexcache.output.tables import conversations_table
from codexcache.output.turn_page import page
from codexcache.report.conversations import put_together
from codexcache.report.load import ReportData
from codexcache.report.page import render
from codexcache.turn.exchange import Continuity
from codexcache.turn.items import given_items
from codexcache.turn.rejected_params import rejected_param
from codexcache.turn.request import parse_body, read_client_headers, read_turn
from codexcache.turn.response import ResponseInfo
from codexcache.turn.stream import reader_for
from codexcache.wire.content_encoding import Undecodable, decode
from codexcache.wire.headers import Fields, with_fields
from support.journals import entry, lines, long_journal
from support.turn_summaries import turn_summary

from codex_fuzz.bombs import BODIES, CODED, STREAMS, Text, repeated

_LIMIT = 64 << 20


class Case(NamedTuple):
    """Inputs of one kind: who reads them, what they are, what makes one of about so many bytes, and what reads it."""

    parser: str
    name: str
    make: Callable[[int], Any]
    read: Callable[[Any], object]


def _send(text: bytes) -> None:
    """Read a body, explain its turn and edit it."""
    bodies, continuity = BodyCache(parse_body), Continuity()
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
        exchange = continuity.begin(turn, default_settings())
        edited(text, read.members, drop=exchange.edits.drop, put={"prompt_cache_key": "k"})


def _read_before(text: Text) -> Callable[[int], tuple[BodyCache[list[Json]], bytes]]:
    """Return what makes a body, and a cache in which it is."""

    def make(size: int) -> tuple[BodyCache[list[Json]], bytes]:
        bodies, body = BodyCache(given_items), text(size)
        with suppress(Unreadable):
            bodies.remember(bodies.read(body), parsed=[])
        return bodies, body

    return make


def _read_again(known: tuple[BodyCache[list[Json]], bytes]) -> None:
    bodies, body = known
    with suppress(Unreadable):
        bodies.read(body)


def _hear(text: bytes, size: int = 1 << 16, coding: str = "") -> None:
    """Read an event stream that comes in chunks of a size."""
    outcome = ResponseInfo(status=200)
    reader = reader_for(outcome, coding=coding, event_stream=True, limit=_LIMIT, on_finished=lambda: None)
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])


def _decode(text: bytes, coding: str) -> None:
    with suppress(Undecodable):
        decode(text, coding, _LIMIT)


def _read_fields(fields: Fields) -> None:
    read_client_headers(fields)
    with_fields(fields, {"session-id": "k"})


def _refuse(message: bytes) -> None:
    rejected_param({"error": {"message": message.decode()}, "detail": message.decode()})


def _gather(data: bytes) -> ReportData:
    report_data = ReportData()
    report_data.add_lines(io.BytesIO(data))
    put_together(report_data.rows)
    return report_data


def _differing_in(member: str, size: int) -> ReportData:
    """Return a journal in which a member is different in each turn."""
    return _gather(lines([{**entry(n, at=n), member: f"m{n}"} for n in range(1, size // 64)]))


def _prompts(value: Callable[[int, str], Json]) -> Callable[[int], tuple[Object, Object]]:
    """Return what makes two prompts whose tools hold values that differ in a text."""
    return lambda size: ({"tools": [value(size, "a")]}, {"tools": [value(size, "b")]})


def _nested(size: int, text: str) -> Json:
    value: Json = "x" * size + text
    for _ in range(200):
        value = {"a": value}
    return value


def _giant_reason(size: int) -> Object:
    return turn_summary(because="x" * size, differences=["y" * size, *["z"] * (size // 8)])


def _turns(size: int) -> list[Object]:
    return [turn_summary(turn=number) for number in range(size // 1000)]


def _cases(parser: str, texts: Mapping[str, Callable[[int], Any]], read: Callable[[Any], object]) -> Iterator[Case]:
    return (Case(parser, name, make, read) for name, make in texts.items())


_HEADER_FIELDS: dict[str, Callable[[int], Fields]] = {
    "one field again and again": lambda size: [(b"session-id", b"s")] * (size // 16),
    "fields of many names": lambda size: [(b"x-%d" % number, b"v") for number in range(size // 12)],
    "a giant value that does not print": lambda size: [(b"session-id", "\u202e".encode() * (size // 3))],
    "a token of dots": lambda size: [(b"authorization", b"Bearer " + b"." * size)],
    "a token with a giant part": lambda size: [(b"authorization", b"Bearer " + b"eyJz" * (size // 4))],
}
_REFUSALS = {
    "the words of a refusal": repeated(b"unsupported parameter: "),
    "their beginning": repeated(b"unknown request "),
    "spaces": repeated(b" ", b"unknown parameter:"),
}
_JOURNALS: dict[str, Text] = {
    "an ordinary one": lambda size: lines(long_journal(max(20, size // 700))),
    "lines that are no JSON": repeated(b"x\n"),
    "one line without an end": repeated(b"x"),
    "brackets": repeated(b"[" * 900 + b"\n"),
}
_PAGES = {
    "a mode for each turn": partial(_differing_in, "mode"),
    "a verdict for each turn": partial(_differing_in, "verdict"),
    "a conversation for each turn": partial(_differing_in, "conversation"),
}
_PROMPTS = {
    "giant texts that differ": _prompts(lambda size, text: "x" * size + text),
    "many members": _prompts(lambda size, text: {**{str(n): n for n in range(size // 8)}, "z": text}),
    "a list in another order": _prompts(lambda size, text: list[Json](sorted(range(size // 6), reverse=text == "b"))),
    "a giant text below 200 levels": _prompts(_nested),
}

CASES = (
    *_cases("a turn's body", BODIES, _send),
    *_cases("the next turn's body", {name: _read_before(text) for name, text in BODIES.items()}, _read_again),
    *_cases("event stream", STREAMS, partial(_hear, size=1 << 30)),
    *_cases("event stream in chunks of 16 bytes", STREAMS, partial(_hear, size=16)),
    *(Case("coding of a body", name, text, partial(_decode, coding=coding)) for name, (coding, text) in CODED.items()),
    *(
        Case("coding of a response", name, text, partial(_hear, coding=coding))
        for name, (coding, text) in CODED.items()
    ),
    *_cases("header fields", _HEADER_FIELDS, _read_fields),
    *_cases("refusal", _REFUSALS, _refuse),
    *_cases("journal", _JOURNALS, _gather),
    *_cases("page", _PAGES, lambda journal: render(journal, "")),
    *_cases("content view of two prompts", _PROMPTS, lambda prompts: first_difference_in_prompt(*prompts)),
    Case("content view", "a giant reason", _giant_reason, page),
    Case("table", "turns of one conversation", _turns, conversations_table),
)
