"""The sender of a turn: the principal named by the bearer token, else the account.

An access token is refreshed every few days or minutes, its user is not. So a JSON Web Token is identified by the claims
that stay: issuer, user and account (the Codex CLI reads the same ones, openai/codex `login/src/token_data.rs`).
The signature is not checked: the backend does that, and a forged token only gets its sender a key of its own.
A token that cannot be read is identified by the account it is used with, and only without one by its text.
"""

import base64
import binascii
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from ..wire.headers import Values, first_value

_OPENAI_CLAIMS = "https://api.openai.com/auth"
_USER_CLAIMS = ("chatgpt_user_id", "user_id", "sub", "email")
_ACCOUNT_CLAIMS = ("chatgpt_account_id", "account_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a turn. `identity` is secret: it is only ever hashed."""

    kind: Literal["principal", "account"]
    identity: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Caller({self.kind})"


def read_caller(values: Values) -> Caller | None:
    """Return the sender of a request with these header fields, None if it has no credential."""
    credential = (first_value(values, "authorization") or "").strip()
    if principal := _stable_claims(credential):
        return Caller(kind="principal", identity=principal)
    if account := (first_value(values, "chatgpt-account-id") or "").strip():
        return Caller(kind="account", identity=(account,))
    return Caller(kind="principal", identity=(credential,)) if credential else None


def parts_of(caller: Caller | None) -> tuple[str, ...]:
    """Return the strings that identify a caller, to be hashed; none for None."""
    return (caller.kind, *caller.identity) if caller else ()


@functools.lru_cache(maxsize=256)
def _stable_claims(credential: str) -> tuple[str, ...]:
    """Return issuer, user and account of a bearer token, empty if it names no user."""
    scheme, _, token = credential.partition(" ")
    if scheme.lower() != "bearer":
        return ()
    claims = _decode_claims(token.strip())
    nested = claims.get(_OPENAI_CLAIMS)
    merged = {**claims, **nested} if isinstance(nested, dict) else claims
    user = _first_text(merged, _USER_CLAIMS)
    return (_first_text(merged, ("iss",)), user, _first_text(merged, _ACCOUNT_CLAIMS)) if user else ()


def _decode_claims(token: str) -> dict[str, object]:
    """Return the claims of a JSON Web Token (RFC 7519), empty for anything else."""
    try:
        _, payload, _ = token.split(".")
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _first_text(claims: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := claims.get(name), str) and value), "")
