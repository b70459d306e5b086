"""How time grows with size: the time of a hostile input of four times the size over that of one of the size.

Four is linear, sixteen is quadratic. Only CPU time counts, and of several tries the best, so that a busy machine does
not matter much; absolute figures would mean nothing on another machine. Each parser is called as the proxy, the report
or a view calls it while its event loop waits.
"""

import math
import time
import timeit
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import orjson
from codexcache.body.cache import BodyCache
from codexcache.body.json_splice import Json, Object, Unreadable
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
from codexcache.turn.request import read_client_headers
from codexcache.wire.content_encoding import Undecodable, decode
from codexcache.wire.headers import Fields, with_fields
from support.journals import entry, lines, long_journal
from support.turn_summaries import turn_summary

from codex_fuzz.bombs import BODIES, CODED, STREAMS, Make, repeated
from codex_fuzz.oracles.files import read_journal
from codex_fuzz.oracles.streams import heard
from codex_fuzz.oracles.turns import turn_of

BOUND = 8.0
"""The largest ratio that still counts as linear; caches and allocators cost some, and a square would cost sixteen."""

_SMALL = 64 << 10
"""Bytes of the smaller input."""

_ROUNDS, _TRIES = 4, 3
_WORTH = 0.0005
"""Seconds below which a ratio is only noise."""

_LIMIT = 64 << 20


class Case(NamedTuple):
    """Inputs of one kind: who reads them, what they are, what makes one of about so many bytes, and what reads it."""

    parser: str
    name: str
    make: Callable[[int], Any]
    read: Callable[[Any], object]


def ratio_of(case: Case, small: int = _SMALL) -> float:
    """Return the ratio of a case's times. One beyond the bound is measured again, because noise only ever adds."""
    inputs = (case.make(small), case.make(4 * small))
    timers = [timeit.Timer(partial(case.read, given), timer=time.process_time) for given in inputs]
    ratio, best = math.inf, [math.inf, math.inf]
    for _ in range(_ROUNDS):
        if ratio > BOUND:
            best = [min(known, *timer.repeat(_TRIES, 1)) for known, timer in zip(best, timers, strict=True)]
            ratio = max(best[1], _WORTH) / max(best[0], _WORTH / 4)
    return ratio


def show() -> int:
    """Print the ratio of each case; return 1 if one of them is not linear."""
    print(f"time at 4n over time at n, n = {_SMALL >> 10} kB: 4 is linear, more than {BOUND:g} is not\n")
    beyond = False
    for case in CASES:
        ratio = ratio_of(case)
        print(f"{case.parser:<36} {case.name:<44} {ratio:>6.1f}{'  <- not linear' * (ratio > BOUND)}", flush=True)
        beyond |= ratio > BOUND
    return int(beyond)


def _send(text: bytes) -> None:
    """Read a body, begin its turn and edit it."""
    with suppress(Unreadable):
        body = BodyCache(given_items).read(text)
        Continuity().begin(turn_of([(b"session_id", b"s")], body.document), default_settings())
        body.edited(default_settings().strip, {"prompt_cache_key": "k"})


def _known(make: Make, size: int) -> tuple[BodyCache[list[Json]], bytes]:
    """Return a cache that has a body, and the body."""
    bodies, text = BodyCache(given_items), make(size)
    with suppress(Unreadable):
        bodies.remember(bodies.read(text), parsed=[])
    return bodies, text


def _read_again(known: tuple[BodyCache[list[Json]], bytes]) -> None:
    bodies, text = known
    with suppress(Unreadable):
        bodies.read(text)


def _hear(text: bytes, size: int = 1 << 16, coding: str = "") -> None:
    """Read an event stream that comes in chunks of a size."""
    heard([text[start : start + size] for start in range(0, len(text), size)], coding, limit=_LIMIT)


def _decode(text: bytes, coding: str) -> None:
    with suppress(Undecodable):
        decode(text, coding, _LIMIT)


def _read_fields(fields: Fields) -> None:
    read_client_headers(fields)
    with_fields(fields, {"session-id": "k"})


def _gather(journal: bytes) -> ReportData:
    report_data = read_journal(journal)
    put_together(report_data.rows)
    return report_data


def _differing_in(member: str, size: int) -> ReportData:
    """Return a journal in which a member is different in each turn."""
    return _gather(lines([{**entry(n, at=n), member: f"m{n}"} for n in range(1, size // 64)]))


def _compare(values: tuple[Json, Json]) -> None:
    """Compare two prompts whose tools hold these values."""
    first_difference_in_prompt({"tools": [values[0]]}, {"tools": [values[1]]})


def _nested(size: int, text: str) -> Json:
    nested: Json = orjson.loads('{"a":' * 200 + f'"{"x" * size}{text}"' + "}" * 200)
    return nested


def _giant_reason(size: int) -> Object:
    return turn_summary(because="x" * size, differences=["y" * size, *["z"] * (size // 8)])


_INPUTS: dict[str, tuple[Callable[[Any], object], dict[str, Callable[[int], Any]]]] = {
    "a turn's body": (_send, {**BODIES}),
    "the next turn's body": (_read_again, {name: partial(_known, make) for name, make in BODIES.items()}),
    "event stream": (partial(_hear, size=1 << 30), {**STREAMS}),
    "event stream in chunks of 16 bytes": (partial(_hear, size=16), {**STREAMS}),
    "header fields": (
        _read_fields,
        {
            "one field again and again": lambda size: [(b"session-id", b"s")] * (size // 16),
            "fields of many names": lambda size: [(b"x-%d" % number, b"v") for number in range(size // 12)],
            "a giant value that does not print": lambda size: [(b"session-id", "\u202e".encode() * (size // 3))],
            "a token of dots": lambda size: [(b"authorization", b"Bearer " + b"." * size)],
            "a token with a giant part": lambda size: [(b"authorization", b"Bearer " + b"eyJz" * (size // 4))],
        },
    ),
    "refusal": (
        lambda text: rejected_param({"error": {"message": text.decode()}, "detail": text.decode()}),
        {
            "the words of a refusal": repeated(b"unsupported parameter: "),
            "their beginning": repeated(b"unknown request "),
            "spaces": repeated(b" ", b"unknown parameter:"),
        },
    ),
    "journal": (
        _gather,
        {
            "an ordinary one": lambda size: lines(long_journal(max(20, size // 700))),
            "lines that are no JSON": repeated(b"x\n"),
            "one line without an end": repeated(b"x"),
            "brackets": repeated(b"[" * 900 + b"\n"),
        },
    ),
    "page": (
        lambda journal: render(journal, ""),
        {f"a {name} for each turn": partial(_differing_in, name) for name in ("mode", "verdict", "conversation")},
    ),
    "content view of two prompts": (
        _compare,
        {
            "giant texts that differ": lambda size: ("x" * size + "a", "x" * size + "b"),
            "many members": lambda size: tuple({**{str(n): n for n in range(size // 8)}, "z": text} for text in "ab"),
            "a list in another order": lambda size: ([*range(size // 6)], [*reversed(range(size // 6))]),
            "a giant text below 200 levels": lambda size: tuple(_nested(size, text) for text in "ab"),
        },
    ),
    "content view": (page, {"a giant reason": _giant_reason}),
    "table": (
        conversations_table,
        {"turns of one conversation": lambda size: [turn_summary(turn=number) for number in range(size // 1000)]},
    ),
}
CASES = (
    *(Case(parser, name, make, read) for parser, (read, texts) in _INPUTS.items() for name, make in texts.items()),
    *(
        Case(f"coding of a {part}", name, make, partial(read, coding=name.partition(":")[0]))
        for part, read in (("body", _decode), ("response", _hear))
        for name, make in CODED.items()
    ),
)
