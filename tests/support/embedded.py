"""What the tests of the embedded backend share: one that runs, a client of each transport, and a body that is taken."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import websockets
from embedded_backend import Backend
from toolkit.client import connect, receive
from toolkit.conversation import Endpoint

PATH = "/backend-api/codex/responses"
SESSION = {"session-id": "session"}
LONG = "x" * 8192  # 2,048 tokens


def body(**members: Any) -> dict[str, Any]:
    """Return a body that the backend takes, with the given members instead."""
    message = {"role": "user", "content": "hello"}
    return {"model": "gpt-5.5", "instructions": LONG, "input": [message], "store": False, "stream": True} | members


def cached(event: dict[str, Any]) -> int:
    """Return the cached tokens that a last event reports."""
    return int(event["response"]["usage"]["input_tokens_details"]["cached_tokens"])


def trust(backend: Backend) -> ssl.SSLContext:
    """Return TLS settings that trust the backend's own CA and nothing else."""
    return ssl.create_default_context(cafile=str(backend.ca_file))


@asynccontextmanager
async def http_client(backend: Backend, host: str = "chatgpt.com") -> AsyncIterator[httpx.AsyncClient]:
    """Yield an HTTP client that reaches the backend as a host, by way of the CONNECT port."""
    proxy = f"http://127.0.0.1:{backend.connect_port}"
    async with httpx.AsyncClient(verify=trust(backend), proxy=proxy, base_url=f"https://{host}") as client:
        yield client


class SocketClient:
    """A WebSocket client that sends one turn at a time."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection

    async def turn(self, **members: Any) -> list[dict[str, Any]]:
        """Send a `response.create` and return its events, the last of them included."""
        await self.connection.send(orjson.dumps({"type": "response.create"} | body(**members)).decode())
        return await receive(self.connection)


@asynccontextmanager
async def socket_client(backend: Backend, headers: dict[str, str] = SESSION) -> AsyncIterator[SocketClient]:
    """Yield a WebSocket client that reaches the backend as chatgpt.com, by way of the CONNECT port."""
    proxy, url = f"http://127.0.0.1:{backend.connect_port}", "https://chatgpt.com/backend-api/codex"
    async with connect(Endpoint(url=url, proxy=proxy, ca_file=str(backend.ca_file)), headers) as connection:
        yield SocketClient(connection)


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """A backend with the usual rules, which a test can replace."""
    async with Backend(home=tmp_path) as running:
        yield running


@pytest.fixture
async def http(backend: Backend) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of that backend."""
    async with http_client(backend) as client:
        yield client


@pytest.fixture
async def socket(backend: Backend) -> AsyncIterator[SocketClient]:
    """A WebSocket client of that backend, in a session."""
    async with socket_client(backend) as client:
        yield client
