"""What arrived at the backend, kept as it was on the wire, and the content encodings of a request's body."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from mitmproxy.net import encoding

Kind = Literal["request", "handshake", "frame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request, a WebSocket handshake, or one text frame with the headers of the handshake before it."""

    kind: Kind
    host: str
    method: str
    path: str  # with the query
    headers: tuple[tuple[str, str], ...]  # names in lower case
    body: bytes = b""  # as on the wire; of a frame, its text
    socket: int = 0  # the number of the WebSocket, from 1; 0 for a plain request

    @property
    def content(self) -> bytes:
        """The body without its content encoding; raises ValueError where it is not in it."""
        return decode(self.body, (self.kind == "request" and self.header("content-encoding")) or "")

    @property
    def json(self) -> Any:
        """The body decoded and parsed; raises ValueError where it is not JSON."""
        return orjson.loads(self.content)

    @property
    def json_or_none(self) -> Any:
        """The body decoded and parsed, None where it is not JSON."""
        try:
            return self.json
        except ValueError:
            return None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def to_line(self) -> bytes:
        """Return one JSON line, with the body in base64 and, for reading, parsed."""
        fields = {name: getattr(self, name) for name in ("kind", "host", "method", "path", "headers", "socket")}
        fields |= {"body_base64": base64.b64encode(self.body).decode(), "json": self.json_or_none}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes | str) -> "Received":
        """Read what `to_line` wrote."""
        fields = orjson.loads(line)
        fields.pop("json")
        body = base64.b64decode(fields.pop("body_base64"))
        return cls(**fields | {"headers": tuple((name, value) for name, value in fields["headers"]), "body": body})


def decode(body: bytes, coding: str) -> bytes:
    """Return the decoded body; raise ValueError for an encoding that is unknown or a body that is not in it."""
    decoded = encoding.decode(body, coding.strip() or "identity")
    if not isinstance(decoded, bytes):
        raise ValueError(f"unknown content encoding: {coding}")
    return decoded
