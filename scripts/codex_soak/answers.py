"""What the backend answers: the events of a response, a compaction, an error."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from embedded_backend import answers, events, refusals

_BEGUN = 4
"""Events of a response after which its client runs away."""

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
    """Return the response to the turn with this number, of which this is to become."""
    if fate in ("answered", "left"):
        return _compacted(number) if compact else _streamed(number, fate)
    return Answer(status=int(fate), content_type="application/json", pieces=(orjson.dumps(_refused(fate).body),))


def frames(number: int, fate: str) -> list[bytes]:
    """Return the same as the texts of frames."""
    if fate in ("answered", "left"):
        return [orjson.dumps(event) for event in _events(number, fate)]
    return [orjson.dumps(_refused(fate).frame())]


def _streamed(number: int, fate: str) -> Answer:
    pieces = tuple(events.as_stream(event) for event in _events(number, fate))
    return Answer(status=200, content_type="text/event-stream", pieces=pieces, ends=fate == "answered")


def _compacted(number: int) -> Answer:
    document = {"id": _id(number), "output": [answers.compaction(_digest(number))], "usage": _usage(number)}
    return Answer(status=200, content_type="application/json", pieces=(orjson.dumps(document),))


def _refused(fate: str) -> refusals.Refusal:
    return refusals.inner("Try again later.", None, _REASONS[int(fate)], int(fate))


def _events(number: int, fate: str) -> list[dict[str, Any]]:
    response = {"id": _id(number), "object": "response", "model": "gpt-5.5", "usage": _usage(number)}
    all_events = events.events(response, _message(number), "completed")
    return list(islice(all_events, _BEGUN) if fate == "left" else all_events)


def _message(number: int) -> dict[str, Any]:
    text = "".join(f"{word} " for word in [_digest(number)[:8]] + ["word"] * _WORDS)
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": f"msg_{number:x}",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }


def _usage(number: int) -> dict[str, Any]:
    cached = 0 if number % _UNCACHED == 0 else 11_520
    tokens = {"input_tokens": 12_000, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": _WORDS}
    return tokens | {"total_tokens": 12_000 + _WORDS}


def _id(number: int) -> str:
    return f"resp_{_digest(number)}"


def _digest(number: int) -> str:
    return f"{number:08x}" * 4
