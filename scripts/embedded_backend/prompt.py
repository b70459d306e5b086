"""A turn's prompt as bytes, in the order in which a model reads it: tools, instructions, input.

The real rendering is not public. This one leaves out what is bookkeeping (ids, states, notes to the client), so that an
item reads the same whether the backend remembered it or the client sent it back.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from embedded_backend.model import Body

_BOOKKEEPING = frozenset({"annotations", "id", "internal_chat_message_metadata_passthrough", "logprobs", "status"})


def items_of(body: Body) -> list[Any]:
    """Return the input items of a body; a plain string is one user message."""
    given = body.get("input") or []
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return list(given) if isinstance(given, list) else [given]


def render(body: Body, items: Sequence[Any]) -> bytes:
    """Return the whole prompt of a body whose input, with what a connection remembers, is `items`."""
    return b"\n".join(_lines(body, items))


def texts_of(item: Any) -> Iterable[str]:
    """Yield the texts of a message item."""
    content = item.get("content") if isinstance(item, dict) else None
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]


def _lines(body: Body, items: Sequence[Any]) -> Iterable[bytes]:
    # Tools keep the order of their members: schemas are shown to the model as they are written.
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        yield orjson.dumps(tool)
    yield str(body.get("instructions") or "").encode()
    for item in items:
        is_message = isinstance(item, dict) and item.get("type", "message") == "message" and "role" in item
        yield from _message(item) if is_message else (_canonical(item),)


def _message(item: dict[str, Any]) -> Iterable[bytes]:
    yield b"<" + str(item["role"]).encode() + b">"
    content = item.get("content")
    for part in content if isinstance(content, list) else [{"text": content}]:
        text = part.get("text") if isinstance(part, dict) else None
        yield text.encode() if isinstance(text, str) else _canonical(part)


def _canonical(value: Any) -> bytes:
    if isinstance(value, dict):
        value = {name: held for name, held in value.items() if name not in _BOOKKEEPING}
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
