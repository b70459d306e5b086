"""The made-up day: four clients, what each of them asks and when, and what goes wrong with the prompt cache."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

type Item = dict[str, Any]

_TIME_AFTER = 90  # lines of the instructions before the one with the time
_OUTPUT = 3_600  # bytes of a tool's output, some 900 tokens of the embedded model
_QUESTIONS = (
    "why does the second test fail?",
    "make the parser take empty lines.",
    "what is left to do in this module?",
    "write down what changed.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a client sends with each turn; a native one has the official client's headers."""

    name: str
    model: str
    rules: int  # lines of its instructions
    account: str = "account-1"
    tools: tuple[Item, ...] = ()
    time: str = ""  # a line in the middle of its instructions
    key: str = ""
    native: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn: its time in seconds since the start of the day, its client, and the input with all earlier items."""

    at: float
    client: Client
    items: Sequence[Item]

    def body(self) -> dict[str, Any]:
        """Return what is posted."""
        client = self.client
        rules = [f"Rule {n}: look at the tests of module {n} before you change it.\n" for n in range(client.rules)]
        return {
            "model": client.model,
            "instructions": "".join([*rules[:_TIME_AFTER], client.time, *rules[_TIME_AFTER:]]),
            "tools": client.tools,
            "input": self.items,
            "store": False,
            "stream": True,
            **({"prompt_cache_key": client.key} if client.key else {}),
        }

    def headers(self, number: int) -> dict[str, str]:
        """Return the headers; a client that is not native makes up a session for each request."""
        client = self.client
        session = client.key if client.native else f"request-{number}"
        return {
            "user-agent": client.name,
            "chatgpt-account-id": client.account,
            "authorization": "Bearer made-up",
            "session-id": session,
            **({"thread-id": session} if client.native else {}),
        }


def day() -> list[Turn]:
    """Return all turns of the day in the order of time."""
    agent_times = [34 + 27 * turn + (17 * 60 if turn >= 12 else 0) for turn in range(16)]  # with one long pause
    conversations = (
        _conversation(_CODEX, [20 + 31 * turn for turn in range(15)], _switch_model, grows=4),
        _conversation(_AGENT, agent_times, _edit_tool, grows=5),
        _conversation(_REVIEW, [250 + 45 * turn for turn in range(6)], _insert_time, grows=2),
        _conversation(_GATEWAY, [390 + 52 * turn for turn in range(8)], _change_account, grows=3),
    )
    return sorted((turn for each in conversations for turn in each), key=lambda turn: turn.at)


def _tool(name: str, does: str) -> Item:
    parameters = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    return {"type": "function", "name": name, "description": does, "strict": False, "parameters": parameters}


_TOOLS = (
    _tool("shell", "Runs a command and returns its output."),
    _tool("read_file", "Returns the text of a file."),
    _tool("apply_patch", "Changes files by a patch."),
)
_EDITED = (_tool("shell", "Runs a command in the sandbox and returns its output."), *_TOOLS[1:])
_CODEX = Client(name="codex_cli_rs/0.169.0", model="gpt-6-luna", rules=330, tools=_TOOLS, key="thread-1", native=True)
_AGENT = Client(name="my-agent/1.4.0", model="gpt-5.5", rules=250, tools=_TOOLS)
_REVIEW = Client(name="review-bot/0.9.2", model="gpt-5.5", rules=210, key="review-812")
_GATEWAY = Client(name="team-gateway/2.1", model="gpt-6-luna", rules=180, tools=_TOOLS[:2], key="team-42")


def _switch_model(client: Client, turn: int) -> Client:
    return replace(client, model="gpt-6-luna-mini") if turn >= 4 else client


def _edit_tool(client: Client, turn: int) -> Client:
    return replace(client, tools=_EDITED) if turn >= 7 else client


def _insert_time(client: Client, turn: int) -> Client:
    return replace(client, time=f"It is 2026-03-03T09:4{turn}:11Z.\n") if turn <= 4 else client


def _change_account(client: Client, turn: int) -> Client:
    return replace(client, account="account-2") if turn >= 6 else client


def _conversation(
    client: Client, times: Sequence[float], change: Callable[[Client, int], Client], *, grows: int
) -> Iterator[Turn]:
    items: list[Item] = []
    for number, at in enumerate(times, start=1):
        items = [*items, *_added(client, number, grows)]
        yield Turn(at=at, client=change(client, number), items=items)


def _added(client: Client, number: int, grows: int) -> Iterator[Item]:
    """Yield what a turn adds: a question, or a call of a tool and its output."""
    if number % 3 == 1:
        question = _QUESTIONS[number % 4]
        yield {"role": "user", "content": f"Step {number} for {client.name.partition('/')[0]}: {question}"}
        return
    call = f"call_{number}"
    yield {"type": "function_call", "name": "shell", "call_id": call, "arguments": f'{{"input":"make test-{number}"}}'}
    lines = (f"test {n} passed in 0.02 s\n" for n in range(_OUTPUT * (1 + number * 5 % grows) // 25))
    yield {"type": "function_call_output", "call_id": call, "output": "".join(lines)}
