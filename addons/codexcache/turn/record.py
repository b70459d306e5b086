"""What is stored of a turn, for comparison with later ones."""

from dataclasses import dataclass
from typing import NamedTuple

from ..static_frozen import static_frozen
from ..wire.routes import Endpoint
from .item_list import Item
from .ledger import EMPTY, Ledger
from .prompt import Prompt
from .rate_limits import Limit
from .rejected_params import Refusal
from .request import Transport


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Route:
    """What the backend routes a turn by and accounts it to. The values are secret: only compared or hashed.

    `thread` is the official client's id of one agent; several agents can share a session and a key. `key_source` is
    where the key comes from (`cache_key`). `pinnable` is True if codex_mode=pin would give the turn an earlier key.
    """

    key: str | None
    session: str | None
    thread: str | None = None
    key_source: str = "prompt_cache_key"
    pinnable: bool = False
    caller: bytes
    account: str
    transport: Transport
    socket: str
    host: str


@static_frozen
class Usage:
    """The counters of a response, in tokens. `cached` is part of `input`, `reasoning` part of `output`.

    What the backend did not report is None.
    """

    input: int
    cached: int | None
    output: int | None
    reasoning: int | None = None


class TurnId(NamedTuple):
    """A turn by its number, and the start of the proxy that counted it."""

    run: str
    number: int


class ServerWord(NamedTuple):
    """What the backend itself says of a miss (`prompt_cache_diagnostics`): its reason, and its counts of tokens."""

    reason: str
    missed: int | None
    reusable: int | None


@dataclass(slots=True, kw_only=True, repr=False)
class Record:
    """One turn. Times are seconds since the epoch; `ended_at` and `usage` are None until they are known.

    The `endpoint` is "handshake" for a WebSocket that was refused: that is no turn, and of no conversation.
    `conversation` is the number of the conversation's first known turn, `conversation_run` the start that counted it,
    "" for this one; `continued` is the number of the turn whose answer this one repeats, 0 where none is known. The
    `origin` of a turn of another start or another proxy is what it was there; its own `number` is negative.

    `served_model` and `served_service_tier` are what the response says it was made with, "" where it does not. `ended`
    says how the turn ended, `transformations` for what reasons the backend took something out of the input; `server` is
    its own explanation of a miss. `ledger` is what its conversation had measured with it.

    `said` are digests of lines of its answer; `quoting` are the indexes of early items of its input that have such
    lines of an earlier answer.

    A turn is not `complete` if it extends a response that is not known: then only the end of its prompt is. Nor is one
    whose body could not be read; `unread` says why.
    """

    number: int
    flow: str
    endpoint: Endpoint
    route: Route
    prompt: Prompt
    sent_at: float
    conversation: int = 0
    conversation_run: str = ""
    origin: TurnId | None = None
    warm_up: bool = False
    named: "Record | None" = None
    continued: int = 0
    complete: bool = True
    unread: str = ""
    ended_at: float | None = None
    usage: Usage | None = None
    status: int | None = None
    response_id: str | None = None
    echoed_key: str | None = None
    refused: Refusal | None = None
    failed: str | None = None
    challenge: bool = False
    outputs: tuple[Item, ...] = ()
    said: tuple[int, ...] = ()
    quoting: tuple[int, ...] = ()
    cut_short: str = ""
    ended: str = ""
    served_model: str = ""
    served_service_tier: str = ""
    server: ServerWord | None = None
    transformations: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    ledger: Ledger = EMPTY
