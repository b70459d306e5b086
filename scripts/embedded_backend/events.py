"""The events of one response in their order, for the event stream and the WebSocket alike."""

from collections.abc import Iterator
from typing import Any

import orjson

from embedded_backend import answers

Event = dict[str, Any]

TERMINAL = ("response.completed", "response.failed", "response.incomplete", "error")
"""The types of the events that end a response."""

# The names of the pieces of an item: the event's stem, and the member that the whole comes in.
_STEMS = {
    "message": ("response.output_text", "text"),
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


def events(response: dict[str, Any], item: answers.Item | None, ending: str) -> Iterator[Event]:
    """Yield every event of a response; the given object is the one of its last event."""
    for number, event in enumerate(_events(response, item, ending)):
        yield event | {"sequence_number": number}


def as_stream(event: Event) -> bytes:
    """Return an event as the event stream carries it."""
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def _events(response: dict[str, Any], item: answers.Item | None, ending: str) -> Iterator[Event]:
    begun = response | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    if item is not None:
        yield from _of_item(item)
    if ending == "error":
        yield _ERROR
    elif ending != "none":
        yield {"type": f"response.{ending}", "response": response | {"status": ending} | _ENDINGS[ending]}


def _of_item(item: answers.Item) -> Iterator[Event]:
    place = {"output_index": 0, "item_id": item["id"]}
    empty = item | {name: type(item[name])() for name in ("content", "arguments", "input") if name in item}
    yield {"type": "response.output_item.added", "output_index": 0, "item": empty | {"status": "in_progress"}}
    if item["type"] in _STEMS:
        yield from _of_text(item, place, *_STEMS[item["type"]])
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _of_text(item: answers.Item, place: dict[str, Any], stem: str, member: str) -> Iterator[Event]:
    pieces = answers.pieces(item)
    part = place | {"content_index": 0} if "content" in item else place
    if "content" in item:
        yield {"type": "response.content_part.added", "part": item["content"][0] | {"text": ""}} | part
    for piece in pieces:
        yield {"type": f"{stem}.delta", "delta": piece} | part
    yield {"type": f"{stem}.done", member: "".join(pieces)} | part
    if "content" in item:
        yield {"type": "response.content_part.done", "part": item["content"][0]} | part


_ERROR: Event = {"type": "error", "code": "server_error", "message": "The server had an error.", "param": None}

_ENDINGS: dict[str, dict[str, Any]] = {
    "completed": {},
    "failed": {"error": {"code": "server_error", "message": "The server had an error."}},
    "incomplete": {"incomplete_details": {"reason": "max_output_tokens"}},
}
