"""Codex's app server, by which an editor drives it: what a person does in one session, without a person."""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from toolkit.process import end

from client_tests.clients import Codex, Event

_WITHIN = 60.0
_LONGEST_LINE = 1 << 26


class AppServer:
    """A running app server; it is asked by JSON-RPC, a line a message (openai/codex, `app-server`)."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._asked = 0
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._events: list[Event] = []
        self._more = asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def ask(self, method: str, **members: Any) -> Event:
        """Ask for something, and return the result."""
        self._asked += 1
        answer = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        self.tell(id=self._asked, method=method, params=members)
        async with asyncio.timeout(_WITHIN):
            message = await answer
        assert "error" not in message, (method, message)
        return dict(message["result"])

    def tell(self, **message: Any) -> None:
        """Send a message."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def start(self, work: Path) -> str:
        """Begin a thread, and return its id."""
        started = await self.ask("thread/start", approvalPolicy="never", sandbox="danger-full-access", cwd=str(work))
        return str(started["thread"]["id"])

    async def fork(self, thread: str) -> str:
        """Fork a thread, and return the id of the fork."""
        return str((await self.ask("thread/fork", threadId=thread))["thread"]["id"])

    async def turn(self, thread: str, words: str, **settings: Any) -> None:
        """Say something in a thread, with other settings from then on, and wait until it has been answered."""
        seen = len(self._events)
        said = [{"type": "text", "text": words, "text_elements": []}]
        await self.ask("turn/start", threadId=thread, input=said, **settings)
        await self._completed(thread, seen)

    async def compact(self, thread: str) -> None:
        """Have the history of a thread compacted."""
        seen = len(self._events)
        await self.ask("thread/compact/start", threadId=thread)
        await self._completed(thread, seen)

    async def _completed(self, thread: str, seen: int) -> None:
        async with asyncio.timeout(_WITHIN):
            while not any(map(lambda event: _ends_turn(event, thread), self._events[seen:])):
                self._more.clear()
                await self._more.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "method" not in message:
                self._answers.pop(message["id"]).set_result(message)
            self._events.append(message)
            self._more.set()


@asynccontextmanager
async def app_server(client: Codex) -> AsyncIterator[AppServer]:
    """Run the app server of a client."""
    environment = client.environment
    process = await asyncio.create_subprocess_exec(
        *(str(client.executable), "app-server"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment.variables | client.variables(),
        cwd=environment.work,
        limit=_LONGEST_LINE,
        start_new_session=True,
    )
    server = AppServer(process)
    try:
        await server.ask("initialize", clientInfo={"name": "tests", "title": "tests", "version": "1"})
        server.tell(method="initialized")
        yield server
    finally:
        await end(process)
        await server.reading


def _ends_turn(event: Event, thread: str) -> bool:
    return event.get("method") == "turn/completed" and event["params"].get("threadId") == thread
