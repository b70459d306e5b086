"""One conversation: a client lives through its story over connections of its own, and counts what it did."""

import gzip
import itertools
from collections.abc import Callable
from contextlib import suppress

import zstandard

from codex_soak.http2 import Http2
from codex_soak.lines import COMPACT, PATH, Address, Broken, Fields, Http1, Line, Reply, connect
from codex_soak.people import Person
from codex_soak.sockets import Socket, open_socket
from codex_soak.story import Step, story
from codex_soak.talk import Talk
from codex_soak.tally import Kind, Tally

_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda body: gzip.compress(body, 1),
    "zstd": zstandard.ZstdCompressor(1).compress,
}


class Agent:
    """A client in its conversation. Raises Broken where an answer is not what it has to be."""

    def __init__(self, person: Person, address: Address, tally: Tally) -> None:
        self._person, self._address, self._tally = person, address, tally
        self._talks: dict[int, Talk] = {}
        self._requests = itertools.count()
        self._line: Line | None = None
        self._socket: Socket | None = None
        self._speaker = 0

    async def live(self) -> None:
        """Live through the whole story, and hang up."""
        try:
            for step in story(self._person.number):
                self._tally.events["sub-agent" if step.agent and step.event == "turn" else step.event] += 1
                await self._do(step, self._talk(step.agent))
        finally:
            await self._hang_up()

    def _talk(self, agent: int) -> Talk:
        if agent not in self._talks:
            self._talks[agent] = Talk(self._person.number, agent, self._person.key)
        return self._talks[agent]

    async def _do(self, step: Step, talk: Talk) -> None:
        if step.event == "turn":
            await self._turn(step, talk)
        elif step.event == "compact":
            await self._compact(talk)
        elif step.event == "branch":
            talk.branch()
        else:
            await self._hang_up()

    async def _turn(self, step: Step, talk: Talk) -> None:
        over_socket = self._person.transport == "websocket"
        reply = await (self._say(step, talk) if over_socket else self._post(step, talk))
        status = int(step.fate) if step.fate in ("429", "500") else 200
        self._count("responses", "websocket" if over_socket else "http", reply, status)
        if step.fate == "answered":
            talk.heard(reply.response_id, reply.outputs)
        elif step.fate == "left":
            await self._hang_up()

    async def _say(self, step: Step, talk: Talk) -> Reply:
        """Have a turn over a WebSocket; another agent opens one of its own."""
        if self._socket is None or self._speaker != step.agent:
            await self._hang_up()
            talk.connected_anew()
            fields = self._person.fields(next(self._requests), step.agent)
            self._socket, self._speaker = await open_socket(self._address, fields), step.agent
        return await self._socket.say(talk.frame(step.fate), leave=step.fate == "left")

    async def _post(self, step: Step, talk: Talk) -> Reply:
        return await self._posted(PATH, talk.body(), step.agent, step.fate)

    async def _compact(self, talk: Talk) -> None:
        """Have the conversation compacted, which clients over WebSocket also do over HTTP."""
        reply = await self._posted(COMPACT, talk.compaction(), 0, "answered")
        self._count("compact", "http", reply, 200)
        talk.compacted(reply.outputs)

    async def _posted(self, path: str, body: bytes, agent: int, fate: str) -> Reply:
        coding = self._person.coding
        fields: Fields = [*self._person.fields(next(self._requests), agent), ("content-type", "application/json")]
        fields += [("content-encoding", coding)] if coding else []
        self._line = self._line or await self._connected()
        return await self._line.post(path, [*fields, ("soak", fate)], _CODINGS[coding](body), leave=fate == "left")

    async def _connected(self) -> Line:
        if self._person.transport == "http/2":
            return Http2(*await connect(self._address, "h2"))
        return Http1(*await connect(self._address, "http/1.1"))

    def _count(self, endpoint: str, transport: str, reply: Reply, status: int) -> None:
        self._tally.turns[Kind(endpoint, transport, status)] += 1
        if reply.status != status:
            raise Broken(f"a turn over {transport} was answered with {reply.status} and not with {status}")

    async def _hang_up(self) -> None:
        line, socket, self._line, self._socket = self._line, self._socket, None, None
        for one in (line, socket):
            if one:
                with suppress(OSError):
                    await one.close()
