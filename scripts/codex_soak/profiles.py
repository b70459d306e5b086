"""The kinds of clients: how they connect, how they identify themselves, how they encode their bodies.

A client's number decides all of it, so that every combination comes up and every soak has the same clients.
"""

import base64
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import orjson

Transport = Literal["http/1.1", "http/2", "websocket"]
Identity = Literal["native", "keyed", "session", "fresh", "silent"]
"""The official client; one with a key; one with a session; one with a new session each time; one without anything."""
Coding = Literal["", "gzip", "zstd"]

_KINDS = tuple(product(get_args(Transport), get_args(Identity), get_args(Coding)))
_USERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def fields(self, request: int, agent: int) -> list[tuple[str, str]]:
        """Return the header fields that identify it in a request; `agent` 0 is the main one."""
        user = self.number % _USERS
        fields = [("authorization", _bearer(user)), ("chatgpt-account-id", f"account-{user}")]
        fields += [("user-agent", f"soak-{self.identity}/1"), *self._session(request, agent)]
        return [*fields, ("x-openai-subagent", "review")] if agent else fields

    def _session(self, request: int, agent: int) -> list[tuple[str, str]]:
        session = _name(self.number)
        if self.identity == "native":
            return [("session-id", session), ("thread-id", _name(self.number, agent)), ("originator", "codex_cli_rs")]
        if self.identity == "session":
            return [("session_id", session)]
        return [("x-session-id", _name(self.number, request + 1))] if self.identity == "fresh" else []


def profile(number: int) -> Profile:
    """Return the profile of the client with this number."""
    transport, identity, coding = _KINDS[number % len(_KINDS)]
    return Profile(number=number, transport=transport, identity=identity, coding=coding)


def _name(number: int, part: int = 0) -> str:
    return f"{number:08x}-{part:04x}-4000-8000-000000000000"


def _bearer(user: int) -> str:
    claims = {"https://api.openai.com/auth": {"chatgpt_user_id": f"user-{user}"}}
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in ({"alg": "none"}, claims)]
    return f"Bearer {'.'.join(parts)}.{'s' * 300}"
