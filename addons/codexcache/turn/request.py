"""A turn: one request for a model response, parsed as far as its cache key and its diagnosis need it.

A turn is read once, before anything is changed: from the header fields, which are those of the request or of the
WebSocket's handshake, and from the body, which is that of the request or a frame. Most of both repeats from turn to
turn, so parsed headers are reused as a whole, and the parse of a body is built on that of the body it extends.
"""

import functools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from ..body.json_splice import Json, Object, as_text
from ..static_frozen import static_frozen
from ..wire.headers import Fields, Values, first_value, length_index, values_by_name, with_length
from ..wire.routes import Endpoint
from .caller import Caller, parts_of, read_caller
from .item_list import digest
from .items import first_developer_message, first_user_message, given_items, lines_at_front, to_json
from .key_values import usable
from .prompt import PREFIX_MEMBERS, Prompt, extend_prompt, read_prompt

type Transport = Literal["http", "websocket"]

SESSION_HEADERS = ("session-id", "session_id")
"""The headers that the backend routes by; the first is the spelling since Codex 0.131 (openai/codex#22193)."""

_SESSION_SIGNALS = (
    *SESSION_HEADERS,
    "x-session-id",
    "x-session-affinity",
    "conversation-id",
    "conversation_id",
    "x-claude-code-session-id",
)
THREAD_HEADERS = ("thread-id", "thread_id")
"""The official client's id of one agent; several agents can share a session and a key."""

_NATIVE_MARKS = frozenset({*THREAD_HEADERS, "x-codex-window-id", "x-codex-turn-metadata"})

_COMPARED = 256
"""Characters of the instructions that tell one agent from another (router-for-me/CLIProxyAPI takes 50 of them)."""

_MAX_REUSED_FIELDS = 64
"""Most fields of headers in `_latest`, so that it stays small."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ClientHeaders:
    """Parsed request headers: the caller, whether it is the official client (`native`), and the session.

    In `fields` the Content-Length is blank, so all turns with otherwise equal fields share one object; `length_at` is
    its index if there is exactly one. `values` are the values by lower-case name. `caller_digest` keeps the
    conversations of one caller apart from another's.

    It holds the credential, so it shows nothing of itself in a log or a traceback; nor does any object that holds it.
    """

    fields: Fields
    length_at: int | None
    values: Values
    caller: Caller | None
    caller_digest: bytes
    native: bool
    agent: str
    thread: str | None
    session: str | None
    idempotency_key: str | None

    @property
    def may_be_official(self) -> bool:
        """Whether a turn with the official client's marks may be its own.

        Its user agent has the version that its header `version` has, also behind an app server (openai/codex,
        `get_codex_user_agent`). Another program that sends the marks, as oh-my-pi does, has a version of its own there.
        """
        version = first_value(self.values, "version")
        return self.native and (not version or not self.agent or f"/{version}" in self.agent)


@static_frozen
class BodyFields:
    """The fields of a body that are not part of the prompt. `explicit_key` is the client's own key in usable form."""

    model: str
    explicit_key: str | None
    session: str | None
    previous_response_id: str | None
    warm_up: bool


@static_frozen
class ParsedBody:
    """A parsed body, for the turn itself and for a later one that extends it.

    `first_user_message` is JSON text, `opening` its digest, `first_developer_message` the start of its plain text.
    `lines` are digests of lines of the first items, by which it is known whether they quote an answer.
    """

    fields: BodyFields
    prompt: Prompt
    first_user_message: str | None
    opening: int
    first_developer_message: str
    lines: tuple[tuple[int, ...], ...]


@static_frozen
class Turn:
    """A turn as the client sent it.

    `document` is its body. If that was parsed incrementally, its input holds only the new items; `parsed_body` is
    always of the whole body. `own_id` is what distinguishes the conversations of the client: the thread, else the
    session, else its own key. `unread` says why the body could not be read, if so: then the turn seems to have none.
    """

    client_headers: ClientHeaders
    transport: Transport
    host: str
    endpoint: Endpoint
    document: Object
    model: str
    explicit_key: str | None
    session: str | None
    own_id: str | None
    previous_response_id: str | None
    warm_up: bool
    parsed_body: ParsedBody
    unread: str = ""

    @property
    def prompt(self) -> Prompt:
        """The prompt in the turn's own body."""
        return self.parsed_body.prompt

    @property
    def first_user_message(self) -> str | None:
        """The content of the first user message, as JSON text."""
        return self.parsed_body.first_user_message

    @property
    def instructions(self) -> str:
        """The start of the instructions; "responses lite" requests send a message (openai/codex, `client.rs`)."""
        return (as_text(self.document.get("instructions")) or self.parsed_body.first_developer_message)[:_COMPARED]


type ReadTurn = functools.partial[Turn]
"""`read_turn` for given headers, transport, host and endpoint."""

_latest: dict[int, ClientHeaders] = {}
"""The latest headers by number of fields. Most turns repeat them, and comparing them is faster than hashing them."""


def read_client_headers(fields: Fields) -> ClientHeaders:
    """Return the parsed header fields of a request or a handshake."""
    known = _latest.get(len(fields))
    if known is None or not _is_same(known, fields):
        known = _parsed_headers(with_length(fields))
        if len(fields) <= _MAX_REUSED_FIELDS:
            _latest[len(fields)] = known
    return known


def _is_same(known: ClientHeaders, fields: Fields) -> bool:
    """Return True if the fields, as many as the known ones, differ from them in the Content-Length at most."""
    at, given = known.length_at, known.fields
    if at is None or fields[:at] != given[:at]:
        return False
    return fields[at][0] == given[at][0] and fields[at + 1 :] == given[at + 1 :]


@functools.lru_cache(maxsize=256)
def _parsed_headers(fields: Fields) -> ClientHeaders:
    values = values_by_name(fields)
    return ClientHeaders(
        fields=fields,
        length_at=length_index(fields),
        values=values,
        caller=(caller := read_caller(values)),
        caller_digest=blake2b(to_json([*parts_of(caller)]), digest_size=16).digest(),
        native=not _NATIVE_MARKS.isdisjoint(values),
        agent=first_value(values, "user-agent") or "",
        thread=_first_usable(value for name in THREAD_HEADERS for value in values.get(name, ())),
        session=_first_usable(value for name in _SESSION_SIGNALS for value in values.get(name, ())),
        idempotency_key=_first_usable(values.get("idempotency-key", ())),
    )


def read_turn(
    client_headers: ClientHeaders,
    document: Object,
    *,
    transport: Transport,
    host: str,
    endpoint: Endpoint,
    cached: ParsedBody | None = None,
    changed: Collection[str] | None = None,
    unread: str = "",
) -> Turn:
    """Return the turn with these headers and this body.

    `cached` is the parse of an earlier body that this one extends; then `document` has only the new items. `changed`
    names the other members that may differ from that body, None if any may. `unread` says why the body could not be
    read, if so; then `document` is empty.
    """
    parsed = parse_body(document, cached, changed)
    fields = parsed.fields
    return Turn(
        client_headers=client_headers,
        transport=transport,
        host=host,
        endpoint=endpoint,
        document=document,
        model=fields.model,
        explicit_key=fields.explicit_key,
        session=(session := client_headers.session or fields.session),
        own_id=client_headers.thread or session or fields.explicit_key,
        previous_response_id=fields.previous_response_id,
        warm_up=fields.warm_up,
        parsed_body=parsed,
        unread=unread,
    )


def of_another_client(turn: Turn) -> Turn:
    """Return a turn as that of a client other than the official one, whatever its headers say."""
    return replace(turn, client_headers=replace(turn.client_headers, native=False))


def parse_body(
    document: Object, cached: ParsedBody | None = None, changed: Collection[str] | None = None
) -> ParsedBody:
    """Return the parse of a whole body; `cached` and `changed` are those of `read_turn`."""
    given = given_items(document)
    base = cached.prompt if cached else None
    same_prefix = changed is not None and PREFIX_MEMBERS.isdisjoint(changed)
    known = cached if cached and cached.first_user_message else None
    first = known.first_user_message if known else first_user_message(given)
    lines = cached.lines if cached else ()
    return ParsedBody(
        fields=_body_fields(document) if cached is None or changed is None or changed else cached.fields,
        prompt=extend_prompt(document, base) if base and same_prefix else read_prompt(document, base),
        first_user_message=first,
        opening=known.opening if known else digest((first or "").encode("utf-8", "surrogatepass")),
        first_developer_message=(cached.first_developer_message if cached else "")
        or first_developer_message(given)[:_COMPARED],
        lines=lines + lines_at_front(given, len(lines)),
    )


def parse_further(document: Object, known: ParsedBody | None) -> ParsedBody | None:
    """Return the parse of a body that is read bit by bit: of its next items, behind those that are `known`.

    Return None for one that must not be: a delta, which extends the turn that it names, and one whose first items are
    tools or instructions without end.
    """
    if is_delta(document):
        return None
    parsed = parse_body(document, known, () if known else None)
    return parsed if parsed.prompt.items or parsed.prompt.prefix.carries_instructions else None


def is_delta(document: Object) -> bool:
    """Return True for a body whose input extends the turn that it names."""
    return bool(document.get("previous_response_id"))


def _body_fields(document: Object) -> BodyFields:
    return BodyFields(
        model=as_text(document.get("model")),
        explicit_key=usable(document.get("prompt_cache_key")),
        session=_first_usable(_body_sessions(document)),
        previous_response_id=as_text(document.get("previous_response_id")) or None,
        warm_up=document.get("generate") is False,
    )


def _body_sessions(document: Object) -> Iterator[Json]:
    for name, member in (("client_metadata", "session_id"), ("metadata", "session_id"), ("conversation", "id")):
        holder = document.get(name)
        yield holder.get(member) if isinstance(holder, dict) else None
    yield document.get("conversation")


def _first_usable(values: Iterable[Json]) -> str | None:
    return next((form for value in values if (form := usable(value))), None)
