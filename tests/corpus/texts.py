"""What a conversation consists of: messages, calls, tools; and what the backend would count for them.

Texts are made up, a size in characters each. A token is four bytes of English or of JSON. It is one Chinese character,
two characters of a hexadecimal dump, and six bytes of encrypted reasoning; a picture costs the same at any size.
"""

import re
from functools import partial

import orjson
from codexcache.body.json_splice import Json, Object

_IMAGE = re.compile(r"data:image/[^\"]*")
_ENCRYPTED = re.compile(r"gAAAA[^\"]*")
_DUMP = re.compile(r"[0-9a-f]{64,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")

IMAGE_TOKENS = 1100
"""What a picture costs."""

_WEIGHTS = ((_IMAGE, 0.0), (_ENCRYPTED, 1 / 6), (_DUMP, 1 / 2), (_HAN, 1.0))
"""Tokens a character of what is no plain text."""


def text(opening: str, size: int = 4000) -> str:
    """Return a text of this many characters, different for each opening."""
    return (opening + " " + (opening + " and so on. ") * (size // len(opening)))[:size]


def chinese(opening: str, size: int) -> str:
    """Return a Chinese text of this many characters, different for each opening."""
    first = sum(map(ord, opening))
    return "".join(chr(0x4E00 + (first * 31 + place * 7 + place // 50) % 8000) for place in range(size))


def dump(opening: str, size: int) -> str:
    """Return a hexadecimal dump of this many characters, different for each opening."""
    seed = opening.encode().hex()
    return (seed * (size // len(seed) + 1))[:size]


def message(role: str, opening: str, size: int = 4000) -> Json:
    """Return a message as clients write it, by default some thousand tokens long."""
    return written(role, text(opening, size))


def written(role: str, said: str) -> Json:
    """Return a message with this text."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": said}]}


user = partial(message, "user")
assistant = partial(message, "assistant")
developer = partial(message, "developer")


def reasoning(name: str, size: int = 2000) -> Json:
    """Return a reasoning item, which only the backend can read."""
    return {"type": "reasoning", "summary": [], "encrypted_content": text(f"gAAAA{name}", size)}


def compaction(name: str, size: int = 3000) -> Json:
    """Return the summary that the backend makes of a history, which only it can read."""
    return {"type": "compaction", "encrypted_content": text(f"gAAAA{name}", size)}


def call(name: str, arguments: str = "{}") -> Json:
    return {"type": "function_call", "name": "shell", "arguments": arguments, "call_id": f"call_{name}"}


def output(name: str, said: str = "done", size: int = 4000) -> Json:
    return {"type": "function_call_output", "call_id": f"call_{name}", "output": text(said, size)}


def picture(name: str, size: int = 400_000) -> Json:
    """Return a message with a picture of this many characters."""
    url = "data:image/png;base64," + text(f"iVBO{name}", size).replace(" ", "")
    return {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]}


def tool(name: str, description: str = "Does what it is called.", size: int = 1500) -> Json:
    """Return a function tool with a schema of some size."""
    return {
        "type": "function",
        "name": name,
        "description": text(description, size),
        "strict": False,
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    }


def is_a(kind: str, item: Json) -> bool:
    """Return True for an item of this type."""
    return isinstance(item, dict) and item.get("type") == kind


def with_id(item: Json, name: str) -> Json:
    """Return an item with what only the client and the backend know of it."""
    assert isinstance(item, dict)
    return {**item, "id": name, "status": "completed", "internal_chat_message_metadata_passthrough": {"turn_id": name}}


def weight(part: Json) -> int:
    """Return the tokens of an item, of all tools, or of the instructions."""
    rest, counted = orjson.dumps(part).decode(), 0.0
    for pattern, a_character in _WEIGHTS:
        found = pattern.findall(rest)
        counted += sum(map(len, found)) * a_character + (IMAGE_TOKENS * len(found) if pattern is _IMAGE else 0)
        rest = pattern.sub("", rest)
    return int(counted) + len(rest.encode()) // 4


def tokens(body: Object, items: int | None = None) -> int:
    """Return the tokens of a prompt, or of its head up to an item."""
    given = body.get("input")
    parts = given if isinstance(given, list) else [given]
    return sum(weight(part) for part in (body.get("tools") or [], body.get("instructions") or "", *parts[:items]))


def cached(counted: int) -> int:
    """Return a number of tokens in steps of 128, as the backend counts what was read."""
    return counted // 128 * 128
