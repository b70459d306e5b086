"""The parsers that read what strangers wrote, each with what has to hold of it and the inputs to start from.

Inputs are bodies, answers, frames, journals and captures of the tests' corpus, and hostile ones: by itself a fuzzer
would rarely come upon a whole turn. They begin with as many bytes as a check takes for its choices.
"""

import base64
import io
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

import orjson
from codexcache.body.json_splice import Json, Object
from corpus import CASES
from corpus.player import Player
from corpus.talk import Case
from mitmproxy import http
from mitmproxy.io import FlowReader
from mitmproxy.net import encoding
from support.journals import lines, long_journal
from support.turn_summaries import SUMMARY
from support.wire import bearer, body, completed, event, frame

from codex_fuzz.inputs import CODINGS, HOSTILE, SECTIONS
from codex_fuzz.oracles import bodies, files, shown, streams, turns

type Seeds = tuple[bytes, ...]

_TALKS = 12  # conversations of the corpus that are seeds; all of them teach a fuzzer little more, and slowly


def _saved(case: Case, over_socket: bool) -> bytes:
    player = Player(case, over_socket=over_socket)
    player.run()
    return player.saved()


def _of_corpus(parts: Iterable[http.Message | None]) -> list[bytes]:
    return [part.raw_content or b"" for part in parts if part]


def chosen(texts: Seeds, choices: int) -> Seeds:
    """Return texts after so many choices, which are 0 or cut them."""
    return tuple(bytes([choice] * choices) + text for choice in (0, 7) for text in texts)


CAPTURES = tuple(_saved(case, over_socket) for case in CASES[:_TALKS] for over_socket in (False, True))
_FLOWS = [flow for capture in CAPTURES for flow in FlowReader(io.BytesIO(capture)).stream()]
_POSTED = [flow for flow in _FLOWS if isinstance(flow, http.HTTPFlow) and flow.request.method == "POST"]

_BODIES = (
    *_of_corpus(flow.request for flow in _POSTED),
    *(b'{ "a" : 1 ,\n"a":[{}, "]"] ,"stream_options":{}}', b'{"\\u0061":"\\ud83d","n":1E400}', b"{}", b"[]"),
    body(model=HOSTILE, tools=[{"name": HOSTILE}], input=[{"type": HOSTILE}], prompt_cache_key=HOSTILE),
    body(tools=[{"type": "namespace", "name": "n", "tools": [{"name": "x"}]}]),
    *(body(), body(input="hello")),
)
BODIES = tuple(dict.fromkeys(_BODIES))

_ANSWERS = (
    *_of_corpus(flow.response for flow in _POSTED),
    *(b"\xef\xbb\xbfdata: a\r\n\r\ndata:b\rdata\r\r", b": ping\n\n\n", completed().replace(b"\n", b"\r\n")),
    event("error", status=400, error={"message": f"Unknown parameter: '{HOSTILE}'", "code": HOSTILE}),
    event("response.created", response={"id": HOSTILE}) + completed(),
)
ANSWERS = tuple(dict.fromkeys(_ANSWERS))

CODED = tuple(
    bytes([number, 7, 0, 0, 0]) + bytes(encoding.encode(b"data: x\n\n" * 9, coding))
    for number, coding in enumerate(CODINGS)
)

_TURN = frame().encode()
_SAID = [b"<" + line[6:] for line in ANSWERS[0].split(b"\n") if line.startswith(b"data: ")]
FRAMES = (
    b"session-id: s\n\n" + b"\n".join([_TURN, *_SAID, _TURN, *_SAID]),
    *(b"\n\n" + _TURN, b"thread-id: t\n\n" + _TURN),
)
"""Frames of both sides, a line each, after the handshake's fields."""

HEADS = (
    b"session-id: s\nSession_Id: s\nauthorization: " + bearer()[1].encode(),
    b"thread-id: t\nsession_id: \xff\nX-Client-Request-Id: " + b"r" * 70,
    b"user-agent: agent/1 (x)\nIdempotency-Key: i\nchatgpt-account-id: a\ncookie: a=b\ncookie: c=d",
    b"x-session-id: " + HOSTILE.replace("\n", " ").encode(),
)
REQUESTS = tuple(head + b"\n\n" + text for head in HEADS for text in BODIES[:6])

_CLAIMS = base64.urlsafe_b64decode(bearer()[1].split(".")[1] + "==")
CLAIMS = (_CLAIMS, b'{"sub":"u","iss":"i"}', b'{"email":""}', b"[1]", b"a.b.c")

_JOURNAL = long_journal(12)
_STRANGE: Object = {"because": HOSTILE, "model": HOSTILE, "verdict": HOSTILE, "changes": [HOSTILE]}
JOURNALS = (lines(_JOURNAL), lines([{**entry, **_STRANGE} for entry in _JOURNAL]), lines(_JOURNAL[:1]))

_ALL_HOSTILE: Object = {name: HOSTILE if isinstance(value, str) else value for name, value in SUMMARY.items()}
_LIMITS: Json = [["primary", None, 41.5], ["secondary", 7, 1e300], [HOSTILE, HOSTILE, {}], HOSTILE]
_ODD: Object = {
    **SUMMARY,
    "sent_at": 1e300,
    "resent_tokens": 1e308,
    "many": [SUMMARY, {}, _ALL_HOSTILE],
    "limits": _LIMITS,
    **dict.fromkeys(("served_model", "served_service_tier", "ended"), HOSTILE),
}
TURN_SUMMARIES = (*map(orjson.dumps, (SUMMARY, _ALL_HOSTILE, _ODD)), b"{}")

CONVERSATIONS = tuple(
    SECTIONS.join([HEADS[0], first, ANSWERS[at % len(ANSWERS)], second, ANSWERS[-1], TURN_SUMMARIES[0]])
    for at, (first, second) in enumerate(pairwise(BODIES))
)

PROMPTS = tuple(b"\n".join(pair) for pair in pairwise(text for text in (*BODIES, BODIES[0]) if b"\n" not in text))
"""Pairs of prompts, a line each."""


class Target(NamedTuple):
    """A parser under test: its name, the check that its input has to pass, and seeds."""

    name: str
    check: Callable[[bytes], None]
    seeds: Seeds

    @property
    def promise(self) -> str:
        """What has to hold, in a sentence."""
        return (self.check.__doc__ or "").strip()


_ALL = (
    Target("splice", bodies.check_splice, chosen(BODIES, 7)),
    Target("incremental", bodies.check_incremental, chosen(BODIES, 4)),
    Target("turn", turns.check_turn, REQUESTS),
    Target("frames", turns.check_frames, FRAMES),
    Target("fields", turns.check_fields, chosen(HEADS, 1)),
    Target("claims", turns.check_claims, CLAIMS),
    Target("events", streams.check_events, chosen(ANSWERS, 4)),
    Target("response", streams.check_response, chosen(ANSWERS, 6)),
    Target("coding", streams.check_coding, CODED),
    Target("journal", files.check_journal, JOURNALS),
    Target("page", files.check_page, JOURNALS),
    Target("capture", files.check_capture, CAPTURES),
    Target("saved", files.check_saved, chosen(CONVERSATIONS, 4)),
    Target("summary", shown.check_turn_summary, TURN_SUMMARIES),
    Target("first-difference", shown.check_first_difference, PROMPTS),
)
TARGETS = {target.name: target for target in _ALL}
