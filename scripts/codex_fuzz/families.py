"""Hostile inputs, and who has to read them.

Each is made for a number of bytes and read as the proxy, the report or a view would. The work that it takes has to grow
with its size, and no faster.
"""

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from codexcache.body.json_splice import Json, Object
from codexcache.output.first_difference import first_difference_in_prompt
from codexcache.output.tables import conversations_table
from codexcache.output.turn_page import page
from codexcache.report.conversations import put_together
from codexcache.report.load import ReportData
from codexcache.report.page import render
from codexcache.turn.rejected_params import rejected_param
from codexcache.turn.request import read_client_headers
from codexcache.wire.headers import with_fields
from support.journals import entry, lines, long_journal
from support.turn_summaries import turn_summary as portrait

from codex_fuzz.bombs import BODIES, CODED, STREAMS, Text
from codex_fuzz.works import Work, go_on, hear, hear_coded, hear_in_pieces, send, unpack

type Make = Callable[[int], Work]


class Family(NamedTuple):
    """Inputs of one kind: what reads them, what they are, and how the work on one of `size` bytes is made."""

    parser: str
    name: str
    make: Make


def families() -> Iterator[Family]:
    """Yield all families, parser by parser."""
    for name, text in BODIES.items():
        yield Family("a turn's body", name, _reading(send, text))
        yield Family("the next turn's body", name, _reading(go_on, text))
    for name, text in STREAMS.items():
        yield Family("event stream", name, _reading(hear, text))
        yield Family("event stream in chunks of 16 bytes", name, _reading(hear_in_pieces, text))
    for name, (coding, text) in CODED.items():
        yield Family("coding of a body", name, _decoding(unpack, text, coding))
        yield Family("coding of a response", name, _decoding(hear_coded, text, coding))
    for (parser, name), make in _OTHERS.items():
        yield Family(parser, name, make)


def _reading(work: Callable[[bytes], Work], text: Text) -> Make:
    return lambda size: work(text(size))


def _decoding(work: Callable[[bytes, str], Work], text: Text, coding: str) -> Make:
    return lambda size: work(text(size), coding)


def _sessions(size: int) -> Work:
    fields = [(b"session-id", b"s")] * (size // 16)
    return lambda: (read_client_headers(fields), with_fields(fields, {"session-id": "k"}))


def _strangers(size: int) -> Work:
    fields = [(b"x-%d" % number, b"v") for number in range(size // 12)]
    return lambda: (read_client_headers(fields), with_fields(fields, {"session-id": "k"}))


def _giant_field(size: int) -> Work:
    fields = [(b"session-id", "\u202e".encode() * (size // 3)), (b"authorization", b"Bearer a.b.c")]
    return lambda: read_client_headers(fields)


def _token(part: bytes) -> Make:
    return lambda size: lambda: read_client_headers([(b"authorization", b"Bearer " + part * (size // len(part)))])


def _refusal(unit: str) -> Make:
    return lambda size: lambda: rejected_param({"error": {"message": unit * (size // len(unit))}})


def _journal(size: int) -> Work:
    data = lines(long_journal(max(20, size // 700)))

    def work() -> None:
        report_data = ReportData()
        report_data.add_lines(io.BytesIO(data))
        put_together(report_data.rows)

    return work


def _odd_lines(line: bytes) -> Make:
    return lambda size: lambda: ReportData().add_lines(io.BytesIO(line * (size // len(line))))


def _told(member: str) -> Make:
    """Return the making of a page of a journal in which a member is different in each turn."""

    def make(size: int) -> Work:
        report_data = ReportData()
        report_data.add_lines(lines([{**entry(n, at=n), member: f"m{n}"} for n in range(1, size // 64)]).splitlines())
        return lambda: render(report_data, "")

    return make


def _portraits(size: int) -> Work:
    known = [portrait(turn=number) for number in range(size // 1000)]
    return lambda: conversations_table(known)


def _giant_reason(size: int) -> Work:
    known = portrait(because="x" * size, differences=["y" * size, *["z"] * (size // 8)])
    return lambda: page(known)


def _break(value: Callable[[int, str], Json]) -> Make:
    """Return the comparison of two prompts whose tools hold values that differ in a text."""

    def make(size: int) -> Work:
        was: Object = {"tools": [value(size, "a")]}
        now: Object = {"tools": [value(size, "b")]}
        return lambda: first_difference_in_prompt(was, now)

    return make


def _nested(levels: int, text: str) -> Json:
    value: Json = text
    for _ in range(levels):
        value = {"a": value}
    return value


_OTHERS: dict[tuple[str, str], Make] = {
    ("header fields", "one field again and again"): _sessions,
    ("header fields", "fields of many names"): _strangers,
    ("header fields", "a giant value that does not print"): _giant_field,
    ("token", "dots"): _token(b"."),
    ("token", "a giant part"): _token(b"eyJz"),
    ("refusal", "the words of a refusal"): _refusal("unsupported parameter: "),
    ("refusal", "their beginning"): _refusal("unknown request "),
    ("refusal", "spaces"): lambda size: lambda: rejected_param({"detail": "unknown parameter:" + " " * size}),
    ("journal", "an ordinary one"): _journal,
    ("journal", "lines that are no JSON"): _odd_lines(b"x\n"),
    ("journal", "one line without an end"): _odd_lines(b"x"),
    ("journal", "brackets"): _odd_lines(b"[" * 900 + b"\n"),
    ("page", "a mode for each turn"): _told("mode"),
    ("page", "a verdict for each turn"): _told("verdict"),
    ("page", "a conversation for each turn"): _told("conversation"),
    ("table", "turns of one conversation"): _portraits,
    ("content view", "a giant reason"): _giant_reason,
    ("content view", "giant texts that differ"): _break(lambda size, text: "x" * size + text),
    ("content view", "many members"): _break(lambda size, text: {**{str(n): n for n in range(size // 8)}, "z": text}),
    ("content view", "a list in another order"): _break(
        lambda size, text: list(range(size // 6)) if text == "a" else list(reversed(range(size // 6)))
    ),
    ("content view", "a giant text at the ground of 200 levels"): _break(
        lambda size, text: _nested(200, "x" * size + text)
    ),
}
