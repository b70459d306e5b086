"""The items of a turn's input, normalised to what the model sees.

Clients write the same history in different ways: first as a bare string and later as a list, text as a string or as
parts, members in another order. Items also carry members that are not part of the prompt: id, status, notes of the
client. So an item is normalised before it is compared or hashed.

What a model made, its answers, is evidence: it makes up call ids, encrypted reasoning and texts, so an input that holds
one of them continues the conversation in which it was made, whatever the client rewrote around it. A message is
recognized by its text alone, a call and its output by the call's id. An item of a type that is not listed here proves
nothing, and a short text ("Done."), which is said in many conversations, counts only together with the opening, the
first message of the user.
"""

import json
import operator
from collections.abc import Iterator, Sequence

import orjson

from ..body.json_splice import Json, Object, as_list, as_text
from .item_list import digest

_CALLS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "web_search_call",
        "file_search_call",
        "tool_search_call",
    }
)
_OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "tool_search_output",
    }
)
ENCRYPTED = frozenset({"reasoning", "compaction", "compaction_summary", "context_compaction"})
"""Items with a content that only the account can use for which it was made."""

_IDS = {
    **dict.fromkeys(_CALLS | _OUTPUTS, "call_id"),
    **dict.fromkeys(ENCRYPTED, "encrypted_content"),
}
"""The member that identifies an item of a kind; messages are identified by their text."""

_SHORTEST = 16
"""Characters from which on a text or an id counts without an equal opening."""

TEXT = 2
"""The bit of an answer's digest that is set for a message: a sentence may be said in several conversations."""

SHORT = 1
"""The bit of an answer's digest that is set where the text is short: it counts only together with the opening."""

_ANSWERS = 8
"""The latest answers of an input, by which its conversation is recognized; a call and its output are one."""

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
    if isinstance(content, str):
        yield content
    for part in as_list(content):
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text


def latest_answers(given: Sequence[Json], earlier: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the digests of the latest answers among some items, the latest first.

    `earlier` are those of the input that the items extend.
    """
    found: dict[_Identity, int] = {}
    for item in reversed(given):
        if (identity := _identity(item)) and identity not in found:
            found[identity] = _digest(identity)
            if len(found) == _ANSWERS:
                break
    return tuple(dict.fromkeys((*found.values(), *earlier)))[:_ANSWERS] if found else tuple(earlier)


def answer_digest(item: Json) -> int:
    """Return what identifies a model's item, the same for all spellings of it; 0 for an item that is not a model's."""
    identity = _identity(item)
    return _digest(identity) if identity else 0


type _Identity = tuple[str, int]
"""The text that no other answer has, and the bits that are set for it."""


def _digest(identity: _Identity) -> int:
    text, bits = identity
    return digest(text.encode("utf-8", "surrogatepass")) & ~(SHORT | TEXT) | bits


def _identity(item: Json) -> _Identity | None:
    """Return what identifies a model's item, None for one that is not a model's."""
    if not isinstance(item, dict) or not isinstance(kind := item.get("type", "message"), str):
        return None
    if member := _IDS.get(kind):
        text = as_text(item.get(member)) or (as_text(item.get("id")) if kind in _CALLS else "")
    else:
        is_answer = kind == "message" and item.get("role") == "assistant"
        text = "".join(texts(item.get("content"))).strip() if is_answer else ""
    return (text, SHORT if len(text) < _SHORTEST else TEXT if item.get("role") else 0) if text else None


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
