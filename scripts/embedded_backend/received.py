"""What arrived at the backend, kept as it was on the wire."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from embedded_backend import encodings

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
        """The body without its content encoding."""
        encoding = self.header("content-encoding") if self.kind == "request" else None
        return encodings.decode(self.body, encoding or "")

    @property
    def json(self) -> Any:
        """The body decoded and parsed; raises ValueError where it is not JSON."""
        return orjson.loads(self.content)

    def header(self, name: str) -> str | None:
        """Returns the first value of a header, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def to_line(self) -> bytes:
        """Returns one JSON line, with the body in base64 and, for reading, parsed."""
        fields = {name: getattr(self, name) for name in ("kind", "host", "method", "path", "headers", "socket")}
        fields["body_base64"] = base64.b64encode(self.body).decode()
        fields["json"] = _parsed(self)
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes | str) -> "Received":
        """Reads what `to_line` wrote."""
        fields = orjson.loads(line)
        fields.pop("json")
        body = base64.b64decode(fields.pop("body_base64"))
        return cls(**fields | {"headers": tuple((name, value) for name, value in fields["headers"]), "body": body})


def _parsed(received: Received) -> Any:
    try:
        return received.json
    except ValueError:
        return None
