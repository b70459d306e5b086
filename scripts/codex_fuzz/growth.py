"""Texts that are hard to read, of any size, and how the time of all that read them grows with it.

The time of an input of four times the size is divided by that of one of the size: four is linear, sixteen is quadratic.
Only CPU time counts, and of several tries the best, so that a busy machine does not matter much. Each parser is called
as the proxy, the report or a view calls it while its event loop waits.
"""

import gzip
import math
import random
import time
import timeit
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import brotli
import orjson
import zstandard
from codexcache.body.cache import BodyCache
from codexcache.body.json_splice import Json, Object, Unreadable
from codexcache.options import default_settings
from codexcache.output.first_difference import first_difference_in_prompt
from codexcache.output.tables import conversations_table
from codexcache.output.turn_page import page
from codexcache.report.aggregate import ReportData
from codexcache.report.conversations import put_together
from codexcache.report.page import render
from codexcache.turn.exchange import Continuity
from codexcache.turn.items import given_items
from codexcache.turn.rejected_params import rejected_param
from codexcache.turn.request import read_client_headers
from codexcache.wire.content_encoding import Undecodable, decode
from codexcache.wire.headers import with_fields
from support.journals import entry, lines, long_journal
from support.turn_summaries import turn_summary
from support.wire import body, completed

from codex_fuzz.inputs import head_and_body
from codex_fuzz.oracles.files import read_journal
from codex_fuzz.oracles.streams import heard
from codex_fuzz.oracles.turns import turn_of

BOUND = 8.0
"""The largest ratio that still counts as linear; caches and allocators cost some, and a square would cost sixteen."""

_ROUNDS, _TRIES = 4, 3
_WORTH = 0.0005  # seconds below which a ratio is only noise

_LIMIT = 64 << 20

type Make = Callable[[int], bytes]
"""Makes a text of about so many bytes."""


def ordinary(size: int) -> bytes:
    """Return the body of an ordinary turn of about this size, with which all else is compared."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "some words of it " * 12}]}
    return body(input=[item] * max(1, size // len(orjson.dumps(item))))


def repeated(unit: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    """Return what makes a text of a size that repeats a unit, which may have a number in it."""

    def make(size: int) -> bytes:
        count = size // (len(unit) + 3 * (b"%d" in unit))
        units = b"".join(unit % number for number in range(count)) if b"%d" in unit else unit * count
        return before + units + after

    return make


_REPEATED = {
    "empty lists": (b"[],", b'{"input":[', b"1]}"),
    "empty lists with spaces": (b"[ ],", b'{"input":[', b"1 ]}"),
    "empty objects in a list": (b"{ } ,", b'{"input":[', b"1]}"),
    "many members": (b'"m%d": 1,', b"{", b'"z":1}'),
    "the same member again and again": (b'"a":1,', b"{", b'"a":2}'),
    "many inputs": (b'"input":[1],', b"{", b'"input":[]}'),
    "members of an item": (b'"m%d":1,', b'{"input":[{', b'"z":1}]}'),
    "items": (b'{"role":"user","content":"%d"},', b'{"input":[', b"{}]}"),
    "tools": (b'{"type":"function","name":"t%d"},', b'{"tools":[', b"{}]}"),
    "tools of namespaces within namespaces": (
        b'{"type":"namespace","name":"n","tools":[' * 60 + b"]}" * 60 + b",",
        *(b'{"tools":[', b"1]}"),
    ),
    "900 levels, again and again": (b"[" * 900 + b"]" * 900 + b",", b'{"a":[', b"1]}"),
    "a giant string": (b"a", b'{"instructions":"', b'"}'),
    "escapes alone": (b'\\"', b'{"instructions":"', b'"}'),
    "half an emoji, again and again": (b"\\ud83d", b'{"instructions":"', b'"}'),
    "a giant key": (b"k", b'{"prompt_cache_key":"', b'"}'),
    "a giant key that does not print": ("\u202e".encode(), b'{"prompt_cache_key":"', b'"}'),
    "a giant name": (b"n", b'{"', b'":1}'),
    "escaped names": (b'"\\u0061%d": 1,', b"{", b'"z":1}'),
    "a giant whole number": (b"7", b'{"a":', b"}"),
    "a giant whole number and half an emoji": (b"7", b'{"b":"\\ud83d","a":', b"}"),
    "a giant fraction and half an emoji": (b"7", b'{"b":"\\ud83d","a":0.', b"}"),
    "numbers beyond 64 bits": (b"99999999999999999999999,", b'{"input":[', b"1]}"),
    "white space": (b" \n", b'{"input":', b"[]}"),
    "white space between members": (b'"a" \n\t : \n\t 1 \n\t ,', b"{", b'"b":1}'),
    "NUL": (b"\0",),
    "invalid UTF-8": (b"\xff", b'{"a":"', b'"}'),
    "opening brackets": (b"[",),
}
BODIES: dict[str, Make] = {
    "an ordinary turn": ordinary,
    **{name: repeated(*parts) for name, parts in _REPEATED.items()},
    "tools of a namespace with a giant name": lambda size: orjson.dumps(
        {"tools": [{"type": "namespace", "name": "n" * (size // 2), "tools": [{"name": "t"}] * (size // 28)}]}
    ),
    "giant types": lambda size: orjson.dumps({"input": [{"type": "t" * (size // 8)}] * 8}),
    "pictures": lambda size: orjson.dumps({"input": [{"a": "data:" + "x" * 9000}] * (size // 9020)}),
    "not quite pictures": lambda size: orjson.dumps({"input": [{"a": '"data:' * (size // 6)}]}),
    "cut short": lambda size: ordinary(size)[:-2],
}

STREAMS: dict[str, Make] = {
    "no end of line": repeated(b"x", b"data: "),
    "lines without an end of event": repeated(b"data: x\n"),
    "CR alone": repeated(b"\r"),
    "CR LF and LF by turns": repeated(b"data: x\r\n\n"),
    "empty events": repeated(b"data\n\n"),
    "comments": repeated(b": x\n\n"),
    "one wanted event of many lines": repeated(b"data: \n", b'data: {"type":"response.completed",\n', b"data: }\n\n"),
    "the wanted type, almost": repeated(b'"type" ', b"data: ", b"\n\n"),
    "colons after the type": repeated(b":", b'data: "type"', b"\n\n"),
    "wanted events": repeated(completed()),
    "items": repeated(b'data: {"type":"response.output_item.done","item":{}}\n\n'),
    "a giant event": lambda size: completed(x="y" * size),
}


def _brotli_zeros(size: int) -> bytes:
    stream, zeros = brotli.Compressor(quality=2), bytes(1 << 22)
    return b"".join(stream.process(zeros) for _ in range(min(64, max(1, size >> 14)))) + bytes(stream.finish())


_ZSTD = zstandard.ZstdCompressor(write_content_size=False)
_BLOCK = (2 | (1 << 17) << 3).to_bytes(3, "little") + b"\0"  # one that repeats a byte 128 kB long (RFC 8878, 3.1.1.2)

CODED: dict[str, Make] = {
    "gzip: what cannot be made smaller": lambda size: gzip.compress(random.randbytes(size), 0),
    "deflate: what cannot be made smaller": lambda size: zlib.compress(random.randbytes(size), 0),
    "br: what cannot be made smaller": lambda size: brotli.compress(random.randbytes(size), quality=0),
    "zstd: what cannot be made smaller": lambda size: _ZSTD.compress(random.randbytes(size)),
    "gzip: empty members": lambda size: gzip.compress(b"") * (size // 20),
    "zstd: empty frames": repeated(_ZSTD.compress(b"")),
    "zstd: the densest blocks": repeated(_BLOCK, b"\x28\xb5\x2f\xfd\x00\x58"),
    "br: zeros": _brotli_zeros,
    "gzip: zeros": lambda size: gzip.compress(bytes(size * 100)),
    "gzip: what is none": repeated(b"x"),
}
"""Each name begins with the coding."""


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


def _all_items(document: Object, known: list[Json] | None) -> list[Json]:
    return [*(known or ()), *given_items(document)]


def _send(text: bytes) -> None:
    """Read a body, begin its turn and edit it."""
    with suppress(Unreadable):
        body = BodyCache(_all_items).read(text)
        Continuity().begin(turn_of([(b"session_id", b"s")], body.document), default_settings())
        body.edited(default_settings().strip, {"prompt_cache_key": "k"})


def _known(make: Make, size: int) -> tuple[BodyCache[list[Json]], bytes]:
    """Return a cache that has a body, and the body."""
    bodies, text = BodyCache(_all_items), make(size)
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
    put_together(report_data, report_data.turns, report_data.turns)
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
