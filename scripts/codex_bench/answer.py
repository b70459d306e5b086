"""What the server plays: a response of so many events, made once, the same for every turn but for its id."""

from collections.abc import Iterator
from functools import cache

import orjson

from codex_bench.vocabulary import TEXT

_TEXT_OF_AN_EVENT = 24
_EVENTS_AROUND = 5  # those that are no piece of text
_PLACE = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
_ID = "resp_" + "0" * 48

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"openai-model: gpt-5.5\r\nx-request-id: 7f1c2f3e-0000-4000-8000-000000000000\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def chunks(number: int, count: int) -> list[bytes]:
    """Return the response to the turn with this number: `count` events, each a chunk of HTTP/1.1."""
    return [_chunk(_numbered(event, number)) for event in _stream(count)]


def frames(number: int, count: int) -> list[bytes]:
    """Return the same events as the texts of WebSocket frames."""
    return [_numbered(event, number) for event in _texts(count)]


def _numbered(event: bytes, number: int) -> bytes:
    return event.replace(_ID.encode(), f"resp_{number:048x}".encode()) if _ID.encode() in event else event


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@cache
def _stream(count: int) -> list[bytes]:
    kinds = [event["type"] for event in _events(count)]
    pairs = zip(kinds, _texts(count), strict=True)
    return [b"event: " + str(kind).encode() + b"\ndata: " + text + b"\n\n" for kind, text in pairs]


@cache
def _texts(count: int) -> list[bytes]:
    return [orjson.dumps(event | {"sequence_number": place}) for place, event in enumerate(_events(count))]


def _events(count: int) -> Iterator[dict[str, object]]:
    pieces = max(1, count - _EVENTS_AROUND)
    size = pieces * _TEXT_OF_AN_EVENT
    item: dict[str, object] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [_said(size)],
    }
    yield {"type": "response.created", "response": _response("in_progress", [], None)}
    yield {"type": "response.in_progress", "response": _response("in_progress", [], None)}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}}
    for start in range(0, size, _TEXT_OF_AN_EVENT):
        piece = TEXT[start : start + _TEXT_OF_AN_EVENT]
        yield {"type": "response.output_text.delta", "delta": piece, "logprobs": [], "obfuscation": "q3Lx9"} | _PLACE
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": _response("completed", [item], _USAGE)}


def _said(size: int) -> dict[str, object]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": TEXT[:size]}


def _response(status: str, output: list[dict[str, object]], usage: dict[str, object] | None) -> dict[str, object]:
    """Return a response; the real one repeats more of what was asked."""
    asked = {"instructions": TEXT[:1000], "model": "gpt-5.5", "store": False, "tool_choice": "auto", "tools": []}
    return {"id": _ID, "object": "response", "status": status, "output": output, "usage": usage} | asked


_USAGE: dict[str, object] = {
    "input_tokens": 12_000,
    "input_tokens_details": {"cached_tokens": 11_520},
    "output_tokens": 600,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 12_600,
}
