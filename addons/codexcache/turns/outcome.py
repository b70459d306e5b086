"""What a response said about its turn: id, status, echoed key, usage, error.

Only the few events that bear on continuity are parsed (openai/codex, `codex-api/src/sse/responses.rs`); text deltas,
which are most of a stream, are told apart by a search and left alone.
"""

import re
from dataclasses import dataclass, field

from ..wire.document import Json, Object, Unreadable, parse

_TYPES = rb'"(?:response\.(?:created|completed|done|failed|incomplete|output_item\.done)|error)"'
_NOTABLE = re.compile(rb'"type"\s*:\s*' + _TYPES)
HINT = re.compile(rb'"type"[\s:]*?(?:\n|' + _TYPES + rb")")
"""Stands in every part of an event stream that holds an event to be read; its data may go on in another line."""

TYPE = b'"type"'
PIECES = tuple(
    TYPE + b':"response.%b.delta"' % kind
    for kind in (b"output_text", b"function_call_arguments", b"reasoning_summary_text", b"reasoning_text")
)
"""How nearly all events begin: pieces of a text that is still being written, most of them of these kinds."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,60}")
OUTPUT_LIMIT = 32 << 20
"""Bytes of events from which a response's items are kept; a backend could go on for ever."""

_LONGEST_ID = 512
_TERMINAL = ("response.completed", "response.done", "response.failed", "response.incomplete", "error")


@dataclass(slots=True, repr=False)
class Outcome:
    """What is known of a response so far.

    `error` is the payload in which the backend put its refusal or failure; `challenge` tells that a challenge page came
    instead of an answer; `outputs` are the response's items, which a WebSocket delta goes on from.
    """

    status: int | None = None
    response_id: str | None = None
    echoed_key: str | None = None
    usage: Object = field(default_factory=dict)
    error: Object | None = None
    challenge: bool = False
    outputs: list[Json] = field(default_factory=list)
    finished: bool = False
    output_size: int = 0

    @property
    def failure(self) -> str | None:
        """A short name of what went wrong, as the backend calls it, or None where nothing did."""
        if self.error is None:
            return None
        inner = self.error.get("error")
        names = (inner.get("code"), inner.get("type")) if isinstance(inner, dict) else ()
        return next((name for name in names if isinstance(name, str) and _CODE.fullmatch(name)), "no reason given")

    def read_event(self, data: bytes) -> None:
        """Take in one event of an event stream, or one text frame."""
        if _NOTABLE.search(data) and (event := _parsed(data)):
            self._take(event, len(data))

    def read_body(self, body: bytes) -> None:
        """Take in a whole JSON body: a unary response, or an error."""
        document = _parsed(body)
        self._take_response(document)
        if self.status is not None and self.status >= 400:
            self.error = document
        self.finished = True

    def _take(self, event: Object, size: int) -> None:
        kind = event.get("type")
        if kind == "response.output_item.done":
            self._take_output(event.get("item"), size)
        if isinstance(response := event.get("response"), dict):
            self._take_response(response)
        if kind == "error":
            self._take_error(event)
        self.finished = self.finished or kind in _TERMINAL

    def _take_output(self, item: Json, size: int) -> None:
        self.output_size += size
        if self.output_size <= OUTPUT_LIMIT:
            self.outputs.append(item)

    def _take_response(self, response: Object) -> None:
        self.response_id = _id(response.get("id")) or self.response_id
        self.echoed_key = _id(response.get("prompt_cache_key")) or self.echoed_key
        if isinstance(usage := response.get("usage"), dict):
            self.usage = usage
        if not self.outputs and isinstance(output := response.get("output"), list):
            self.outputs = output
        if isinstance(response.get("error"), dict):
            self.error = response

    def _take_error(self, event: Object) -> None:
        """Take an error event. On a WebSocket it also says the status that the request would have had."""
        self.error = event
        status = event.get("status", event.get("status_code"))
        self.status = status if isinstance(status, int) and 100 <= status < 600 else self.status


def _parsed(data: bytes) -> Object:
    """Return the object that is there, an empty one for anything else."""
    try:
        return parse(data)
    except Unreadable:
        return {}


def _id(value: Json) -> str | None:
    """Return an id; many are remembered, so one of more than a few hundred characters is none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else None
