"""What a client is like, and what happens in its conversation. Its number decides all of it.

A client has a transport, an identity and a coding of its bodies; every combination comes up. A conversation grows, is
resumed, goes back, is compacted, has a sub-agent do work, ends. Some turns are refused or fail, and are tried again; in
some the client leaves in the middle of the answer, and comes back over a new connection.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import orjson

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
        fields = {"authorization": _bearer(user), "chatgpt-account-id": f"account-{user}"}
        fields |= {"user-agent": f"soak-{self.identity}/1"} | sessions.get(self.identity, {})
        return fields | ({"x-openai-subagent": "review"} if agent else {})


def profile(number: int) -> Profile:
    """Return the profile of the client with this number."""
    return Profile(number, *_KINDS[number % len(_KINDS)])


def _name(number: int, part: int = 0) -> str:
    return f"{number:08x}-{part:04x}-4000-8000-000000000000"


def _bearer(user: int) -> str:
    claims = {"https://api.openai.com/auth": {"chatgpt_user_id": f"user-{user}"}}
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in ({"alg": "none"}, claims)]
    return f"Bearer {'.'.join(parts)}.{'s' * 300}"


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
