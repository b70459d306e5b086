"""What has been said in a conversation, as a coding agent sends it: all of it with each turn, or what a frame adds.

The instructions and tools are those of the agent, and the same in all of its conversations.
"""

import random
from typing import Any

import orjson
from codex_bench.vocabulary import TEXT

Item = dict[str, Any]

_INSTRUCTIONS, _TOOLS, _TOOL = 8_000, 8, 500
_LEAST, _MOST = 200, 6_000
"""Characters of what a tool puts out."""


class Talk:
    """A conversation; `agent` 0 is the main one, others have other instructions."""

    def __init__(self, number: int, agent: int = 0, key: str | None = None) -> None:
        self._chance = random.Random(f"{number} {agent}")
        self._front = _front(agent, key)
        self._items: list[Item] = [_said("user", f"Task {number} of agent {agent}: {self._text(200)}")]
        self._ends = [1]
        self._sent = 0
        self._previous: str | None = None

    @property
    def items(self) -> int:
        """How many items have been said."""
        return len(self._items)

    def body(self) -> bytes:
        """Return the next turn with all that was said."""
        return orjson.dumps(self._front | {"input": self._items})

    def frame(self, fate: str) -> bytes:
        """Return the next turn of a WebSocket, which says what is new since the response that it names."""
        new = self._items[self._sent :] if self._previous else self._items
        named = {"previous_response_id": self._previous} if self._previous else {}
        head = {"type": "response.create", "client_metadata": {"soak": fate}}
        return orjson.dumps(head | self._front | named | {"input": new})

    def compaction(self) -> bytes:
        """Return what is posted to have the conversation compacted."""
        kept = {name: self._front[name] for name in ("model", "instructions", "tools")}
        return orjson.dumps(kept | {"input": self._items})

    def heard(self, response_id: str, outputs: list[Item]) -> None:
        """Take in an answer, and have something to go on with."""
        self._items += outputs
        self._previous, self._sent = response_id, len(self._items)
        self._ends.append(len(self._items))
        self._items.append(_said("user", f"{self._chance.getrandbits(32):08x} {self._output()}"))

    def connected_anew(self) -> None:
        """A new connection knows no response that could be named."""
        self._previous = None

    def branch(self) -> None:
        """Go back to where an earlier answer ended, and say something else."""
        end = self._ends[self._chance.randrange(len(self._ends))]
        del self._items[end:]
        self._ends = [known for known in self._ends if known <= end]
        self._previous = None
        self._items.append(_said("user", f"Rather {self._text(100)}"))

    def compacted(self, outputs: list[Item]) -> None:
        """Go on with what is left of the conversation."""
        self._items = [*outputs, self._items[-1]]
        self._ends, self._previous = [len(outputs)], None

    def _output(self) -> str:
        return self._text(self._chance.randint(_LEAST, _MOST))

    def _text(self, size: int) -> str:
        start = self._chance.randrange(len(TEXT) - size)
        return TEXT[start : start + size]


def _front(agent: int, key: str | None) -> dict[str, Any]:
    """Return all of a body but its input."""
    told = "Review what was done.\n" if agent else "Do what is asked.\n"
    members: Item = {"model": "gpt-5.5", "instructions": told + TEXT[:_INSTRUCTIONS], "tools": _tools(agent)}
    members |= {"store": False, "stream": True, "parallel_tool_calls": True}
    return members | ({"prompt_cache_key": key} if key else {})


def _tools(agent: int) -> list[Item]:
    schema = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
    count = _TOOLS // 2 if agent else _TOOLS
    return [
        {"type": "function", "name": f"tool_{number}", "description": TEXT[:_TOOL], "parameters": schema}
        for number in range(count)
    ]


def _said(role: str, text: str) -> Item:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}
