"""The turns that are sent: a real client's size, and in the broken ones everything that the addon could add.

A turn that already bears its key in the body and its session in a header leaves the addon nothing to change in the
body, so that the backend answers it with the same bytes with and without the addon.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson
from codex_demo import conversation

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

type Field = tuple[str, str]

_PADDED = 1_000_000  # bytes of an answer's tool call, which the backend sends four times over


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: its prompt cache key, the header fields of its request or handshake, and its body's members."""

    key: str
    fields: tuple[Field, ...]
    members: dict[str, Any] = field(repr=False)

    @property
    def body(self) -> bytes:
        """The body of a request."""
        return orjson.dumps(self.members)

    @property
    def frame(self) -> str:
        """The text of a WebSocket frame."""
        return orjson.dumps({"type": "response.create"} | self.members).decode()


def broken(key: str, **members: Any) -> Turn:
    """Returns a turn of a session of its own, which bears all that a turn can bear."""
    return Turn(key, (*_fields(key), ("session-id", key)), _members(key) | members)


def large(key: str) -> Turn:
    """Returns a turn whose answer has about four megabytes: a call of a tool with a long argument."""
    tool = {"type": "function", "name": "shell", "parameters": {"properties": {"command": {}}}}
    asked = {"role": "user", "content": f"run: {key} {'x' * _PADDED}"}
    return broken(key, tools=[tool], input=[asked])


def ordinary(key: str, *, socket: bool) -> Turn:
    """Returns a turn of a client that sends a key and no session, but on a WebSocket, whose handshake tells nothing."""
    return Turn(key, (*_fields(key), ("session-id", key)) if socket else _fields(key), _members(key))


def cached_tokens(events: bytes) -> int:
    """Returns the cached tokens in the last counters that stand in these events, 0 where there are none."""
    _before, found, after = events.rpartition(b'"cached_tokens":')
    return int(after.partition(b",")[0].rstrip(b"}")) if found else 0


def _fields(key: str) -> tuple[Field, ...]:
    return (("authorization", f"Bearer token of {key}"), ("chatgpt-account-id", "account"), ("originator", "faults"))


def _members(key: str) -> dict[str, Any]:
    asked = {"role": "user", "content": f"What is there to do in {key}?"}  # no other session begins so
    return conversation.body([asked]) | {"prompt_cache_key": key}
