"""What the embedded backend answers: a short message, a tool call, or a compaction; the same for the same prompt."""

import hashlib
from typing import Any

from embedded_backend import calls
from embedded_backend.model import Body

Item = dict[str, Any]


def answer(body: Body, items: list[Any], rendered: bytes, deltas: int) -> Item | None:
    """Returns the output item of a turn, or None for a warm-up (`generate: false`)."""
    digest = hashlib.sha256(rendered).hexdigest()
    if body.get("generate") is False:
        return None
    if _ends_in_trigger(items):
        return compaction(digest)
    called = calls.call_of(body, items, f"call_{digest[:24]}")
    return called | {"id": f"fc_{digest[:24]}"} if called else _message(digest, deltas)


def compaction(digest: str) -> Item:
    """Returns the item that stands for a compacted history; its content is opaque to clients."""
    return {"type": "compaction", "id": f"cmp_{digest[:24]}", "encrypted_content": digest * 2}


def pieces(item: Item) -> list[str]:
    """Returns the text of an item in the pieces in which it is streamed: words, or the whole of a call's input."""
    if item["type"] == "message":
        return [word + " " for word in item["content"][0]["text"].split(" ")[:-1]]
    return [item[name] for name in ("arguments", "input") if name in item]


def _ends_in_trigger(items: list[Any]) -> bool:
    return bool(items) and isinstance(items[-1], dict) and items[-1].get("type") == "compaction_trigger"


def _message(digest: str, deltas: int) -> Item:
    text = "".join(f"{word} " for word in [digest[:8]] + ["word"] * (deltas - 1))
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": f"msg_{digest[:24]}",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }
