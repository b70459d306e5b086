"""Two naive clients, one turn at a time: nothing in what they send makes the backend's cache work."""

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import httpx
import orjson
import websockets

from codex_demo import conversation
from codex_demo.conversation import Item

_PATH = "chatgpt.com/backend-api/codex/responses"

Event = dict[str, Any]


class Client:
    """Who has the conversation: an account, behind a proxy whose CA it trusts."""

    def __init__(self, account: str, proxy: str, tls: ssl.SSLContext) -> None:
        self.headers = {"authorization": f"Bearer token of {account}", "chatgpt-account-id": account}
        self.proxy = proxy
        self.tls = tls

    async def send(self, items: Sequence[Item]) -> list[Event]:
        """Sends one turn with the whole history, and returns its events."""
        raise NotImplementedError


class HttpClient(Client):
    """Sends no session header and no key."""

    async def send(self, items: Sequence[Item]) -> list[Event]:
        """Posts the turn and reads its event stream."""
        async with httpx.AsyncClient(verify=self.tls, proxy=self.proxy, trust_env=False, timeout=30) as client:
            response = await client.post(f"https://{_PATH}", json=conversation.body(items), headers=self.headers)
        return list(_events(response.text)) or [{"type": "error", "status": response.status_code}]


class SocketClient(Client):
    """Opens a new socket for each turn, with a session header that the backend does not read."""

    def __init__(self, account: str, proxy: str, tls: ssl.SSLContext) -> None:
        super().__init__(account, proxy, tls)
        self.headers["x-session-id"] = f"session of {account}"

    async def send(self, items: Sequence[Item]) -> list[Event]:
        """Sends the turn as a frame and reads the frames that answer it."""
        async with websockets.connect(
            f"wss://{_PATH}", ssl=self.tls, proxy=self.proxy, additional_headers=self.headers
        ) as socket:
            await socket.send(orjson.dumps({"type": "response.create"} | conversation.body(items)).decode())
            return [event async for event in _until_the_last(socket)]


def outputs(events: Sequence[Event]) -> list[Item]:
    """Returns the items that a turn put out."""
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


def _events(stream: str) -> Iterator[Event]:
    for line in stream.splitlines():
        if line.startswith("data: "):
            yield orjson.loads(line.removeprefix("data: "))


async def _until_the_last(socket: websockets.ClientConnection) -> AsyncIterator[Event]:
    async for message in socket:
        event = orjson.loads(message)
        yield event
        if event["type"] in ("error", "response.completed", "response.failed", "response.incomplete"):
            return
