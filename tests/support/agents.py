"""An agent that sends the same things in other bytes on each turn, through a proxy to the embedded backend."""

import itertools
import random
from pathlib import Path
from typing import Any

import orjson
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from conftest import Network
from embedded_backend import Backend
from toolkit.conversation import read_events

from support.journals import entries_of
from support.proxy import Proxy
from support.sockets import Peer
from support.talks import post
from support.wire import RESPONSES, body, frame

ALL = "tool_order,spelling,volatile"
LONG = "Look at the tests of a module before you change it. " * 200
"""Some 2,600 tokens of the embedded model."""


def tool(name: str) -> Object:
    """Return a function tool."""
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": {"path": {"a": 1}}}}


TOOLS = [tool(name) for name in ("read", "write", "bash", "grep", "list")]
SESSION = ("session_id", "s")


def clock(minute: int) -> str:
    """Return instructions that tell the time."""
    return f"It is 10:{minute:02}. {LONG}"


class Agent:
    """Asks one question after the other over HTTP, and keeps what is answered."""

    def __init__(self, proxy: Proxy, *, first: str = "Fix the bug, please.") -> None:
        self.proxy, self._first, self._turn = proxy, first, itertools.count()
        self.history: list[Any] = []
        self._chance = random.Random(1)

    def question(self) -> Object:
        """Return the next message of the user."""
        turn = next(self._turn)
        return {"role": "user", "content": f"And step {turn}?" if turn else self._first}

    def shuffled(self) -> list[Object]:
        """Return the tools in another order than they have."""
        tools = self._chance.sample(TOOLS, len(TOOLS))
        return tools if tools != TOOLS else TOOLS[::-1]

    async def ask(self, *fields: tuple[str, str], path: str = RESPONSES, **members: Any) -> int:
        """Send a turn with these members; return its status."""
        self.history.append(self.question())
        tools = members.pop("tools", None) or self.shuffled()
        given = {"tools": tools, "instructions": LONG, "input": self.history, **members}
        text = body(**given)
        if path != RESPONSES:
            text = orjson.dumps({name: value for name, value in orjson.loads(text).items() if name in COMPACTED})
        response = await post(self.proxy, *fields, path=path, text=text)
        events = read_events(response.body)
        self.history += [event["item"] for event in events if event["type"] == "response.output_item.done"]
        return response.status


COMPACTED = ("model", "instructions", "input", "tools")
"""Members that /compact takes."""


class Running:
    """A proxy with the addon before an embedded backend, and the addon's journal."""

    def __init__(self, proxy: Proxy, backend: Backend, journal: Path, codex: CodexContinuity) -> None:
        self.proxy, self.backend, self._journal, self.codex = proxy, backend, journal, codex

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The entries of the journal."""
        return [dict(entry) for entry in entries_of(self._journal)]

    @property
    def sent(self) -> list[Any]:
        """The bodies that the backend got."""
        return [each.json for each in self.backend.received if each.kind != "handshake"]

    @property
    def tools(self) -> list[list[str]]:
        """The names of the tools of each turn, as the backend got them."""
        return [[each["name"] for each in sent["tools"]] for sent in self.sent]

    @property
    def verdicts(self) -> list[Any]:
        """The verdicts."""
        return [entry["verdict"] for entry in self.journal]

    @property
    def repaired(self) -> list[Any]:
        """What was repaired of each turn; None where the journal says nothing of it."""
        return [entry.get("repaired") for entry in self.journal]


async def running(
    net: Network,
    folder: Path,
    codex_repair: str = ALL,
    *,
    addon: object = None,
    backend: Backend | None = None,
    **options: Any,
) -> Running:
    """Start a proxy with repairs switched on, and a backend where none is given."""
    codex, journal = CodexContinuity(), folder / "journal.jsonl"
    served = backend or await net.backend()
    proxy = await net.proxy(addon or codex, codex_repair=codex_repair, codex_journal=str(journal), **options)
    return Running(proxy, served, journal, codex)


async def say(peer: Peer, **members: Any) -> dict[str, Any]:
    """Send a turn over a WebSocket; return its last event."""
    await peer.send(frame(**members))
    async for message in peer.messages():
        event: dict[str, Any] = orjson.loads(message)
        if event["type"] in ("error", "response.completed", "response.failed"):
            return event
    raise AssertionError("the WebSocket was closed")
