"""One client with one conversation: it goes through its scenario on its own connections, and counts what it did."""

import gzip
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import httpcore
import orjson
import websockets
import zstandard
from toolkit.client import FAULTS, connect, pool, receive
from toolkit.conversation import Endpoint, Event, read_events
from toolkit.process import Proxy
from toolkit.prompts import Item

from codex_soak.promises import Counters, Kind
from codex_soak.scenario import Conversation, Profile, Step, scenario

_URL = "https://chatgpt.com/backend-api/codex"

_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda body: gzip.compress(body, 1),
    "zstd": zstandard.ZstdCompressor(1).compress,
}


class WrongAnswer(Exception):
    """An answer is not what it has to be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client needs of a turn's answer: its status, the response's id, and its output items."""

    status: int
    response_id: str = ""
    outputs: list[Item] = field(default_factory=list)


def read_reply(events: list[Event], status: int = 200) -> Reply:
    """Return what whole events say, which came with this status."""
    last = events[-1]
    outputs = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    return Reply(last.get("status", status), last.get("response", {}).get("id", ""), outputs)


def read_body(body: bytes, status: int) -> Reply:
    """Return what a whole body says: an event stream, or a JSON document."""
    if events := read_events(body):
        return read_reply(events, status)
    return Reply(status, outputs=orjson.loads(body).get("output", []))


class Client:
    """A client in its conversation."""

    def __init__(self, profile: Profile, proxy: Proxy, counters: Counters) -> None:
        self._profile, self._counters = profile, counters
        self._endpoint = Endpoint(url=_URL, proxy=proxy.url, ca_file=str(proxy.ca_file))
        self._conversations: dict[int, Conversation] = {}
        self._requests = itertools.count()
        self._pool: httpcore.AsyncConnectionPool | None = None
        self._socket: websockets.ClientConnection | None = None
        self._agent = 0  # whose WebSocket it is

    async def run(self) -> None:
        """Go through the whole scenario, and hang up. Raises WrongAnswer and FAULTS."""
        profile = self._profile
        try:
            for step in scenario(profile.number):
                self._counters.events["sub-agent" if step.agent and step.event == "turn" else step.event] += 1
                if step.agent not in self._conversations:
                    self._conversations[step.agent] = Conversation(profile.number, step.agent, profile.key)
                await self._do(step, self._conversations[step.agent])
        finally:
            await self._hang_up()

    async def _do(self, step: Step, conversation: Conversation) -> None:
        if step.event == "turn":
            await self._turn(step, conversation)
        elif step.event == "compact":  # over HTTP, as clients do it that speak WebSocket
            reply = await self._post("responses/compact", conversation.compaction(), Step())
            self._count("compact", "http", reply, 200)
            conversation.compacted(reply.outputs)
        elif step.event == "branch":
            conversation.branch()
        else:
            await self._hang_up()

    async def _turn(self, step: Step, conversation: Conversation) -> None:
        if self._profile.transport == "websocket":
            transport, reply = "websocket", await self._send(step, conversation)
        else:
            transport, reply = "http", await self._post("responses", conversation.body(), step)
        self._count("responses", transport, reply, int(step.fate) if step.fate in ("429", "500") else 200)
        if step.fate == "answered":
            conversation.answered(reply.response_id, reply.outputs)
        elif step.fate == "left":
            await self._hang_up()

    def _count(self, endpoint: str, transport: str, reply: Reply, status: int) -> None:
        self._counters.turns[Kind(endpoint, transport, status)] += 1
        if reply.status != status:
            raise WrongAnswer(f"a turn over {transport} was answered with {reply.status} and not with {status}")

    async def _post(self, path: str, body: bytes, step: Step) -> Reply:
        coding = self._profile.coding
        fields = self._fields(step.agent) | {"content-type": "application/json", "soak": step.fate}
        fields |= {"content-encoding": coding} if coding else {}
        self._pool = self._pool or pool(self._endpoint, http2=self._profile.transport == "http/2")
        content = _CODINGS[coding](body)
        async with self._pool.stream("POST", f"{_URL}/{path}", headers=[*fields.items()], content=content) as response:
            if step.fate == "left":
                return Reply(response.status)
            return read_body(await response.aread(), response.status)

    async def _send(self, step: Step, conversation: Conversation) -> Reply:
        if self._socket is None or self._agent != step.agent:  # each agent opens its own
            await self._hang_up()
            conversation.reconnected()
            self._socket, self._agent = await connect(self._endpoint, self._fields(step.agent)), step.agent
        socket = self._socket
        await socket.send(conversation.frame(step.fate).decode())
        if step.fate == "left":
            await socket.recv()
            socket.transport.abort()
            return Reply(200)
        return read_reply(await receive(socket))

    def _fields(self, agent: int) -> dict[str, str]:
        return self._profile.fields(next(self._requests), agent)

    async def _hang_up(self) -> None:
        requests, socket, self._pool, self._socket = self._pool, self._socket, None, None
        with suppress(*FAULTS):
            if requests:
                await requests.aclose()
            if socket:
                await socket.close()
