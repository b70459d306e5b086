"""One client with one conversation: it goes through its scenario on its own connections, and counts what it did."""

import functools
import gzip
import itertools
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import zstandard
from toolkit.process import Proxy
from toolkit.prompts import Item
from toolkit.wire import http1, http2, websocket
from toolkit.wire.streams import Streams, client_tls, open_tunnel, reset

from codex_soak.conversation import Conversation
from codex_soak.counters import Counters, Kind
from codex_soak.profiles import Profile
from codex_soak.scenario import Step, scenario

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"
COMPACT = f"{PATH}/compact"

_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda body: gzip.compress(body, 1),
    "zstd": zstandard.ZstdCompressor(1).compress,
}


class WrongAnswer(Exception):
    """An answer is not what it has to be."""


@dataclass(slots=True)
class Reply:
    """A turn's answer: its status, the response's id, and its output items."""

    status: int
    response_id: str = ""
    outputs: list[Item] = field(default_factory=list)
    finished: bool = False

    def read_event(self, data: str | bytes) -> None:
        """Read what a client needs of an event."""
        event = orjson.loads(data)
        kind = event["type"]
        if kind == "response.output_item.done":
            self.outputs.append(event["item"])
        if kind == "response.completed":
            self.response_id = event["response"]["id"]
        if kind == "error":
            self.status = event["status"]
        self.finished = kind in ("response.completed", "error")

    def read_body(self, body: bytes) -> None:
        """Read a whole answer: an event stream, or a JSON document."""
        if not body.startswith(b"event:"):
            self.outputs, self.finished = orjson.loads(body).get("output", []), True
            return
        for line in body.splitlines():
            if line.startswith(b"data: "):
                self.read_event(line[6:])


class Client:
    """A client in its conversation."""

    def __init__(self, profile: Profile, proxy: Proxy, counters: Counters) -> None:
        self._profile, self._proxy, self._counters = profile, proxy, counters
        self._conversations: dict[int, Conversation] = {}
        self._requests = itertools.count()
        self._http: http1.Connection | http2.Connection | None = None
        self._socket: websocket.Peer | None = None
        self._agent = 0  # whose WebSocket it is

    async def run(self) -> None:
        """Go through the whole scenario, and hang up. Raises WrongAnswer, and what the connections raise."""
        try:
            for step in scenario(self._profile.number):
                self._counters.events["sub-agent" if step.agent and step.event == "turn" else step.event] += 1
                await self._do(step, self._conversation(step.agent))
        finally:
            await self._hang_up()

    def _conversation(self, agent: int) -> Conversation:
        if agent not in self._conversations:
            self._conversations[agent] = Conversation(self._profile.number, agent, self._profile.key)
        return self._conversations[agent]

    async def _do(self, step: Step, conversation: Conversation) -> None:
        if step.event == "turn":
            await self._turn(step, conversation)
        elif step.event == "compact":
            await self._compact(conversation)
        elif step.event == "branch":
            conversation.branch()
        else:
            await self._hang_up()

    async def _turn(self, step: Step, conversation: Conversation) -> None:
        if self._profile.transport == "websocket":
            transport, reply = "websocket", await self._send(step, conversation)
        else:
            transport, reply = "http", await self._post(PATH, conversation.body(), step)
        self._count("responses", transport, reply, int(step.fate) if step.fate in ("429", "500") else 200)
        if step.fate == "answered":
            conversation.answered(reply.response_id, reply.outputs)
        elif step.fate == "left":
            await self._hang_up()

    async def _compact(self, conversation: Conversation) -> None:
        """Have the conversation compacted, which clients over WebSocket also do over HTTP."""
        reply = await self._post(COMPACT, conversation.compaction(), Step())
        self._count("compact", "http", reply, 200)
        conversation.compacted(reply.outputs)

    def _count(self, endpoint: str, transport: str, reply: Reply, status: int) -> None:
        self._counters.turns[Kind(endpoint, transport, status)] += 1
        if reply.status != status:
            raise WrongAnswer(f"a turn over {transport} was answered with {reply.status} and not with {status}")

    async def _post(self, path: str, body: bytes, step: Step) -> Reply:
        coding = self._profile.coding
        fields = [*self._profile.fields(next(self._requests), step.agent), ("content-type", "application/json")]
        fields += [("content-encoding", coding)] if coding else []
        self._http = self._http or await self._connected()
        response = await self._http.start(path, [*fields, ("soak", step.fate)], _CODINGS[coding](body))
        reply = Reply(response.status)
        if step.fate == "left":
            await response.cancel()
        else:
            await response.rest()
            reply.read_body(response.body)
        return reply

    async def _connected(self) -> http1.Connection | http2.Connection:
        if self._profile.transport == "http/2":
            return http2.Connection(*await self._streams("h2"), HOST)
        return http1.Connection(*await self._streams("http/1.1"), HOST)

    async def _send(self, step: Step, conversation: Conversation) -> Reply:
        socket = await self._opened(step.agent, conversation)
        await socket.send(conversation.frame(step.fate).decode())
        reply = Reply(200)
        while not reply.finished:
            if not (message := await socket.receive()):
                raise WrongAnswer("a WebSocket was closed in the middle of an answer")
            reply.read_event(message)
            if step.fate == "left":
                reset(socket.writer)
                break
        return reply

    async def _opened(self, agent: int, conversation: Conversation) -> websocket.Peer:
        """Return the open WebSocket; each agent opens its own."""
        if self._socket is None or self._agent != agent:
            await self._hang_up()
            conversation.reconnected()
            connection = http1.Connection(*await self._streams("http/1.1"), HOST)
            fields = self._profile.fields(next(self._requests), agent)
            self._socket, self._agent = await websocket.upgrade(connection, PATH, fields), agent
        return self._socket

    async def _streams(self, protocol: str) -> Streams:
        return await open_tunnel(self._proxy.port, HOST, _tls(self._proxy.ca_file, protocol))

    async def _hang_up(self) -> None:
        connections, self._http, self._socket = (self._http, self._socket), None, None
        for connection in connections:
            if connection:
                with suppress(OSError):
                    await connection.hang_up()


@functools.cache
def _tls(ca_file: Path, protocol: str) -> ssl.SSLContext:
    return client_tls(ca_file, protocol)
