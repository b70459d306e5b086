"""How a conversation is written down.

A script says what happens turn by turn and what has to be said of it:

    @labelled("a tool is edited", "cnighswonger/claude-code-cache-fix", turns=2)
    def edited_tool(case: Case) -> None:
        case.tools[1] = tool("shell", "other words")
        case.miss("tools_changed", said="tool shell was edited", blame="avoidable")

What the script leaves in `case.items` and the other members is what the next turn sends.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from codexcache.body.json_splice import Json, Object
from codexcache.options import Mode
from codexcache.turn.request import Transport
from codexcache.wire.routes import Endpoint

from corpus.labels import ANY, Label, Predecessor, label_of
from corpus.texts import assistant, cached, call, developer, output, reasoning, text, tokens, tool, user

type Headers = dict[str, str]
type Reads = Literal["all", "nothing", "absent"] | int
type Path = Literal["http", "websocket", "saved http", "saved websocket"]

ALL: Reads = "all"
NOTHING: Reads = "nothing"
ABSENT: Reads = "absent"
"""Tokens that a turn reads: all of its predecessor's prompt, none; or the counter is not there."""

EVERYWHERE: tuple[Path, ...] = ("http", "websocket", "saved http", "saved websocket")
HTTP: tuple[Path, ...] = ("http", "saved http")
WEBSOCKET: tuple[Path, ...] = ("websocket", "saved websocket")
LIVE: tuple[Path, ...] = ("http", "websocket")
START = 1_790_000_000.0

AGENT: Headers = {"session-id": "session-1", "user-agent": "agent/1.0", "authorization": "Bearer token-1"}
"""A client that is not the official one and sends one session header."""

KEYED: Headers = {"user-agent": "agent/1.0", "authorization": "Bearer token-1"}
"""A client without a session header."""


GATEWAY: Headers = {"session-id": "session-1", "authorization": "Bearer token-1", "chatgpt-account-id": "account-1"}
"""A gateway, which names the account."""


def native(session: str = "session-1", thread: str = "") -> Headers:
    """Return the headers of the official client, for a session and one of its threads."""
    return {
        "session-id": session,
        "thread-id": thread or session,
        "x-client-request-id": thread or session,
        "x-codex-window-id": f"{thread or session}:0",
        "user-agent": "codex_cli_rs/0.169.0 (Linux)",
        "authorization": "Bearer token-1",
    }


NATIVE: Headers = native()
"""The official client."""

OFFICIAL: dict[str, Any] = {"headers": NATIVE, "key": "session-1"}
"""With what a conversation of the official client is labelled."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the backend answered. `error` is the payload of a refusal or failure; `lost` that the stream was cut.

    `model`, `tier`, `diagnostics` and `transformations` are what the response says of itself.
    """

    outputs: list[Json]
    usage: Object | None
    status: int = 200
    error: Object | None = None
    failed: bool = False
    lost: bool = False
    challenge: bool = False
    echoed_key: str | None = None
    model: str | None = None
    tier: str | None = None
    diagnostics: Object | None = None
    transformations: list[Json] | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One turn: what was sent, what came, and its label. `socket` names the connection where it is a WebSocket.

    `run` counts the starts of the proxy; `remembers` is False if the last one had no store to read from.
    """

    number: int
    headers: Headers
    body: Object
    at: float
    ended_at: float
    answer: Answer
    socket: str
    transport: Transport | None
    host: str
    endpoint: Endpoint
    full: bool
    run: int
    remembers: bool
    label: Label


@dataclass(kw_only=True)
class Case:
    """A conversation in the making, and what it has come to."""

    about: str
    source: str
    paths: tuple[Path, ...] = EVERYWHERE
    mode: Mode = "fill"
    headers: Headers = field(default_factory=lambda: AGENT)
    members: Object = field(default_factory=lambda: {"model": "gpt-5.5", "store": False, "stream": True})
    instructions: str | None = field(default_factory=lambda: text("You are a coding agent.", 8000))
    tools: list[Json] = field(default_factory=lambda: [tool("apply_patch"), tool("shell"), tool("view_image")])
    items: list[Json] = field(default_factory=list)
    socket: str = "socket-1"
    host: str = "chatgpt.com"
    steps: list[Step] = field(default_factory=list)
    starts: list[bool] = field(default_factory=lambda: [True])

    def __post_init__(self) -> None:
        self.headers, self.members = dict(self.headers), dict(self.members)
        self.tools, self.items = list(self.tools), list(self.items)

    def turn(
        self,
        verdict: str,
        changes: Sequence[str] | None = (),
        *,
        reads: Reads = ALL,
        predecessor: Predecessor | Literal["last"] = "last",
        say: Json = None,
        gap: float = 20,
        at: float | None = None,
        took: float = 5,
        transport: Transport | None = None,
        socket: str | None = None,
        endpoint: Endpoint = "responses",
        full: bool = False,
        replies: list[Json] | None = None,
        input_tokens: int | None = None,
        reasoned: int | None = None,
        **given: Any,
    ) -> Step:
        """Send a turn with one more message, and label it; `given` are further parts of the label and of the answer.

        `verdict` may name several that are right, separated by "/". `gap` is the time since the last turn ended, `at`
        the time since the first one was sent. The turn says nothing new where `say` is "".
        """
        number = self.last + 1
        known = (number - 1 or None) if predecessor == "last" else predecessor
        if say != "":
            said = f"Question {number} of {self.about}." if say is None else say
            self.items.append(user(said) if isinstance(said, str) else said)
        body, sent_at = self._body(), self._clock + gap if at is None else self._start + at
        replies = [assistant(f"Answer {number} of {self.about}.")] if replies is None else replies
        counted = tokens(body) if input_tokens is None else input_tokens
        assert (known, reads) != (ANY, ALL), "a turn without a known predecessor does not read all of it"
        whole = self._shared_with(known, counted)
        read = reads if isinstance(reads, int) else _READS[reads](cached(whole or 0))
        label = {name: given.pop(name) for name in _LABELS & given.keys()}
        step = Step(
            number=number,
            headers=dict(self.headers),
            body=body,
            at=sent_at,
            ended_at=sent_at + took,
            answer=_answer(replies, _usage(counted, read, reasoned), given),
            socket=f"{socket or self.socket} of start {len(self.starts)}",
            transport=transport,
            host=self.host,
            endpoint=endpoint,
            full=full,
            run=len(self.starts),
            remembers=self.starts[-1],
            label=label_of(verdict, changes, known, whole, read, label),
        )
        self.steps.append(step)
        self.items = [*self.items, *replies]
        return step

    def counted(self, verdict: str, given: int, read: int, *changes: str, **rest: Any) -> None:
        """Send a turn with these counters: its input, and what of it was read."""
        self.turn(verdict, changes, input_tokens=given, reads=read, **rest)

    def grow(self, turns: int, **given: Any) -> None:
        """Let the conversation grow for some turns without a miss."""
        for number in range(turns):
            self.turn("hit" if number else "cold", **given)

    def work(self, calls: int, size: int = 3300, **given: Any) -> None:
        """Let the model call a tool again and again: each turn is answered with another call, whose output follows."""
        for _ in range(calls):
            name, last = f"{self.last + 1}-{self.about}", self.items[-1] if self.items else {"role": "assistant"}
            was_answered = isinstance(last, dict) and last.get("role") == "assistant"
            replies = [reasoning(name, 1400), call(name)]
            self.turn("hit" if self.steps else "cold", say=None if was_answered else "", replies=replies, **given)
            self.items.append(output(name, f"Output of {name}.", size))

    def miss(self, *changes: str, reads: Reads = NOTHING, **given: Any) -> None:
        """Send a turn that misses by the first of its changes, and by default reads nothing."""
        self.turn(changes[0], changes, reads=reads, **given)

    def warm_up(self, **given: Any) -> None:
        """Send what the next turn begins with, for no answer."""
        self.members["generate"] = False
        told: dict[str, Any] = {
            "verdict": "warm_up",
            "changes": None,
            "predecessor": ANY,
            "reads": NOTHING,
            "say": "",
            "replies": [],
        }
        self.turn(**told | given)
        del self.members["generate"]

    def restart(self, *, remembers: bool = True) -> None:
        """Have the proxy stopped and started, with its store or with an empty one."""
        self.starts.append(remembers)

    def aside(self, **changed: object) -> "Case":
        """Return another conversation, whose turns are steps of this one too."""
        other = copy.copy(self)
        other.headers, other.members = dict(self.headers), dict(self.members)
        other.tools, other.items = list(self.tools), list(self.items)
        for name, value in changed.items():
            setattr(other, name, value)
        return other

    def before(self, item: int) -> int:
        """Return the tokens that stand before an item, in steps of 128."""
        return cached(tokens(self._body(), item))

    @property
    def last(self) -> int:
        """The number of the latest turn."""
        return len(self.steps)

    @property
    def _start(self) -> float:
        return self.steps[0].at if self.steps else START

    @property
    def _clock(self) -> float:
        return self.steps[-1].ended_at if self.steps else START

    def _body(self) -> Object:
        told: Object = {} if self.instructions is None else {"instructions": self.instructions}
        tools: Object = {"tools": self.tools} if self.tools else {}
        return copy.deepcopy({**self.members, **told, **tools, "input": self.items})

    def _shared_with(self, predecessor: Predecessor, counted: int) -> int | None:
        """Return the tokens of this turn's input that its predecessor had, if nothing was edited."""
        usage = self.steps[predecessor - 1].answer.usage if isinstance(predecessor, int) else None
        known = usage.get("input_tokens") if usage else None
        return min(known, counted) if isinstance(known, int) else None


_LABELS = {"said", "unsaid", "blame", "resent", "edit", "volatile"}

_READS: dict[str, Callable[[int], int | None]] = {
    "all": lambda shared: shared,
    "nothing": lambda shared: 0,
    "absent": lambda shared: None,
}


def labelled(
    about: str, source: str, *, key: str | None = None, turns: int = 0, **given: object
) -> Callable[[Callable[[Case], None]], Case]:
    """Return a decorator that makes a script into the conversation that it tells.

    The conversation has the `prompt_cache_key` and the other members that are given, and grows for some turns first.
    """

    def played(script: Callable[[Case], None]) -> Case:
        case = Case(about=about, source=source, **given)  # type: ignore[arg-type]
        case.members |= {"prompt_cache_key": key} if key else {}
        case.grow(turns)
        script(case)
        return case

    return played


def _usage(counted: int, read: int | None, reasoned: int | None) -> Object:
    """Return the counters as the backend sends them."""
    details: Object = {} if read is None else {"cached_tokens": read}
    output: Object = {} if reasoned is None else {"output_tokens_details": {"reasoning_tokens": reasoned}}
    return {
        "input_tokens": counted,
        "input_tokens_details": details,
        "output_tokens": 250 + (reasoned or 0),
        **output,
    }


def _answer(replies: list[Json], usage: Object, given: dict[str, Any]) -> Answer:
    """Return an answer; one that was lost or failed has no usage, unless it was counted all the same."""
    has_usage = not {"lost", "error"} & given.keys() or given.pop("counted", False)
    return Answer(outputs=replies, usage=given.pop("usage", usage) if has_usage else None, **given)


SOL: dict[str, Any] = {
    "members": {
        "model": "gpt-5.6-sol",
        "store": False,
        "stream": True,
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium"},
        "text": {"verbosity": "low"},
    },
    "instructions": text("You are a coding agent. Be careful.", 12_000),
    "tools": [tool(f"tool_{number}", f"Tool {number} does one thing.", 850) for number in range(10)],
}
"""An agent with a longer prompt and more tools, of a newer model."""

CODEX: dict[str, Any] = {**OFFICIAL, "items": [developer("<permissions>"), user("<environment_context>")]}
"""The same with the messages that open it; its agents share session and key."""
