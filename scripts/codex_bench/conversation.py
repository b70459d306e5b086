"""Conversations as a coding agent has them: each turn sends all of the turn before it, and a little more.

They are made from a seed, so that every arm gets the same bytes and every round a conversation that no proxy has seen.
"""

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import orjson
from toolkit.prompts import TEXT

type _Object = dict[str, Any]

SPELLINGS: Mapping[str, Callable[[object], bytes | str]] = {
    "compact": orjson.dumps,
    "spaced": json.dumps,
    "indented": partial(json.dumps, indent=2),
}
"""How clients write a body: those in JavaScript and Rust, those in Python, and those whose bodies are to be read."""

_INSTRUCTIONS, _TOOLS = 12_000, 12
_LEAST_OUTPUT, _MOST_OUTPUT = 200, 20_000
_ITEMS = 150  # tool outputs that the first turn of a conversation has, as far as their sizes allow


class Conversation:
    """The bodies of one conversation whose first turn has about `size` bytes, in one of the spellings.

    Each later turn adds what one call of a tool adds.
    """

    def __init__(self, seed: int, size: int, spelling: str) -> None:
        self._chance, self._write = random.Random(seed), SPELLINGS[spelling]
        self._output = min(_MOST_OUTPUT, max(_LEAST_OUTPUT, size // _ITEMS))
        task = f"Task {seed:x}: {_text(self._chance, 200)}"
        self._items = [_item(role="user", content=[{"type": "input_text", "text": task}])]
        self._body = _body(size, self._items)
        left = size - len(self._write(self._body))
        while left > 0:
            more = [*self._step()]
            left -= sum(len(self._write(item)) + 1 for item in more)
            self._items += more

    def bodies(self, count: int) -> Iterator[bytes]:
        """Yield the bodies of the first turns."""
        for _ in range(count):
            text = self._write(self._body)
            yield text if isinstance(text, bytes) else text.encode()
            self._items += self._step()

    def _step(self) -> Iterator[_Object]:
        """Yield what one turn adds: what the model thought and called, and what came of it."""
        call = f"call_{self._chance.getrandbits(96):024x}"
        secret = base64.b64encode(self._chance.randbytes(270)).decode()
        yield _item(type="reasoning", summary=[], encrypted_content=secret)
        asked = orjson.dumps({"command": ["bash", "-lc", _text(self._chance, 60)]}).decode()
        yield _item(type="function_call", name="shell", arguments=asked, call_id=call)
        yield _item(type="function_call_output", call_id=call, output=_text(self._chance, self._output))


def as_frame(body: bytes) -> bytes:
    """Return a body as a turn of a WebSocket."""
    return b'{"type":"response.create",' + body[1:]


def _body(size: int, items: list[_Object]) -> _Object:
    """Return a body with these items; what is around them is the same in all conversations of an agent."""
    share = min(_INSTRUCTIONS, size // 4)
    schema = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
    tool = {"type": "function", "description": TEXT[: share // _TOOLS], "strict": False, "parameters": schema}
    return {
        "model": "gpt-5.5",
        "instructions": TEXT[:share],
        "input": items,
        "tools": [{"name": f"tool_{number}", **tool} for number in range(_TOOLS)],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }


def _item(**members: object) -> _Object:
    return {"type": "message", **members}


def _text(chance: random.Random, size: int) -> str:
    """Return a piece of the text that no other piece begins like."""
    start = chance.randrange(len(TEXT) - size)
    return f"{chance.getrandbits(32):08x} {TEXT[start : start + size]}"
