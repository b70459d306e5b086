"""Inputs that mean something: bodies, answers, frames, journals and captures of the tests' corpus, and hostile ones.

A fuzzer starts from them; by itself it would rarely come upon a whole turn.
"""

import base64
import functools
import io
from collections.abc import Iterable

import orjson
from codexcache.body.json_splice import Object
from corpus import TALKS
from corpus.player import Player
from corpus.talk import Talk
from mitmproxy import http
from mitmproxy.io import FlowReader
from support.journals import lines, long_journal
from support.turn_summaries import PORTRAIT
from support.wire import bearer, body, completed, event, frame, spelled

from codex_fuzz.oracles.files import SECTIONS
from codex_fuzz.oracles.streams import CODINGS, packed

_TALKS = 12
"""Conversations of the corpus that are seeds; all of them teach a fuzzer little more, and slowly."""

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066=cmd|'/c calc'!A1<script>alert(1)</script>\"'&\r\n\t\x00"
"""Terminal sequences, changes of direction, a formula, a script, quotes, line ends and NUL."""

WORDS = (
    *(b'"prompt_cache_key":', b'"stream_options":{}', b'"input":[', b'"model":', b'"type":"response.create"'),
    *(b"\\ud83d", b"\\u0000", b"1e999", b"-0.0", b"99999999999999999999999", b"{}", b"[]", b"[[", b"]]", b'""', b",,"),
    *(b"data: ", b"event: ", b"\r\n\r\n", b"\r", b"\n\n", b"\xef\xbb\xbf", b'"type":"response.completed"'),
    *(b'"type":"error"', b'"usage":{"input_tokens":', b'"status":', b'"namespace"', b"\x00", b"\xff", b"\x1b[2J"),
    *(b"session-id: ", b"thread-id: t", b"Bearer ", b'"sub":"u"', b"=1+1", b"<script>", b"\xe2\x80\xae", SECTIONS),
    *(b"session_id: ", b"x-client-request-id: ", b"true", b"null", b'"run":"r"', b'"turn":', b'"sent_at":1e300'),
)
"""What mutations put in."""


@functools.cache
def flows() -> tuple[http.HTTPFlow, ...]:
    """Return saved requests of the corpus."""
    found = [flow for capture in captures() for flow in FlowReader(io.BytesIO(capture)).stream()]
    return tuple(flow for flow in found if isinstance(flow, http.HTTPFlow))


@functools.cache
def captures() -> tuple[bytes, ...]:
    """Return saved conversations of the corpus, over HTTP and over WebSocket."""
    return tuple(_saved(talk, over_socket) for talk in TALKS[:_TALKS] for over_socket in (False, True))


def _saved(talk: Talk, over_socket: bool) -> bytes:
    player = Player(talk, over_socket=over_socket)
    player.run()
    return player.saved()


@functools.cache
def bodies() -> tuple[bytes, ...]:
    """Return bodies of turns: of the corpus, and odd ones."""
    known = [flow.request.raw_content or b"" for flow in flows() if flow.request.method == "POST"]
    hostile = body(model=HOSTILE, tools=[{"name": HOSTILE}], input=[{"type": HOSTILE}], prompt_cache_key=HOSTILE)
    odd = (
        b'{ "a" : 1 ,\n"a":[{}, "]"] ,"stream_options":{}}',
        b'{"\\u0061":"\\ud83d","n":1E400}',
        b"{}",
        b"[]",
        hostile,
    )
    nested = body(tools=[{"type": "namespace", "name": "n", "tools": [{"name": "x"}]}])
    return tuple(dict.fromkeys([*known, *odd, nested, body(), body(input="hello")]))


@functools.cache
def answers() -> tuple[bytes, ...]:
    """Return event streams: of the corpus, and odd ones."""
    known = [flow.response.raw_content or b"" for flow in flows() if flow.response and flow.request.method == "POST"]
    error = event("error", status=400, error={"message": f"Unknown parameter: '{HOSTILE}'", "code": HOSTILE})
    odd = (b"\xef\xbb\xbfdata: a\r\n\r\ndata:b\rdata\r\r", b": ping\n\n\n", completed().replace(b"\n", b"\r\n"), error)
    return tuple(dict.fromkeys([*known, *odd, event("response.created", response={"id": HOSTILE}) + completed()]))


def unlabelled() -> tuple[bytes, ...]:
    """Return responses whose type is not told: event streams, an answer and a refusal as one JSON document."""
    answer = {"id": HOSTILE, "usage": {"input_tokens": 1}, "output": []}
    return (*answers(), spelled(answer), spelled({"detail": f"Unsupported parameter: {HOSTILE}"}))


def frames() -> tuple[bytes, ...]:
    """Return frames of both sides, a line each, behind the handshake's fields."""
    said = [b"<" + line[6:] for line in answers()[0].split(b"\n") if line.startswith(b"data: ")]
    turn = frame().encode()
    return (b"session-id: s\n\n" + b"\n".join([turn, *said, turn, *said]), b"\n\n" + turn, b"thread-id: t\n\n" + turn)


def heads() -> tuple[bytes, ...]:
    """Return header fields."""
    return (
        b"session-id: s\nSession_Id: s\nauthorization: " + bearer()[1].encode(),
        b"thread-id: t\nsession_id: \xff\nX-Client-Request-Id: " + b"r" * 70,
        b"user-agent: agent/1 (x)\nIdempotency-Key: i\nchatgpt-account-id: a\ncookie: a=b\ncookie: c=d",
        b"x-session-id: " + HOSTILE.replace("\n", " ").encode(),
    )


def claims() -> tuple[bytes, ...]:
    """Return payloads of tokens."""
    payload = bearer()[1].split(".")[1]
    return (base64.urlsafe_b64decode(payload + "=="), b'{"sub":"u","iss":"i"}', b'{"email":""}', b"[1]", b"a.b.c")


def requests() -> tuple[bytes, ...]:
    """Return turns: fields and body."""
    return tuple(head + b"\n\n" + text for head in heads() for text in bodies()[:6])


def journals() -> tuple[bytes, ...]:
    """Return journals."""
    known = long_journal(12)
    strange: Object = {"because": HOSTILE, "model": HOSTILE, "verdict": HOSTILE, "changes": [HOSTILE]}
    return lines(known), lines([{**entry, **strange} for entry in known]), lines(known[:1])


def portraits() -> tuple[bytes, ...]:
    """Return portraits."""
    hostile = {name: HOSTILE if isinstance(value, str) else value for name, value in PORTRAIT.items()}
    odd = {**PORTRAIT, "sent_at": 1e300, "resent_tokens": 1e308, "many": [PORTRAIT, {}, hostile]}
    return orjson.dumps(PORTRAIT), orjson.dumps(hostile), orjson.dumps(odd), b"{}"


def conversations() -> tuple[bytes, ...]:
    """Return pairs of saved turns: fields, bodies and answers, and a portrait."""
    texts, told = bodies(), answers()
    return tuple(
        SECTIONS.join([heads()[0], texts[at], told[at % len(told)], texts[at + 1], told[-1], portraits()[0]])
        for at in range(len(texts) - 1)
    )


def prompts() -> tuple[bytes, ...]:
    """Return pairs of prompts, a line each."""
    flat = [text for text in bodies() if b"\n" not in text]
    return tuple(first + b"\n" + second for first, second in zip(flat, [*flat[1:], flat[0]], strict=True))


def chosen(texts: Iterable[bytes], choices: int) -> tuple[bytes, ...]:
    """Return texts behind so many choices, which are 0 or cut them."""
    return tuple(bytes(choices) + text for text in texts) + tuple(b"\7" * choices + text for text in texts)


def coded() -> tuple[bytes, ...]:
    """Return coded texts, behind the choice of their coding."""
    return tuple(bytes([place, 7, 0, 0, 0]) + packed(b"data: x\n\n" * 9, name) for place, name in enumerate(CODINGS))
