"""The shapes in which the backend says what went wrong, and the short name of it.

Two layers refuse, each in its own shape: the front gateway with `{"detail": "Unsupported parameter: NAME"}`, the
inner API with `{"error": {"message", "type", "param", "code"}}` (router-for-me/CLIProxyAPI#897, openai/codex#39397);
on a WebSocket either is wrapped in an error frame (openai/codex#15099), and in an event stream the members of the
error can stand in the event itself.
"""

import re
from typing import TypeGuard

from ..wire.document import Json, Object

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


def errors_in(payload: Object) -> list[Object]:
    """Return the payload and the objects in it that can describe an error, the innermost first."""
    inner = payload.get("error")
    return [inner, payload] if isinstance(inner, dict) else [payload]


def name_of(payload: Object) -> str:
    """Return what the backend calls an error. Its sentences are not shown: they may repeat what the client sent."""
    errors = errors_in(payload)
    names = [error.get(member) for error in errors for member in ("code", "type")]
    told = any(error.get(member) for error in errors for member in ("detail", "message"))
    nameless = "the response says why" if told else "no reason given"
    return next((name for name in names if _is_name(name)), nameless)


def _is_name(value: Json) -> TypeGuard[str]:
    """Tell whether a value can be a name; the type of an error event says no more than that it is one."""
    return isinstance(value, str) and value != "error" and _NAME.fullmatch(value) is not None
