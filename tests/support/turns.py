"""Short ways to write turns, as a client would send them."""

import base64
import json
from collections.abc import Mapping

from codexcache.body.json_splice import Json
from codexcache.turn.request import ClientHeaders, Transport, Turn, read_client_headers, read_turn
from codexcache.turn.rewrite import RequestEdits
from codexcache.wire.routes import Endpoint

type Headers = Mapping[str, str]
type FieldTuple = tuple[tuple[bytes, bytes], ...]

NATIVE = {"thread-id": "t1"}
"""What marks the official client."""


def fields(headers: Headers | None = None) -> FieldTuple:
    """Return header fields."""
    return tuple((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in (headers or {}).items())


def client_headers(headers: Headers | None = None) -> ClientHeaders:
    """Return who sends these headers."""
    return read_client_headers(fields(headers))


def turn(
    headers: Headers | None = None,
    body: Mapping[str, Json] | None = None,
    /,
    *,
    transport: Transport = "http",
    host: str = "chatgpt.com",
    endpoint: Endpoint = "responses",
    **members: Json,
) -> Turn:
    """Return a turn with these headers and members of the body."""
    document = {**(body or {}), **members}
    return read_turn(client_headers(headers), document, transport=transport, host=host, endpoint=endpoint)


def said(role: str, text: str) -> Json:
    """Return one message."""
    return {"type": "message", "role": role, "content": text}


def user(text: str) -> Json:
    """Return a user's message."""
    return said("user", text)


def conversation(*texts: str) -> list[Json]:
    """Return messages of the user and the assistant by turns."""
    return [said("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]


def bearer(**claims: Json) -> str:
    """Return an `Authorization` value with an unsigned JSON Web Token."""
    return f"Bearer {encoded({'alg': 'none'})}.{encoded(claims)}."


def encoded(value: Json) -> str:
    """Return a part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def headers_of(edits: RequestEdits) -> dict[str, str]:
    """Return the header fields that are sent, by lower-case name."""
    return {name.decode().lower(): value.decode() for name, value in edits.fields}
