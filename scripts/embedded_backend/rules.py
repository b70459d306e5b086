"""What the embedded backend takes and how it behaves, as data that a test can replace; and what is to go wrong.

A break is asked for by the session header, so that a test can break the turns of one client alone. Turns can be held in
the middle until they are let go: what a test does meanwhile happens in the middle of them for certain.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A top-level member of a body that is refused when it is present, whatever its value but those in `takes`."""

    member: str
    detail: str = "Unsupported parameter: {member}"
    takes: tuple[object, ...] = ()
    websocket: bool = True


_UNSUPPORTED = (
    "prompt_cache_retention",  # as stream_options, see below
    "prompt_cache_options",  # Wei-Shaw/claude-relay-service#1270, tried with and without
    # mangowhoiscloud/geode#818, justrach/codegraff#247; tried with and without on 2026-08-30, askalf/dario#1142. pi
    # 1.6.0 sends it in every turn; whether that is taken now is not known, so `Rules.accepts` can let it pass.
    "max_output_tokens",
    *("temperature", "top_p"),  # pydantic/pydantic-ai#6433, tried live
    # askalf/dario#1009 and pydantic/pydantic-ai#7769.
    *("presence_penalty", "frequency_penalty", "seed", "top_logprobs", "metadata", "user", "truncation"),
    "safety_identifier",  # diegosouzapw/OmniRoute#1884
    "context_management",  # BerriAI/litellm#21209, one report
    "stream_id",  # router-for-me/CLIProxyAPI#5561, one report
)

# The order is this table's own: which member the real backend names first when there are several is not known.
REFUSED: tuple[Refused, ...] = (
    # Public clients stumble over it: router-for-me/CLIProxyAPI#2347 and lidge-jun/opencodex#2092.
    Refused(member="stream_options", takes=({"reasoning_summary_delivery": "sequential_cutoff"},)),
    *[Refused(member=name) for name in _UNSUPPORTED],
    # Lawful on a WebSocket, where the connection remembers: agentjido/req_llm#736.
    Refused(member="previous_response_id", websocket=False),
    Refused(member="generate", websocket=False),
    # openai/codex#15099: judged by its value.
    Refused(member="service_tier", detail="Unsupported service_tier: {value}", takes=("priority", "default", None)),
)

REQUIRED = (("store", False, "Store must be set to false"), ("stream", True, "Stream must be set to true"))
"""Members that must have one value, and what is said if they have not; a WebSocket frame may leave them out."""

# The unary compaction has a schema of its own; the newest client that calls it (0.130) sends these members.
COMPACT_MEMBERS = frozenset(
    (
        *("access_programs", "input", "instructions", "model", "parallel_tool_calls"),
        *("prompt_cache_key", "reasoning", "service_tier", "text", "tools"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The backend's behaviour; every default is what an ordinary day looks like."""

    # The prompt cache.
    servers: int = 8  # cache servers that a turn can be taken to; how many there are is not known
    idle_seconds: float = 300.0  # misses are reported after about 5 minutes: earendil-works/pi#8463
    session_headers: tuple[str, ...] = ("session-id", "session_id")  # which headers route, the first present wins
    key_partitions: bool = False  # True: under one session header, another prompt cache key starts cold

    # What is taken.
    refused: tuple[Refused, ...] = REFUSED
    accepts: tuple[str, ...] = ()  # members of that table that are taken all the same
    compact_members: frozenset[str] = COMPACT_MEMBERS  # an old one: COMPACT_MEMBERS - {"prompt_cache_key"}
    key_limit: int = 64  # characters of a prompt cache key or a session header

    # How an answer comes.
    deltas: int = 3  # text events of a plain answer
    upgrade_status: int | None = None  # the status that refuses each WebSocket upgrade, such as 426 or 403

    # What a response says of itself, in place of what is so: another model or tier that served it, say, or that the
    # cache was missed (`prompt_cache_diagnostics`); and what it says is used of each rate limit, such as `primary`.
    says: Mapping[str, Any] = field(default_factory=dict)
    used_percent: Mapping[str, float] = field(default_factory=dict)


Ending = Literal["completed", "failed", "incomplete", "error", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """How one turn is answered; the default is an ordinary answer.

    `cut_after` and `hold_after` count whole events. With `torn`, half of the next event, or of its frame, comes too.
    """

    status: int | None = None  # refused with this status; 403 is the challenge page
    unanswered: bool = False  # the connection is dropped before the first byte
    hold_after: int | None = None  # events after which the turn waits to be let go
    cut_after: int | None = None  # events after which the connection is dropped
    torn: bool = False
    ending: Ending = "completed"  # "none": the stream ends as it should, but without its last event


class Breaks:
    """The schedule, and the turns that are being held."""

    def __init__(self) -> None:
        self.refused_names: set[str] = set()  # names of hosts whose TLS is refused
        self._planned: defaultdict[str, deque[Break]] = defaultdict(deque)
        self._held = 0
        self._gate = asyncio.Event()
        self._changed = asyncio.Event()

    def add(self, session: str, *breaks: Break) -> None:
        """Plan how the next turns of a session are answered, in order."""
        self._planned[session].extend(breaks)

    def take(self, session: str | None) -> Break | None:
        """Return what is planned for the turn that a session has now, or None."""
        planned = self._planned.get(session) if session is not None else None
        return planned.popleft() if planned else None

    async def hold(self, gone: asyncio.Event) -> None:
        """Wait until the turns that are held now are let go, or until this one's client has gone."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._gate, gone)]
        self._count(1)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._count(-1)

    async def held(self, count: int) -> None:
        """Wait until so many turns are being held, or with 0 until none is."""
        while self._held < count or (self._held and not count):
            self._changed.clear()
            await self._changed.wait()

    def release(self) -> None:
        """Let all turns go that are being held; later ones are held again."""
        self._gate.set()
        self._gate = asyncio.Event()

    def _count(self, by: int) -> None:
        self._held += by
        self._changed.set()
