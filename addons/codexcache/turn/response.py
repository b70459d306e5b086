"""The parsed response of a turn: id, status, echoed key, usage, error, output items, and what it says of itself.

Only the few events that concern these are parsed (openai/codex, `codex-api/src/sse/responses.rs`). Text deltas, most of
a stream, are recognized by a search. The final event usually repeats `response.created` and every `output_item.done`.
These are buffered unparsed, and parsed only if the final event is missing or incomplete.

Two layers of the backend refuse requests, each with an error of its own shape: the front gateway with
`{"detail": "Unsupported parameter: NAME"}`, the inner API with `{"error": {"message", "type", "param", "code"}}`
(router-for-me/CLIProxyAPI#897, openai/codex#39397). On a WebSocket either is wrapped in an error frame
(openai/codex#15099), and in an event stream the members of the error can be those of the event itself.

What made a response is said in it: `model` and `service_tier`, which need not be those that were asked for. Two members
concern the cache: `prompt_cache_diagnostics`, the backend's own reason of a miss (OpenAI, "Prompt cache diagnostics"),
and `input_transformations`, what it did to the input because of what it saw in that (openai/codex, 0.171).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeGuard

from ..body.json_splice import Json, Object, Unreadable, as_list, parse
from ..text import ascii_only
from .rate_limits import EVENT as RATE_LIMITS
from .rate_limits import limits_in_event

OUTPUT_LIMIT = 32 << 20
"""Bytes of buffered item events; a backend could send items without end."""

_TYPES = rb'"(response\.(?:created|completed|done|failed|incomplete|output_item\.done)|codex\.rate_limits|error)"'
_NOTABLE = re.compile(rb'"type"\s*:\s*' + _TYPES)
_OTHER = re.compile(rb'\{ ?"type": ?(?!' + _TYPES + rb')"[^"\\]*+"')
"""How the data of other events begins. The first of these repeats all instructions, so a search in it would be slow."""

HINT = re.compile(rb'"type"[\s:]*?(?:\n|' + _TYPES + rb")")
"""Matches any part of an event stream with an event to be parsed; its data may continue on another line."""

TYPE = b'"type"'
DELTA = re.compile(rb'(?:event: [^\r\n"]*+\r?\n)?data: \{ ?("type"): ?"response\.[a-z_]+\.delta"')
"""How nearly all events begin: deltas of a text that is still being written."""

CREATED, ITEM = b"response.created", b"response.output_item.done"
_ENDINGS = {
    "response.completed": "completed",
    "response.done": "completed",
    "response.failed": "failed",
    "response.incomplete": "incomplete",
    "error": "failed",
}
FINAL = tuple(_ENDINGS)
"""Types of the events that end a response."""

_STATUSES = frozenset(("completed", "failed", "incomplete", "cancelled"))
"""What a response's own member `status` can say once it is over."""

CUT, CANCELLED, REFUSED, ELSEWHERE = "cut", "cancelled", "refused", "elsewhere"
"""How else a turn can end: its connection was lost; its client, or the user, gave it up; the backend did not take it;
another addon or an option of mitmproxy's answered it.
"""

_NAMING = frozenset({"response.created", *FINAL})

_ERROR_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_LONGEST_ID = 512

PREFIX_MISMATCH, TURN_BOUNDARY = "prefix_mismatch", "turn_boundary"
"""Why the backend took reasoning out of an input: the history before it differs, or its turn is over."""

_REASONS = {PREFIX_MISMATCH, TURN_BOUNDARY, "organization_mismatch", "end_user_mismatch", "model_mismatch"}
"""The reasons that the official client knows (openai/codex, 0.171)."""
_LONGEST_NAME = 200
_LONGEST_CODING = 40

KILLED = "it was killed while it was held"
"""What cut a turn short that the user kept from leaving."""

EMPTY = "its response was empty"
"""What is said of a turn that nothing came for but a head."""


def kind_of(data: bytes) -> bytes | None:
    """Return the type of an event that says something of the response itself, None for any other."""
    found = None if _OTHER.match(data) else _NOTABLE.search(data)
    return found[1] if found else None


@dataclass(slots=True, repr=False)
class ResponseInfo:
    """What is known of a response so far.

    `error` is the payload of the backend's refusal or failure; `challenge` is True if a challenge page came instead of
    a response; `outputs` are the response's items, which a WebSocket delta extends. `cut_short` says what ended the
    turn before its response was complete, "" where that is not known; `ended` says in a word how it ended, complete or
    not, "" as long as it has not.

    `served_model` and `served_service_tier` are what made the response, "" where it does not say. `diagnostics` is the
    backend's own explanation of a miss; `transformations` are its reasons for taking something out of the input.
    `limits` are the used shares of rate limits in percent, by name, `limits_before` those that were told as the
    connection opened.
    """

    status: int | None = None
    response_id: str | None = None
    echoed_key: str | None = None
    usage: Object = field(default_factory=dict)
    error: Object | None = None
    challenge: bool = False
    outputs: list[Json] = field(default_factory=list)
    finished: bool = False
    cut_short: str = ""
    ended: str = ""
    served_model: str = ""
    served_service_tier: str = ""
    diagnostics: Object = field(default_factory=dict)
    transformations: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    limits_before: dict[str, float] = field(default_factory=dict)
    _created: bytes = b""
    _items: list[bytes] = field(default_factory=list)
    _size: int = 0

    @property
    def failure(self) -> str | None:
        """A short name of what went wrong, as the backend calls it, None if nothing did."""
        return None if self.error is None else name_of(self.error)

    @property
    def begun(self) -> bool:
        """True once the response was announced by its first event."""
        return self._created != b""

    @property
    def announced_id(self) -> str | None:
        """The id in the first event, which is parsed only where no later one told it; None without such an event."""
        return (self.response_id or id_in(parsed(self._created))) if self._created else None

    def end(self, how: str) -> None:
        """Note how the turn ended, unless that is known. A status that is no success was a refusal, however it ends."""
        is_refusal = self.status is not None and not 200 <= self.status < 300 and not self.begun
        self.ended = self.ended or (REFUSED if is_refusal else how)

    def end_unreadable(self, coding: str) -> None:
        """Note that a response cannot be read in its content coding."""
        self.end(f"unreadable: {ascii_only(coding, _LONGEST_CODING)}")

    def read_event(self, data: bytes) -> None:
        """Read the data of one event of a stream, or one frame."""
        if (kind := kind_of(data)) and not self.buffer(kind, data):
            self.take(parsed(data))

    def buffer(self, kind: bytes, data: bytes) -> bool:
        """Keep an event that need not be parsed now; return False for one that does."""
        if kind == CREATED and not self._created:
            self._created = data
            return True
        if kind == ITEM:
            self._size += len(data)
            if self._size <= OUTPUT_LIMIT:
                self._items.append(data)
            return True
        return False

    def is_another(self, response_id: str | None) -> bool:
        """Return True if the response was announced under another id; its first event is parsed only if need be."""
        if (
            not response_id
            or not self._created
            or b'"id":"%s"' % response_id.encode("utf-8", "replace") in self._created
        ):
            return False
        return id_in(parsed(self._created)) not in (None, response_id)

    def read_body(self, body: bytes) -> None:
        """Read a whole JSON body: a unary response, or an error."""
        document = parsed(body)
        self._take_response(document)
        if self.status is not None and self.status >= 400:
            self.error = document
        self.finished = True
        self.end("failed" if self.error is not None else _status_of(document) if document else CUT)

    def read_buffered(self) -> None:
        """Read what is still missing from the buffered events; to be called when no more events come."""
        if len(self._items) > len(self.outputs) or not self.finished:
            self._take_items()
        if self._created and self._is_incomplete():
            self._fill_from(parsed(self._created))
        self._created, self._items = b"", []

    def _take_items(self) -> None:
        """Take the outputs from the buffered item events."""
        events = [parsed(data) for data in self._items]
        for event in events:
            self.take(event)
        items = [event.get("item") for event in events if event.get("type") == "response.output_item.done"]
        self.outputs = items or self.outputs

    def _is_incomplete(self) -> bool:
        return not (
            self.response_id
            and self.usage
            and (self.echoed_key or self._created.find(b'"prompt_cache_key"') < 0)
            and (self.served_model or self._created.find(b'"model"') < 0)
            and (self.served_service_tier or self._created.find(b'"service_tier"') < 0)
        )

    def _fill_from(self, event: Object) -> None:
        """Take from the first event what no later one contained."""
        first = ResponseInfo()
        first.take(event)
        self.response_id = self.response_id or first.response_id
        self.echoed_key = self.echoed_key or first.echoed_key
        self.usage = self.usage or first.usage
        self.error = self.error or first.error
        self.served_model = self.served_model or first.served_model
        self.served_service_tier = self.served_service_tier or first.served_service_tier
        self.finished, self.ended = self.finished or first.finished, self.ended or first.ended

    def take(self, event: Object) -> None:
        """Take what a parsed event says."""
        kind = event.get("type")
        if isinstance(response := event.get("response"), dict):
            self._take_response(response)
        if kind == "error":
            self._take_error(event)
        elif kind == "response.failed" and self.error is None:
            self.error = {}
        elif kind == RATE_LIMITS:
            self.limits |= limits_in_event(event)
        if kind in FINAL:
            self.finished = True
            self.end(_status_of(response) if kind == "response.done" else _ENDINGS[str(kind)])

    def _take_response(self, response: Object) -> None:
        self.response_id = _id(response.get("id")) or self.response_id
        self.echoed_key = _id(response.get("prompt_cache_key")) or self.echoed_key
        if isinstance(usage := response.get("usage"), dict):
            self.usage = usage
        if isinstance(output := response.get("output"), list):
            self.outputs = output or self.outputs
        if isinstance(response.get("error"), dict):
            self.error = response
        self._take_served(response)

    def _take_served(self, response: Object) -> None:
        """Take what the response says of itself. The tier `auto` is one that was asked for, none that was served."""
        tier = _name(response.get("service_tier"))
        self.served_model = _name(response.get("model")) or self.served_model
        self.served_service_tier = tier if tier not in ("", "auto") else self.served_service_tier
        if isinstance(diagnostics := response.get("prompt_cache_diagnostics"), dict):
            self.diagnostics = diagnostics
        if transformations := as_list(response.get("input_transformations")):
            self.transformations = tuple(sorted(set(chain.from_iterable(map(_reasons, transformations))) & _REASONS))

    def _take_error(self, event: Object) -> None:
        """Take an error event. On a WebSocket it also has the status that an HTTP response would have had."""
        self.error = event
        status = event.get("status", event.get("status_code"))
        self.status = status if isinstance(status, int) and 100 <= status < 600 else self.status


def _status_of(response: Json) -> str:
    """Return how a response that is over says that it ended; one that says nothing was completed."""
    status = response.get("status") if isinstance(response, dict) else None
    return status if isinstance(status, str) and status in _STATUSES else "completed"


def _reasons(transformation: Json) -> Iterable[str]:
    """Yield the texts of what the backend did to the input; one of them is its reason."""
    values = transformation.values() if isinstance(transformation, dict) else (transformation,)
    return (value for value in values if isinstance(value, str))


def errors_in(payload: Object) -> list[Object]:
    """Return the payload and the objects in it that can describe an error, the innermost first."""
    inner = payload.get("error")
    return [inner, payload] if isinstance(inner, dict) else [payload]


def name_of(payload: Object) -> str:
    """Return the backend's name of an error. Its sentences are not shown: they may repeat what the client sent."""
    errors = errors_in(payload)
    names = [error.get(member) for error in errors for member in ("code", "type")]
    has_text = any(error.get(member) for error in errors for member in ("detail", "message"))
    nameless = "the response says why" if has_text else "no reason given"
    return next((name for name in names if _is_name(name)), nameless)


def _is_name(value: Json) -> TypeGuard[str]:
    """Return True if a value can be the name of an error; the type of an error event, `error`, is none."""
    return isinstance(value, str) and value != "error" and _ERROR_NAME.fullmatch(value) is not None


def id_in(event: Object) -> str | None:
    """Return the id of the response that an event begins or ends, None where it names none."""
    response = event.get("response") if event.get("type") in _NAMING else None
    return (_id(response.get("id")) if isinstance(response, dict) else None) or None


def parsed(data: bytes) -> Object:
    """Return the JSON object, an empty one for anything else."""
    try:
        return parse(data)
    except Unreadable:
        return {}


def _id(value: Json) -> str | None:
    """Return an id. Many are remembered, so a string of more than a few hundred characters is none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else None


def _name(value: Json) -> str:
    """Return the name of a model or a tier, "" for what is none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME else ""
