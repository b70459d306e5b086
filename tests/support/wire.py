"""What turns look like on the wire: paths, bodies, events, and who sends them."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from codexcache.body.json_splice import Json

from support import turns

RESPONSES = "/backend-api/codex/responses"
COMPACT = f"{RESPONSES}/compact"
JSON = ("Content-Type", "application/json")


def spelled(value: object) -> bytes:
    """Return a value as most clients write it."""
    return orjson.dumps(value)


def body(**members: Any) -> bytes:
    """Return the body of a turn that any backend takes, with the given members instead or besides."""
    return spelled(
        {
            "model": "gpt-5.5",
            "instructions": "Be brief.",
            "input": [{"role": "user", "content": "hello"}],
            "store": False,
            "stream": True,
            **members,
        }
    )


def frame(**members: Any) -> str:
    """Return the same as a WebSocket message."""
    return (b'{"type":"response.create",' + body(**members)[1:]).decode()


def event(kind: str, **members: Any) -> bytes:
    """Return one event of an event stream."""
    return b"event: " + kind.encode() + b"\ndata: " + spelled({"type": kind, **members}) + b"\n\n"


def completed(response_id: str = "resp_1", **members: Any) -> bytes:
    """Return the last event of a response."""
    return event("response.completed", response={"id": response_id, "usage": {"input_tokens": 1}, **members})


def bearer(user: str = "user-1", account: str = "account-1", **claims: Any) -> tuple[str, str]:
    """Return the authorization field of a user's access token; other claims make it a refreshed one."""
    auth: Json = {"chatgpt_user_id": user, "chatgpt_account_id": account}
    return "Authorization", turns.bearer(**{"https://api.openai.com/auth": auth}, **claims)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the addon logged, but for the line with which it starts."""
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("codexcache")]
    return [line for line in lines if " is on for " not in line]


def everything_said(records: Iterable[Any]) -> str:
    """Return all that was logged, by anyone, tracebacks included."""
    return "\n".join(f"{record.getMessage()}\n{record.exc_info or ''}\n{record.exc_text or ''}" for record in records)
