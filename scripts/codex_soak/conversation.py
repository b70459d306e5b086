"""The history of a conversation as a coding agent sends it: all of it with each turn, or what a frame adds.

Instructions and tools are those of the agent, the same in all of its conversations.
"""

import random
from typing import Any

import orjson
from toolkit.prompts import TEXT, Item

_INSTRUCTIONS, _TOOLS, _TOOL = 8_000, 8, 500
_OUTPUT = 200, 6_000  # the least and the most characters of a tool's output


class Conversation:
    """A conversation; `agent` 0 is the main one, others have other instructions."""

    def __init__(self, number: int, agent: int = 0, key: str | None = None) -> None:
        self._chance = random.Random(f"{number} {agent}")
        self._fixed = _fixed(agent, key)
        self._items = [_message(f"Task {number} of agent {agent}: {self._text(200)}")]
        self._ends = [1]
        self._sent = 0
        self._previous: str | None = None

    def body(self) -> bytes:
        """Return the next turn with the whole history."""
        return orjson.dumps(self._fixed | {"input": self._items})

    def frame(self, fate: str) -> bytes:
        """Return the next turn as a WebSocket message, which adds to the response that it names."""
        new = self._items[self._sent :] if self._previous else self._items
        named = {"previous_response_id": self._previous} if self._previous else {}
        kind = {"type": "response.create", "client_metadata": {"soak": fate}}
        return orjson.dumps(kind | self._fixed | named | {"input": new})

    def compaction(self) -> bytes:
        """Return what is posted to have the conversation compacted."""
        kept = {name: self._fixed[name] for name in ("model", "instructions", "tools")}
        return orjson.dumps(kept | {"input": self._items})

    def answered(self, response_id: str, outputs: list[Item]) -> None:
        """Add an answer, and the next input."""
        self._items += outputs
        self._previous, self._sent = response_id, len(self._items)
        self._ends.append(len(self._items))
        output = self._text(self._chance.randint(*_OUTPUT))
        self._items.append(_message(f"{self._chance.getrandbits(32):08x} {output}"))

    def reconnected(self) -> None:
        """Send everything with the next frame: a new connection knows no response that could be named."""
        self._previous = None

    def branch(self) -> None:
        """Go back to the end of an earlier answer, and continue differently."""
        end = self._ends[self._chance.randrange(len(self._ends))]
        del self._items[end:]
        self._ends = [known for known in self._ends if known <= end]
        self._previous = None
        self._items.append(_message(f"Rather {self._text(100)}"))

    def compacted(self, outputs: list[Item]) -> None:
        """Replace the history by what it was compacted to."""
        self._items = [*outputs, self._items[-1]]
        self._ends, self._previous = [len(outputs)], None

    def _text(self, size: int) -> str:
        start = self._chance.randrange(len(TEXT) - size)
        return TEXT[start : start + size]


def _fixed(agent: int, key: str | None) -> dict[str, Any]:
    """Return all of a body except its input."""
    task = "Review what was done.\n" if agent else "Do what is asked.\n"
    schema = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
    tool = {"type": "function", "description": TEXT[:_TOOL], "parameters": schema}
    tools = [tool | {"name": f"tool_{number}"} for number in range(_TOOLS // 2 if agent else _TOOLS)]
    members: Item = {"model": "gpt-5.5", "instructions": task + TEXT[:_INSTRUCTIONS], "tools": tools}
    members |= {"store": False, "stream": True, "parallel_tool_calls": True}
    return members | ({"prompt_cache_key": key} if key else {})


def _message(text: str) -> Item:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
