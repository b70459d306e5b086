"""The items of a turn's input, normalised to what the model sees.

Clients write the same history in different ways: first as a bare string and later as a list, text as a string or as
parts, members in another order. Items also carry members that are not part of the prompt: id, status, notes of the
client. So an item is normalised before it is compared or hashed.
"""

import json
import operator
from collections.abc import Iterator

import orjson

from ..body.json_splice import Json, Object

_HIDDEN_MEMBERS = frozenset({"id", "status", "internal_chat_message_metadata_passthrough"})
_HIDDEN_PART_MEMBERS = frozenset({"annotations", "logprobs"})


def given_items(document: Object) -> list[Json]:
    """Return the items of the input; a bare string is one user message (OpenAI, Responses API)."""
    given = document.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}] if given else []
    return given if isinstance(given, list) else []


def as_model_sees(item: Json) -> Json:
    """Return an item as the model sees it."""
    if not isinstance(item, dict):
        return item
    kept = item if _HIDDEN_MEMBERS.isdisjoint(item) and None not in item.values() else _visible_members(item)
    if kept.get("type", "message") != "message":
        return kept
    content = kept.get("content")
    parts = parts_as_model_sees(content, kept.get("role"))
    return kept if parts is content and "type" in kept else {**kept, "type": "message", "content": parts}


def parts_as_model_sees(content: Json, role: Json) -> list[Json]:
    """Return the content of a message as a list of parts, without what the model does not see."""
    if isinstance(content, str):
        return [{"type": "output_text" if role == "assistant" else "input_text", "text": content}] if content else []
    if not isinstance(content, list):
        return []
    parts = [_visible_part(part) for part in content]
    return content if all(map(operator.is_, parts, content)) else parts


def first_user_message(given: list[Json]) -> str | None:
    """Return the whole content of the first user message that has any, as JSON text, None if there is none."""
    users = (item for item in given if isinstance(item, dict) and item.get("role") == "user")
    contents = (parts_as_model_sees(item.get("content"), "user") for item in users)
    return next((to_json(content, sort=True).decode() for content in contents if content), None)


def first_developer_message(given: list[Json]) -> str:
    """Return the text of the first developer message, which holds the instructions of a "responses lite" request."""
    for item in given:
        if isinstance(item, dict) and item.get("role") in ("developer", "system"):
            return "".join(texts(item.get("content")))
    return ""


def texts(content: Json) -> Iterator[str]:
    """Yield the texts in the content of a message."""
    for part in parts_as_model_sees(content, None):
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text


def canonical(item: Json) -> bytes:
    """Return an item as the model sees it, as JSON: the same bytes for all spellings of it."""
    return to_json(as_model_sees(item), sort=True)


def to_json(value: Json, *, sort: bool = False) -> bytes:
    """Return a value as JSON without white space, the same for all spellings of it; `sort` ignores member order too."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None)
    except (TypeError, orjson.JSONEncodeError):  # lone surrogates and integers beyond 64 bits
        return json.dumps(value, sort_keys=sort).encode()


def _visible_members(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in _HIDDEN_MEMBERS and value is not None}


def _visible_part(part: Json) -> Json:
    if not isinstance(part, dict) or _HIDDEN_PART_MEMBERS.isdisjoint(part):
        return part
    return {name: value for name, value in part.items() if name not in _HIDDEN_PART_MEMBERS}
