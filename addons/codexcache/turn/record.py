"""What is remembered of a turn so that a later one can be explained by it."""

from dataclasses import dataclass

from ..static_frozen import static_frozen
from ..wire.routes import Endpoint
from .item_list import Item
from .prompt import Prompt
from .rejected_params import Refusal
from .request import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a turn left: what the backend routes by and accounts to. The values are secret: compared or hashed only.

    `thread` is the official client's name of one agent, whose session and key others may share. `pinnable` tells
    whether codex_mode=pin would hold the turn to an earlier key.
    """

    key: str | None
    session: str | None
    thread: str | None = None
    pinnable: bool = False
    caller: bytes
    account: str
    transport: Transport
    socket: str
    host: str

    def __repr__(self) -> str:
        return f"Route({self.transport})"


@static_frozen
class Usage:
    """A response's counters, in tokens; `cached` is part of `input` and None where the backend did not say."""

    input: int
    cached: int | None
    output: int | None


@dataclass(slots=True, kw_only=True, repr=False)
class Record:
    """One turn. Times are seconds since the epoch; `ended_at` and `usage` are None until there are any.

    `conversation` is the number of the conversation's first known turn. A turn is not `complete` if it goes on with a
    response that is not known: then only the end of its prompt is.
    """

    number: int
    flow: str
    endpoint: Endpoint
    route: Route
    prompt: Prompt
    sent_at: float
    conversation: int = 0
    warm_up: bool = False
    named: "Record | None" = None
    complete: bool = True
    ended_at: float | None = None
    usage: Usage | None = None
    status: int | None = None
    response_id: str | None = None
    echoed_key: str | None = None
    refused: Refusal | None = None
    failed: str | None = None
    challenge: bool = False
    outputs: tuple[Item, ...] = ()
