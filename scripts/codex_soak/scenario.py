"""What a client is like, what happens in its conversation, and what it sends. Its number decides all of it.

A client has a transport, an identity and a coding of its bodies; every combination comes up. A conversation grows, is
resumed, goes back, is compacted, has a sub-agent do work, ends. Some turns are refused or fail, and are tried again; in
some the client leaves in the middle of the answer, and comes back over a new connection. All of its history is sent
with each turn, or what a frame adds. Instructions and tools are those of the agent, the same in all conversations.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

import orjson
from toolkit.prompts import TEXT, Item

Transport = Literal["http/1.1", "http/2", "websocket"]
Identity = Literal["native", "keyed", "session", "fresh", "silent"]
"""The official client; one with a key; one with a session; one with a new session each time; one without anything."""
Coding = Literal["", "gzip", "zstd"]
Event = Literal["turn", "resume", "branch", "compact"]
Fate = Literal["answered", "429", "500", "left"]

_KINDS = tuple(product(get_args(Transport), get_args(Identity), get_args(Coding)))
_USERS = 40

_MEAN, _MOST = 3, 24  # turns after the first: the mean of an exponential distribution, and where it is cut

_FATES: tuple[tuple[Fate, float], ...] = (("429", 0.015), ("500", 0.01), ("left", 0.04))
_RESUMED, _BRANCHED, _COMPACTED, _DELEGATED = 0.10, 0.06, 0.08, 0.08

_INSTRUCTIONS, _TOOLS, _TOOL = 8_000, 8, 500
_OUTPUT = 200, 6_000  # the least and the most characters of a tool's output


@dataclass(frozen=True, slots=True)
class Profile:
    """What one client is like."""

    number: int
    transport: Transport
    identity: Identity
    coding: Coding

    @property
    def key(self) -> str | None:
        """The prompt cache key that it sends in its bodies."""
        return _name(self.number) if self.identity in ("native", "keyed") else None

    def fields(self, request: int, agent: int) -> dict[str, str]:
        """Return the header fields that identify it in a request; `agent` 0 is the main one."""
        user = self.number % _USERS
        session, thread = _name(self.number), _name(self.number, agent)
        sessions: dict[str, dict[str, str]] = {
            "native": {"session-id": session, "thread-id": thread, "originator": "codex_cli_rs"},
            "session": {"session_id": session},
            "fresh": {"x-session-id": _name(self.number, request + 1)},
        }
        claims = {"https://api.openai.com/auth": {"chatgpt_user_id": f"user-{user}"}}
        parts = [
            base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)
        ]
        bearer = f"Bearer {'.'.join(parts)}.{'s' * 300}"
        fields = {"authorization": bearer, "chatgpt-account-id": f"account-{user}"}
        fields |= {"user-agent": f"soak-{self.identity}/1"} | sessions.get(self.identity, {})
        return fields | ({"x-openai-subagent": "review"} if agent else {})


def profile(number: int) -> Profile:
    """Return the profile of the client with this number."""
    return Profile(number, *_KINDS[number % len(_KINDS)])


def _name(number: int, part: int = 0) -> str:
    return f"{number:08x}-{part:04x}-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens; `agent` 0 is the main one, others have a conversation of their own."""

    event: Event = "turn"
    fate: Fate = "answered"
    agent: int = 0


def scenario(number: int) -> Iterator[Step]:
    """Yield the steps of the conversation with this number."""
    chance = random.Random(number)
    yield from _turn(chance)
    for turn in range(min(_MOST, int(chance.expovariate(1 / _MEAN)))):
        yield from _between(chance, turn + 1)
        yield from _turn(chance)


def _turn(chance: random.Random, agent: int = 0) -> Iterator[Step]:
    """Yield a turn until it is answered."""
    for fate, share in _FATES:
        if chance.random() < share:
            yield Step(fate=fate, agent=agent)
            yield from [Step(event="resume")] if fate == "left" else []
    yield Step(agent=agent)


def _between(chance: random.Random, turns: int) -> Iterator[Step]:
    """Yield what happens between two turns, after so many."""
    if chance.random() < _RESUMED:
        yield Step(event="resume")
    if turns > 1 and chance.random() < _BRANCHED:
        yield Step(event="branch")
    if turns > 2 and chance.random() < _COMPACTED:
        yield Step(event="compact")
    if chance.random() < _DELEGATED:
        yield from [*_turn(chance, turns), *_turn(chance, turns)]


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
