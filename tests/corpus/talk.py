"""How a conversation is written down.

A script says what happens turn by turn and what has to be said of it:

    @labelled("a tool is edited", "cnighswonger/claude-code-cache-fix", turns=2)
    def edited_tool(case: Case) -> None:
        case.tools[1] = tool("shell", "other words")
        case.miss("tools_changed")

What the script leaves in `talk.items` and the other members is what the next turn sends.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import orjson
from codexcache.body.json_splice import Json, Object
from codexcache.options import Mode
from codexcache.turn.request import Transport
from codexcache.wire.routes import Endpoint

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
START = 1_790_000_000.0

AGENT: Headers = {"session-id": "session-1", "user-agent": "agent/1.0", "authorization": "Bearer token-1"}
"""A client that is not the official one and sends one session header."""

NATIVE: Headers = {
    "session-id": "session-1",
    "thread-id": "session-1",
    "x-client-request-id": "session-1",
    "x-codex-window-id": "session-1:0",
    "user-agent": "codex_cli_rs/0.169.0 (Linux)",
    "authorization": "Bearer token-1",
}
"""The official client."""

OFFICIAL: dict[str, Any] = {"headers": NATIVE, "key": "session-1"}
"""With what a conversation of the official client is labelled."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the backend answered. `error` is the payload of a refusal or failure; `lost` that the stream was cut."""

    outputs: list[Json]
    usage: Object | None
    status: int = 200
    error: Object | None = None
    failed: bool = False
    lost: bool = False
    challenge: bool = False
    echoed_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One turn: what was sent, what came, and its label. `socket` names the connection where it is a WebSocket."""

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
    verdict: str
    changes: tuple[str, ...]
    predecessor: int | None
    said: str


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

    def __post_init__(self) -> None:
        self.headers, self.tools, self.items = dict(self.headers), list(self.tools), list(self.items)

    def turn(
        self,
        verdict: str,
        changes: Sequence[str] = (),
        *,
        reads: Reads = ALL,
        predecessor: int | Literal["last"] | None = "last",
        say: str | None = None,
        gap: float = 20,
        took: float = 5,
        transport: Transport | None = None,
        socket: str | None = None,
        endpoint: Endpoint = "responses",
        full: bool = False,
        said: str = "",
        replies: list[Json] | None = None,
        input_tokens: int | None = None,
        **answer: object,
    ) -> Step:
        """Send a turn with one more message, and label it. `gap` is the time since the last turn ended."""
        number = len(self.steps) + 1
        if predecessor == "last":
            predecessor = number - 1 or None
        if say != "":
            self.items.append(user(say or f"Question {number} of {self.about}."))
        body = self._body()
        replies = [assistant(f"Answer {number} of {self.about}.")] if replies is None else replies
        counted = tokens(body) if input_tokens is None else input_tokens
        step = Step(
            number=number,
            headers=dict(self.headers),
            body=body,
            at=self._clock + gap,
            ended_at=self._clock + gap + took,
            answer=_answer(replies, _usage(counted, self._read(reads, predecessor, counted)), answer),
            socket=socket or self.socket,
            transport=transport,
            host=self.host,
            endpoint=endpoint,
            full=full,
            verdict=verdict,
            changes=tuple(changes),
            predecessor=predecessor,
            said=said,
        )
        self.steps.append(step)
        self.items = [*self.items, *replies]
        return step

    def grow(self, turns: int) -> None:
        """Let the conversation grow for some turns without a miss."""
        for number in range(turns):
            self.turn("hit" if number else "cold")

    def miss(self, *changes: str, reads: Reads = NOTHING, **given: Any) -> None:
        """Send a turn that misses by the first of its changes, and by default reads nothing."""
        self.turn(changes[0], changes, reads=reads, **given)

    def aside(self, **changed: object) -> "Case":
        """Return another conversation, whose turns are steps of this one too."""
        other = copy.copy(self)
        other.members, other.tools, other.items = dict(self.members), list(self.tools), list(self.items)
        for name, value in changed.items():
            setattr(other, name, value)
        return other

    @property
    def _clock(self) -> float:
        return self.steps[-1].ended_at if self.steps else START

    def _body(self) -> Object:
        told: Object = {} if self.instructions is None else {"instructions": self.instructions}
        tools: Object = {"tools": self.tools} if self.tools else {}
        return copy.deepcopy({**self.members, **told, **tools, "input": self.items})

    def _read(self, reads: Reads, predecessor: int | None, counted: int) -> int | None:
        """Return the cached tokens, in steps of 128 as the backend counts them."""
        if isinstance(reads, int):
            return reads
        if reads == "absent":
            return None
        known = self.steps[predecessor - 1].answer.usage if predecessor and reads == "all" else None
        given = known.get("input_tokens") if known else 0
        return min(given, counted) // 128 * 128 if isinstance(given, int) else 0


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


def text(opening: str, size: int = 4000) -> str:
    """Return a text of about this many characters, different for each opening."""
    return (opening + " " + (opening + " and so on. ") * (size // len(opening)))[:size]


def message(role: str, opening: str) -> Json:
    """Return a message as clients write it, some thousand tokens long."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text(opening)}]}


user = partial(message, "user")
assistant = partial(message, "assistant")
developer = partial(message, "developer")


def reasoning(name: str) -> Json:
    """Return a reasoning item, which only the backend can read."""
    return {"type": "reasoning", "summary": [], "encrypted_content": text(f"gAAAA{name}", 2000)}


def call(name: str, arguments: str = "{}") -> Json:
    return {"type": "function_call", "name": "shell", "arguments": arguments, "call_id": f"call_{name}"}


def output(name: str, said: str = "done") -> Json:
    return {"type": "function_call_output", "call_id": f"call_{name}", "output": text(said)}


def tool(name: str, description: str = "Does what it is called.") -> Json:
    """Return a function tool with a schema of some size."""
    return {
        "type": "function",
        "name": name,
        "description": text(description, 1500),
        "strict": False,
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    }


def with_id(item: Json, name: str) -> Json:
    """Return an item with what only the client and the backend know of it."""
    assert isinstance(item, dict)
    return {**item, "id": name, "status": "completed", "internal_chat_message_metadata_passthrough": {"turn_id": name}}


def tokens(body: Object, items: int | None = None) -> int:
    """Return the tokens of a prompt, or of its head up to an item; a token is four bytes of it."""
    given = body.get("input")
    parts = given if isinstance(given, list) else [given]
    written = [body.get("tools") or [], body.get("instructions") or "", *parts[:items]]
    return sum(len(orjson.dumps(part)) for part in written) // 4


def _usage(counted: int, cached: int | None) -> Object:
    """Return the counters as the backend sends them."""
    details: Object = {} if cached is None else {"cached_tokens": cached}
    return {"input_tokens": counted, "input_tokens_details": details, "output_tokens": 250}


def _answer(replies: list[Json], usage: Object, given: dict[str, object]) -> Answer:
    has_usage = not {"lost", "error"} & given.keys() or given.pop("counted", False)
    return Answer(outputs=replies, usage=given.pop("usage", usage) if has_usage else None, **given)  # type: ignore[arg-type]


def before(case: Case, item: int) -> int:
    """Return the tokens that stand before an item, as the backend counts cached ones."""
    prompt: Object = {"tools": case.tools, "instructions": case.instructions, "input": case.items}
    return tokens(prompt, item) // 128 * 128


CODEX: dict[str, Any] = {**OFFICIAL, "items": [developer("<permissions>"), user("<environment_context>")]}
"""The same with the messages that open it; its agents share session and key."""
