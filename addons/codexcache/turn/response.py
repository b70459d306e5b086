"""What a response said about its turn: id, status, echoed key, usage, error.

Only the few events that bear on continuity are parsed (openai/codex, `codex-api/src/sse/responses.rs`); text deltas,
which are most of a stream, are told apart by a search and left alone. What the first event says, and those with an item
each, the last one mostly says again; so they are put by until it is known what is missing.
"""

import re
from dataclasses import dataclass, field
from typing import TypeGuard

from ..body.json_splice import Json, Object, Unreadable, parse

# The shapes in which the backend says what went wrong, and the short name of it.
#
# Two layers refuse, each in its own shape: the front gateway with `{"detail": "Unsupported parameter: NAME"}`, the
# inner API with `{"error": {"message", "type", "param", "code"}}` (router-for-me/CLIProxyAPI#897, openai/codex#39397);
# on a WebSocket either is wrapped in an error frame (openai/codex#15099), and in an event stream the members of the
# error can stand in the event itself.

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


_TYPES = rb'"(response\.(?:created|completed|done|failed|incomplete|output_item\.done)|error)"'
_OTHER = re.compile(rb'\{ ?"type": ?(?!' + _TYPES + rb')"[^"\\]*+"')
"""How the data of other events begins; the first of them repeats all instructions, which would be searched for long."""

_NOTABLE = re.compile(rb'"type"\s*:\s*' + _TYPES)
_CREATED, _ITEM = b"response.created", b"response.output_item.done"
HINT = re.compile(rb'"type"[\s:]*?(?:\n|' + _TYPES + rb")")
"""Stands in every part of an event stream that holds an event to be read; its data may go on in another line."""

TYPE = b'"type"'
PIECE = re.compile(rb'(?:event: [^\r\n"]*+\r?\n)?data: \{ ?("type"): ?"response\.[a-z_]+\.delta"')
"""How nearly all events begin: pieces of a text that is still being written."""

OUTPUT_LIMIT = 32 << 20
"""Bytes of events from which a response's items are kept; a backend could go on for ever."""

_LONGEST_ID = 512
_TERMINAL = ("response.completed", "response.done", "response.failed", "response.incomplete", "error")


@dataclass(slots=True, repr=False)
class ResponseInfo:
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
    _created: bytes = b""
    _items: list[bytes] = field(default_factory=list)
    _size: int = 0

    @property
    def failure(self) -> str | None:
        """A short name of what went wrong, as the backend calls it, or None where nothing did."""
        return None if self.error is None else name_of(self.error)

    def read_event(self, data: bytes) -> None:
        """Take in one event of an event stream, or one text frame."""
        found = None if _OTHER.match(data) else _NOTABLE.search(data)
        if found is None:
            return
        if found[1] == _CREATED and not self._created:
            self._created = data
        elif found[1] == _ITEM:
            self._buffer(data)
        else:
            self._take(_parsed(data))

    def read_body(self, body: bytes) -> None:
        """Take in a whole JSON body: a unary response, or an error."""
        document = _parsed(body)
        self._take_response(document)
        if self.status is not None and self.status >= 400:
            self.error = document
        self.finished = True

    def read_buffered(self) -> None:
        """Read what was put by, as far as nothing else has said it; to be called when no more events come."""
        if len(self._items) > len(self.outputs) or not self.finished:
            self._take_items()
        if self._created and self._lacks_something():
            self._fill_from(_parsed(self._created))
        self._created, self._items = b"", []

    def _buffer(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= OUTPUT_LIMIT:
            self._items.append(data)

    def _take_items(self) -> None:
        """Take the items of the events that said to have one each."""
        events = [_parsed(data) for data in self._items]
        for event in events:
            self._take(event)
        items = [event.get("item") for event in events if event.get("type") == "response.output_item.done"]
        self.outputs = items or self.outputs

    def _lacks_something(self) -> bool:
        has_echo = self.echoed_key or self._created.find(b'"prompt_cache_key"') < 0
        return not (self.response_id and self.usage and has_echo)

    def _fill_from(self, event: Object) -> None:
        """Take from the first event what no later one has said."""
        first = ResponseInfo()
        first._take(event)
        self.response_id = self.response_id or first.response_id
        self.echoed_key = self.echoed_key or first.echoed_key
        self.usage = self.usage or first.usage
        self.error = self.error or first.error
        self.finished = self.finished or first.finished

    def _take(self, event: Object) -> None:
        kind = event.get("type")
        if isinstance(response := event.get("response"), dict):
            self._take_response(response)
        if kind == "error":
            self._take_error(event)
        elif kind == "response.failed" and self.error is None:
            self.error = {}
        self.finished = self.finished or kind in _TERMINAL

    def _take_response(self, response: Object) -> None:
        self.response_id = _id(response.get("id")) or self.response_id
        self.echoed_key = _id(response.get("prompt_cache_key")) or self.echoed_key
        if isinstance(usage := response.get("usage"), dict):
            self.usage = usage
        if isinstance(output := response.get("output"), list):
            self.outputs = output or self.outputs
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
