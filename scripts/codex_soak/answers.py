"""What the backend answers: the events of a response, a compaction, an error."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from embedded_backend import answers, events, refusals

_BEGUN = 4
"""Events of a response after which its client leaves."""

_WORDS = 12
_UNCACHED = 5
"""Each so many-th turn reads nothing from the cache."""

_REASONS = {429: "rate_limit_exceeded", 500: "server_error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response in the pieces in which it is sent; one that does not end is left by its client."""

    status: int
    content_type: str
    pieces: tuple[bytes, ...]
    ends: bool = True


def answer(number: int, fate: str, *, compact: bool = False) -> Answer:
    """Return the response to the turn with this number, which is to have this fate."""
    if fate not in ("answered", "left"):
        return _document(_refusal(fate).body, int(fate))
    if compact:
        output = [answers.compaction(_digest(number))]
        return _document({"id": _id(number), "output": output, "usage": _usage(number)})
    pieces = tuple(events.as_stream(event) for event in _events(number, fate))
    return Answer(status=200, content_type="text/event-stream", pieces=pieces, ends=fate == "answered")


def frames(number: int, fate: str) -> list[bytes]:
    """Return the same as WebSocket messages."""
    if fate not in ("answered", "left"):
        return [orjson.dumps(_refusal(fate).frame())]
    return [orjson.dumps(event) for event in _events(number, fate)]


def _document(content: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status=status, content_type="application/json", pieces=(orjson.dumps(content),))


def _refusal(fate: str) -> refusals.Refusal:
    return refusals.inner("Try again later.", None, _REASONS[int(fate)], int(fate))


def _events(number: int, fate: str) -> list[dict[str, Any]]:
    response = {"id": _id(number), "object": "response", "model": "gpt-5.5", "usage": _usage(number)}
    message = answers.answer({}, [], _id(number).encode(), _WORDS)
    all_events = events.events(response, message, "completed")
    return list(islice(all_events, _BEGUN) if fate == "left" else all_events)


def _usage(number: int) -> dict[str, Any]:
    cached = 0 if number % _UNCACHED == 0 else 11_520
    tokens = {"input_tokens": 12_000, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": _WORDS}
    return tokens | {"total_tokens": 12_000 + _WORDS}


def _id(number: int) -> str:
    return f"resp_{_digest(number)}"


def _digest(number: int) -> str:
    return f"{number:08x}" * 4
