"""One turn: a request for a model response, as far as its continuity is concerned.

It is read once, from the header fields (of the request, or of the WebSocket's handshake) and from the body (or the
frame), before anything is changed.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from ..unchanging import unchanging
from ..wire.document import Json, Object
from ..wire.fields import Fields, Values, by_name, with_length
from ..wire.routes import Endpoint
from .caller import Caller, read_caller
from .items import first_developer_message, first_user_message, given_items, spelled
from .prompt import Prompt, read_on, read_prompt
from .values import usable

type Transport = Literal["http", "websocket"]

SESSION_HEADERS = ("session-id", "session_id")
"""The headers that the backend routes by, today's spelling first: hyphens since Codex 0.131 (openai/codex#22193)."""

_SESSION_SIGNALS = (
    *SESSION_HEADERS,
    "x-session-id",
    "x-session-affinity",
    "conversation-id",
    "conversation_id",
    "x-claude-code-session-id",
)
_OPENING_INSTRUCTIONS = 256
"""Characters of the instructions that tell one agent from another (router-for-me/CLIProxyAPI takes 50 of them)."""

_NATIVE_MARKS = frozenset({"thread-id", "thread_id", "x-codex-window-id", "x-codex-turn-metadata"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Sender:
    """What the header fields say: who sends, whether it is the official client, and in which session.

    In `fields` the length of the body is left blank, so that there is one sender for all turns with equal ones.
    `values` are their values by lower-case name. `root` keeps one caller's conversations apart from another's.

    It holds the credential, so it shows nothing of itself in a log or a traceback; nor does whatever holds a turn.
    """

    fields: Fields
    values: Values
    caller: Caller | None
    root: bytes
    native: bool
    session: str | None
    idempotency_key: str | None


@unchanging
class Frame:
    """What a body says beside its prompt."""

    model: str
    explicit: str | None
    session: str | None
    previous: str | None
    warm_up: bool


@unchanging
class Reading:
    """What a body says, as far as a later turn that goes on with it says the same."""

    frame: Frame
    prompt: Prompt
    opening: str | None
    developer: str


@unchanging
class Turn:
    """A turn as the client sent it.

    `document` is its body; if it was read in the light of an earlier one, its input holds only the items that are new.
    The `reading` is of all items in the body.
    """

    sender: Sender
    transport: Transport
    host: str
    endpoint: Endpoint
    document: Object
    model: str
    explicit: str | None
    session: str | None
    previous: str | None
    warm_up: bool
    reading: Reading

    @property
    def prompt(self) -> Prompt:
        """The prompt in the turn's own body."""
        return self.reading.prompt

    @property
    def opening(self) -> str | None:
        """The first user message, as JSON text."""
        return self.reading.opening

    @property
    def instructions(self) -> str:
        """How the instructions begin; "responses lite" requests carry them as a message (openai/codex, `client.rs`)."""
        return (_text(self.document.get("instructions")) or self.reading.developer)[:_OPENING_INSTRUCTIONS]


def read_sender(fields: Fields) -> Sender:
    """Read who sends from the header fields of a request or a handshake."""
    return _who(with_length(fields))


@functools.lru_cache(maxsize=256)
def _who(fields: Fields) -> Sender:
    values = by_name(fields)
    return Sender(
        fields=fields,
        values=values,
        caller=(caller := read_caller(values)),
        root=_root(caller),
        native=not _NATIVE_MARKS.isdisjoint(values),
        session=_first_usable(value for name in _SESSION_SIGNALS for value in values.get(name, ())),
        idempotency_key=_first_usable(values.get("idempotency-key", ())),
    )


def read_turn(
    sender: Sender,
    document: Object,
    *,
    transport: Transport,
    host: str,
    endpoint: Endpoint,
    known: Reading | None = None,
    same_frame: bool = False,
) -> Turn:
    """Read a turn from its sender and its body.

    `known` is what was made of an earlier body that this one starts with; `same_frame` tells that only items are new.
    """
    reading = _read(document, known, same_frame)
    frame = reading.frame
    return Turn(
        sender=sender,
        transport=transport,
        host=host,
        endpoint=endpoint,
        document=document,
        model=frame.model,
        explicit=frame.explicit,
        session=sender.session or frame.session,
        previous=frame.previous,
        warm_up=frame.warm_up,
        reading=reading,
    )


def _read(document: Object, known: Reading | None, same_frame: bool) -> Reading:
    given = given_items(document)
    base = known.prompt if known else None
    return Reading(
        frame=known.frame if known and same_frame else _frame(document),
        prompt=read_on(document, base) if base and same_frame else read_prompt(document, base),
        opening=(known.opening if known else None) or first_user_message(given),
        developer=(known.developer if known else "") or first_developer_message(given)[:_OPENING_INSTRUCTIONS],
    )


def _frame(document: Object) -> Frame:
    return Frame(
        model=_text(document.get("model")),
        explicit=usable(document.get("prompt_cache_key")),
        session=_first_usable(_body_sessions(document)),
        previous=_text(document.get("previous_response_id")) or None,
        warm_up=document.get("generate") is False,
    )


def _root(caller: Caller | None) -> bytes:
    parts: list[Json] = [caller.kind, *caller.identity] if caller else []
    return blake2b(spelled(parts), digest_size=16).digest()


def _body_sessions(document: Object) -> Iterator[Json]:
    for name, member in (("client_metadata", "session_id"), ("metadata", "session_id"), ("conversation", "id")):
        holder = document.get(name)
        yield holder.get(member) if isinstance(holder, dict) else None
    yield document.get("conversation")


def _first_usable(values: Iterable[Json]) -> str | None:
    return next((form for value in values if (form := usable(value))), None)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
