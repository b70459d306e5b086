"""Which bodies are refused, and the two shapes in which a refusal is said.

A member that the front gateway does not know comes back as `{"detail": ...}`; what the API behind it finds comes back
as `{"error": {...}}` (both forms: router-for-me/CLIProxyAPI#2347 and openai/codex#39397).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from embedded_backend.model import Body
from embedded_backend.rules import REQUIRED, Rules

_FAILURES = {
    401: ("invalid_request_error", "Your authentication token is not valid."),
    426: ("invalid_request_error", "Upgrade refused."),
    429: ("usage_limit_reached", "The usage limit has been reached"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of a response: its HTTP status and JSON body."""

    status: int
    body: dict[str, Any]

    def frame(self) -> dict[str, Any]:
        """Return the same as the WebSocket's error frame (openai/codex#15099, router-for-me/CLIProxyAPI#1901)."""
        return {"type": "error", "status": self.status, "error": self.body.get("error", self.body), "headers": {}}


def gateway(detail: str, status: int = 400) -> Refusal:
    """Return a refusal as the front gateway words it."""
    return Refusal(status, {"detail": detail})


def inner(message: str, param: str | None, code: str, status: int = 400) -> Refusal:
    """Return a refusal as the API behind the gateway words it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return Refusal(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def failure(status: int) -> Refusal:
    """Return a failure that the turn did not cause, by its status."""
    kind, message = _FAILURES.get(status, ("server_error", "The server had an error while processing your request."))
    return Refusal(status, {"error": {"type": kind, "message": message, "param": None, "code": None}})


def of_turn(body: Body, session: str | None, rules: Rules, *, websocket: bool) -> Refusal | None:
    """Return why a turn is refused, or None; the gateway looks first."""
    return next(chain(_by_tables(body, rules, websocket), _too_long(body, session, rules)), None)


def of_compact(body: Body, session: str | None, rules: Rules) -> Refusal | None:
    """Return why a unary compaction is refused, or None: its schema knows no other members."""
    unknown = (_unknown(member) for member in body if member not in rules.compact_members)
    return next(chain(unknown, _too_long(body, session, rules)), None)


def _by_tables(body: Body, rules: Rules, websocket: bool) -> Iterator[Refusal]:
    for row in rules.refused:
        if row.member in rules.accepts:
            continue
        if (row.websocket or not websocket) and row.member in body and body[row.member] not in row.takes:
            yield gateway(row.detail.format(member=row.member, value=body[row.member]))
    for member, value, detail in REQUIRED:
        if body.get(member, value if websocket else None) != value:
            yield gateway(detail)


def _unknown(member: str) -> Refusal:
    return inner(f"Unknown parameter: '{member}'.", member, "unknown_parameter")


def _too_long(body: Body, session: str | None, rules: Rules) -> Iterator[Refusal]:
    # A long key is refused (earendil-works/pi#4719); that a long session header is refused alike is taken for granted.
    for value in (body.get("prompt_cache_key"), session):
        if isinstance(value, str) and len(value) > rules.key_limit:
            yield inner(
                f"Invalid 'prompt_cache_key': string too long. Expected a string with maximum length {rules.key_limit},"
                f" but got a string with length {len(value)} instead.",
                "prompt_cache_key",
                "string_above_max_length",
            )
