"""The made-up day: who asks what and when, and what goes wrong with the prompt cache."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Item = dict[str, Any]

_AMID = 90  # rules before the line with the time
_ROOM = 3_600  # bytes of a tool's output, some 900 tokens of the embedded model


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who has a conversation: how it calls itself, and what it sends with each turn."""

    name: str
    model: str
    rules: int  # lines of its instructions
    account: str = "account-1"
    tools: tuple[Item, ...] = ()
    today: str = ""  # a line amid its instructions
    key: str = ""
    native: bool = False  # whether it bears the official client's headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One turn: its time in seconds since the morning, who sends it, and the history that it bears."""

    at: float
    lasts: float
    client: Client
    items: list[Item] = field(repr=False)

    def body(self) -> dict[str, Any]:
        """Returns what is posted."""
        key = {"prompt_cache_key": self.client.key} if self.client.key else {}
        return {
            "model": self.client.model,
            "instructions": _instructions(self.client),
            "tools": list(self.client.tools),
            "input": self.items,
            "store": False,
            "stream": True,
            **key,
        }

    def headers(self, number: int) -> dict[str, str]:
        """Returns the headers, where a client without a session of its own makes one up for each request."""
        client = self.client
        who = {"user-agent": client.name, "chatgpt-account-id": client.account, "authorization": "Bearer made-up"}
        session = client.key if client.native else f"request-{number}"
        return who | {"session-id": session} | ({"thread-id": session} if client.native else {})


def tool(name: str, does: str) -> Item:
    """Returns a tool with one text to give it."""
    parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    return {"type": "function", "name": name, "description": does, "strict": False, "parameters": parameters}


TOOLS = (
    tool("shell", "Runs a command and returns its output."),
    tool("read_file", "Returns the text of a file."),
    tool("apply_patch", "Changes files by a patch."),
)
_EDITED = (tool("shell", "Runs a command in the sandbox and returns its output."), *TOOLS[1:])

Change = Callable[[Client, int], Client]
"""What becomes of a client in one of its turns, counted from 1."""


def story() -> list[Ask]:
    """Returns all turns of the day in the order of time."""
    talks = (
        _talk(_CODEX, 15, [20 + 31 * turn for turn in range(15)], _model_switched, grows=4),
        _talk(_AGENT, 16, _pauses(16), _tool_edited, grows=5),
        _talk(_REVIEW, 6, [250 + 45 * turn for turn in range(6)], _dated, grows=2),
        _talk(_GATEWAY, 8, [390 + 52 * turn for turn in range(8)], _account_lost, grows=3),
    )
    return sorted(itertools.chain(*talks), key=lambda ask: ask.at)


_CODEX = Client(name="codex_cli_rs/0.169.0", model="gpt-6-luna", rules=330, tools=TOOLS, key="thread-1", native=True)
_AGENT = Client(name="my-agent/1.4.0", model="gpt-5.5", rules=250, tools=TOOLS)
_REVIEW = Client(name="review-bot/0.9.2", model="gpt-5.5", rules=210, key="review-812")
_GATEWAY = Client(name="team-gateway/2.1", model="gpt-6-luna", rules=180, tools=TOOLS[:2], key="team-42")


def _model_switched(client: Client, turn: int) -> Client:
    return replace(client, model="gpt-6-luna-mini") if turn >= 4 else client


def _tool_edited(client: Client, turn: int) -> Client:
    return replace(client, tools=_EDITED) if turn >= 7 else client


def _dated(client: Client, turn: int) -> Client:
    """Puts the time into the instructions, up to the turn before which somebody took it out."""
    return replace(client, today=f"It is 2026-03-03T09:4{turn}:11Z.\n") if turn <= 4 else client


def _account_lost(client: Client, turn: int) -> Client:
    return replace(client, account="account-2") if turn >= 6 else client


def _pauses(turns: int) -> list[float]:
    """Returns the times of turns that pause once for longer than the cache lives."""
    return [34 + 27 * turn + (17 * 60 if turn >= 12 else 0) for turn in range(turns)]


def _talk(client: Client, turns: int, times: list[float], change: Change, *, grows: int) -> Iterator[Ask]:
    history: list[Item] = []
    for turn, at in zip(range(1, turns + 1), times, strict=True):
        history = [*history, *_asked(client, turn, grows)]
        yield Ask(at=at, lasts=0.8 + turn * 7 % 5 / 2, client=change(client, turn), items=history)


def _asked(client: Client, turn: int, grows: int) -> Iterator[Item]:
    """Yields what a turn adds to the history: a question, or the output of the tool that was called before."""
    if turn % 3 == 1:
        yield {"role": "user", "content": f"Step {turn} for {client.name.partition('/')[0]}: {_QUESTIONS[turn % 4]}"}
        return
    call = f"call_{turn}"
    yield {"type": "function_call", "name": "shell", "call_id": call, "arguments": f'{{"input":"make test-{turn}"}}'}
    size = _ROOM * (1 + turn * 5 % grows)
    yield {"type": "function_call_output", "call_id": call, "output": _filled("test {} passed in 0.02 s\n", size)}


_QUESTIONS = (
    "why does the second test fail?",
    "make the parser take empty lines.",
    "what is left to do in this module?",
    "write down what changed.",
)


def _instructions(client: Client) -> str:
    rules = [
        f"Rule {number}: look at the tests of module {number} before you change it.\n" for number in range(client.rules)
    ]
    return "".join([*rules[:_AMID], client.today, *rules[_AMID:]])


def _filled(line: str, size: int) -> str:
    return "".join(line.format(number) for number in range(size // len(line)))
