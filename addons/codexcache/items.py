"""The items of a turn's input, compared by what they mean.

Clients write the same history in different ways: a bare string first and a list later, text as a string or as parts,
members in another order. For the question "does this input go on with that one?" such differences do not count, so an
item is brought into one normal form before it is hashed.

Each item's digest takes in the one before it. So the digest of item n stands for the whole head up to n, and whether
one input extends another is one look-up.
"""

import json
from collections.abc import Iterator
from hashlib import blake2b

import orjson

from .document import Json, Object

_DIGEST_SIZE = 16
_OPENING_INSTRUCTIONS = 256
"""Characters of the instructions that tell one agent from another (router-for-me/CLIProxyAPI takes 50 of them)."""


def read_items(document: Object) -> list[Json]:
    """Return the input's items in normal form; a bare string is one user message (OpenAI, Responses API)."""
    given = document.get("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}] if given else []
    return [_normal(item) for item in given] if isinstance(given, list) else []


def chained_digests(root: bytes, items: list[Json]) -> tuple[bytes, ...]:
    """Return one digest for each item, which stands for all items up to it; `root` keeps callers apart."""
    return tuple(_chain(root, items))


def first_user_message(items: list[Json]) -> str | None:
    """Return the whole content of the first user message that has any, as JSON text."""
    contents = (item.get("content") for item in items if isinstance(item, dict) and item.get("role") == "user")
    return next((spelled(content).decode() for content in contents if content), None)


def opening_instructions(document: Object, items: list[Json]) -> str:
    """Return how the instructions begin.

    A request in the "responses lite" shape has none and carries them as its first developer message
    (openai/codex, `core/src/client.rs`).
    """
    given = document.get("instructions")
    return (given if isinstance(given, str) and given else _first_developer_text(items))[:_OPENING_INSTRUCTIONS]


def spelled(value: Json) -> bytes:
    """Return one spelling of a value, the same for every order of its members."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError):  # lone surrogates and integers beyond 64 bits
        return json.dumps(value, sort_keys=True).encode()


def _normal(item: Json) -> Json:
    if not isinstance(item, dict) or item.get("type", "message") != "message":
        return item
    return {**item, "type": "message", "content": _normal_content(item)}


def _normal_content(message: Object) -> Json:
    """Return a message's content as a list of parts."""
    content = message.get("content")
    if not isinstance(content, str):
        return content
    kind = "output_text" if message.get("role") == "assistant" else "input_text"
    return [{"type": kind, "text": content}] if content else []


def _chain(root: bytes, items: list[Json]) -> Iterator[bytes]:
    digest = root
    for item in items:
        digest = blake2b(spelled(item), key=digest, digest_size=_DIGEST_SIZE).digest()
        yield digest


def _first_developer_text(items: list[Json]) -> str:
    for item in items:
        if isinstance(item, dict) and item.get("role") in ("developer", "system"):
            return "".join(_texts(item.get("content")))
    return ""


def _texts(content: Json) -> Iterator[str]:
    for part in content if isinstance(content, list) else []:
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text
