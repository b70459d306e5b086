"""The items of a turn's input, as the model sees them.

Clients write the same history in different ways: a bare string first and a list later, text as a string or as parts,
members in another order. And an item carries what is no part of the prompt: its id, its status, the client's own notes.
So an item is brought into one form before it is compared or hashed.
"""

import json
import operator
from collections.abc import Iterator

import orjson

from ..wire.document import Json, Object

_UNSEEN = frozenset({"id", "status", "internal_chat_message_metadata_passthrough"})
_UNSEEN_IN_PARTS = frozenset({"annotations", "logprobs"})


def given_items(document: Object) -> list[Json]:
    """Return the input's items; a bare string is one user message (OpenAI, Responses API)."""
    given = document.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}] if given else []
    return given if isinstance(given, list) else []


def seen(item: Json) -> Json:
    """Return an item as the model sees it."""
    if not isinstance(item, dict):
        return item
    kept = item if _UNSEEN.isdisjoint(item) and None not in item.values() else _seen_members(item)
    if kept.get("type", "message") != "message":
        return kept
    content = kept.get("content")
    parts = seen_parts(content, kept.get("role"))
    return kept if parts is content and "type" in kept else {**kept, "type": "message", "content": parts}


def seen_parts(content: Json, role: Json) -> list[Json]:
    """Return a message's content as a list of parts, without what the model does not see."""
    if isinstance(content, str):
        return [{"type": "output_text" if role == "assistant" else "input_text", "text": content}] if content else []
    if not isinstance(content, list):
        return []
    parts = [_seen_part(part) for part in content]
    return content if all(map(operator.is_, parts, content)) else parts


def first_user_message(given: list[Json]) -> str | None:
    """Return the whole content of the first user message that has any, as JSON text."""
    users = (item for item in given if isinstance(item, dict) and item.get("role") == "user")
    contents = (seen_parts(item.get("content"), "user") for item in users)
    return next((spelled(content, sort=True).decode() for content in contents if content), None)


def first_developer_message(given: list[Json]) -> str:
    """Return the text of the first developer message, which in the "responses lite" shape carries the instructions."""
    for item in given:
        if isinstance(item, dict) and item.get("role") in ("developer", "system"):
            return "".join(texts(item.get("content")))
    return ""


def texts(content: Json) -> Iterator[str]:
    """Yield the texts of a message's content."""
    for part in seen_parts(content, None):
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text


def spelled(value: Json, *, sort: bool = False) -> bytes:
    """Return one spelling of a value, whatever its white space and escapes; with `sort`, whatever its order, too."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None)
    except (TypeError, orjson.JSONEncodeError):  # lone surrogates and integers beyond 64 bits
        return json.dumps(value, sort_keys=sort).encode()


def _seen_members(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in _UNSEEN and value is not None}


def _seen_part(part: Json) -> Json:
    if not isinstance(part, dict) or _UNSEEN_IN_PARTS.isdisjoint(part):
        return part
    return {name: value for name, value in part.items() if name not in _UNSEEN_IN_PARTS}
