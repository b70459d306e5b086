"""How time grows with size: the time of a hostile input of four times the size over that of one of the size.

Four is linear, sixteen is quadratic. Only CPU time counts, and of several tries the best, so that a busy machine does
not matter much; absolute figures would mean nothing on another machine. Each parser is called as the proxy, the report
or a view calls it while its event loop waits.
"""

import math
import time
import timeit
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
from codexcache.body.cache import BodyCache
from codexcache.body.json_splice import Json, Unreadable
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
from codexcache.wire.headers import with_fields
from support.journals import entry, lines, long_journal
from support.turn_summaries import turn_summary

from codex_fuzz.bombs import BODIES, CODED, STREAMS, Make, repeated
from codex_fuzz.inputs import head_and_body
from codex_fuzz.oracles.files import read_journal
from codex_fuzz.oracles.streams import heard
from codex_fuzz.oracles.turns import turn_of

BOUND = 8.0
"""The largest ratio that still counts as linear; caches and allocators cost some, and a square would cost sixteen."""

_ROUNDS, _TRIES = 4, 3
_WORTH = 0.0005  # seconds below which a ratio is only noise

_LIMIT = 64 << 20

type Case = tuple[Callable[[Any], object], Callable[[int], Any]]
"""What reads inputs of one kind, and what makes one of about so many bytes."""


def ratio_of(case: Case, small: int) -> float:
    """Return the ratio of a case's times, where the smaller input has `small` bytes.

    One beyond the bound is measured again, because noise only ever adds.
    """
    read, make = case
    timers = [timeit.Timer(partial(read, make(size)), timer=time.process_time) for size in (small, 4 * small)]
    ratio, best = math.inf, [math.inf, math.inf]
    for _ in range(_ROUNDS):
        if ratio > BOUND:
            best = [min(known, *timer.repeat(_TRIES, 1)) for known, timer in zip(best, timers, strict=True)]
            ratio = max(best[1], _WORTH) / max(best[0], _WORTH / 4)
    return ratio


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


def _read_fields(head: bytes) -> None:
    fields, _ = head_and_body(head)
    read_client_headers(fields)
    with_fields(fields, {"session-id": "k"})


def _gather(journal: bytes) -> ReportData:
    report_data = read_journal(journal)
    put_together(report_data.rows)
    return report_data


def _differing_in(member: str, size: int) -> ReportData:
    """Return a journal in which a member is different in each turn."""
    return _gather(lines([{**entry(n, at=n), member: f"m{n}"} for n in range(1, size // 64)]))


def _compare(values: Sequence[Json]) -> None:
    """Compare two prompts whose tools hold these values."""
    first_difference_in_prompt({"tools": [values[0]]}, {"tools": [values[1]]})


def _nested(size: int, text: str) -> Json:
    nested: Json = orjson.loads('{"a":' * 200 + f'"{"x" * size}{text}"' + "}" * 200)
    return nested


def _refuse(text: bytes) -> None:
    rejected_param({"error": {"message": text.decode()}, "detail": text.decode()})


CASES: dict[str, Case] = {
    **{f"a turn's body: {name}": (_send, make) for name, make in BODIES.items()},
    **{f"the next turn's body: {name}": (_read_again, partial(_known, make)) for name, make in BODIES.items()},
    **{f"event stream: {name}": (partial(_hear, size=1 << 30), make) for name, make in STREAMS.items()},
    **{f"event stream in 16 bytes: {name}": (partial(_hear, size=16), make) for name, make in STREAMS.items()},
    **{f"body in {name}": (partial(_decode, coding=name.split(":")[0]), make) for name, make in CODED.items()},
    **{f"response in {name}": (partial(_hear, coding=name.split(":")[0]), make) for name, make in CODED.items()},
    "fields: one again and again": (_read_fields, repeated(b"session-id: s\n")),
    "fields: many names": (_read_fields, repeated(b"x-%d: v\n")),
    "fields: a giant value that does not print": (_read_fields, repeated("\u202e".encode(), b"session-id: ")),
    "fields: a token of dots": (_read_fields, repeated(b".", b"authorization: Bearer ")),
    "fields: a token with a giant part": (_read_fields, repeated(b"eyJz", b"authorization: Bearer ")),
    "refusal: its words": (_refuse, repeated(b"unsupported parameter: ")),
    "refusal: their beginning": (_refuse, repeated(b"unknown request ")),
    "refusal: spaces": (_refuse, repeated(b" ", b"unknown parameter:")),
    "journal: an ordinary one": (_gather, lambda size: lines(long_journal(max(20, size // 700)))),
    "journal: lines that are no JSON": (_gather, repeated(b"x\n")),
    "journal: one line without an end": (_gather, repeated(b"x")),
    "journal: brackets": (_gather, repeated(b"[" * 900 + b"\n")),
    **{
        f"page: a {name} for each turn": (lambda journal: render(journal, ""), partial(_differing_in, name))
        for name in ("mode", "verdict", "conversation")
    },
    "two prompts: giant texts": (_compare, lambda size: ("x" * size + "a", "x" * size + "b")),
    "two prompts: many members": (
        _compare,
        lambda size: [{str(number): number for number in range(size // 8)} | {"z": text} for text in "ab"],
    ),
    "two prompts: another order": (_compare, lambda size: ([*range(size // 6)], [*reversed(range(size // 6))])),
    "two prompts: 200 levels": (_compare, lambda size: (_nested(size, "a"), _nested(size, "b"))),
    "page of a turn: a giant reason": (
        page,
        lambda size: turn_summary(because="x" * size, differences=["y" * size, *["z"] * (size // 8)]),
    ),
    "table: one conversation": (conversations_table, lambda size: [turn_summary(turn=n) for n in range(size // 1000)]),
}
