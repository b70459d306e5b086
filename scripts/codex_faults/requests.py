"""The turns that are sent: a real client's size, and in the broken ones everything that the addon could add.

If a turn already has its key in the body and its session in a header, the addon has nothing to change in the body, and
the backend answers with the same bytes with and without the addon.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from toolkit import prompts
from toolkit.wire.http1 import Field

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

_PADDED = 1_000_000  # bytes of an answer's tool call, which the backend sends four times over


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn: its prompt cache key, the header fields of its request or handshake, and its body's members."""

    key: str
    fields: list[Field]
    members: dict[str, Any] = field(repr=False)

    @property
    def body(self) -> bytes:
        """The body of a request."""
        return orjson.dumps(self.members)

    @property
    def frame(self) -> str:
        """The text of a WebSocket message."""
        return orjson.dumps({"type": "response.create"} | self.members).decode()


def complete(key: str, **members: Any) -> TurnRequest:
    """Return a turn of a session of its own, with everything that the addon could add."""
    turn = ordinary(key, socket=True)
    return replace(turn, members=turn.members | members)


def large(key: str) -> TurnRequest:
    """Return a turn whose answer has about four megabytes: a call of a tool with a long argument."""
    tool = {"type": "function", "name": "shell", "parameters": {"properties": {"command": {}}}}
    return complete(key, tools=[tool], input=[{"role": "user", "content": f"run: {key} {'x' * _PADDED}"}])


def ordinary(key: str, *, socket: bool) -> TurnRequest:
    """Return a turn of a client that sends a key, and a session only in a WebSocket's handshake."""
    fields = [("authorization", f"Bearer token of {key}"), ("chatgpt-account-id", "account"), ("originator", "faults")]
    fields += [("session-id", key)] if socket else []
    asked = {"role": "user", "content": f"What is there to do in {key}?"}  # no other session begins so
    return TurnRequest(key, fields, prompts.body([asked]) | {"prompt_cache_key": key})


def cached_tokens(events: bytes) -> int:
    """Return the cached tokens in the last counters of these events, 0 where there are none."""
    _, found, after = events.rpartition(b'"cached_tokens":')
    return int(after.partition(b",")[0].rstrip(b"}")) if found else 0
