"""A mitmproxy addon that sends the tools of each turn in another order, as a client whose tools come as they can."""

import random
from collections.abc import Callable
from typing import Any

import orjson
from mitmproxy import http

_chance = random.Random(7)
_latest: list[Any] = []


def request(flow: http.HTTPFlow) -> None:
    if flow.request.method == "POST" and flow.request.path.endswith(("/responses", "/responses/compact")):
        flow.request.content = _shuffled(flow.request.content or b"")


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket
    message = flow.websocket.messages[-1]
    if message.from_client and b"response.create" in message.content:
        message.content = _shuffled(message.content)


def _shuffled(body: bytes) -> bytes:
    """Return a turn with its tools in an order that they did not have in the one before."""
    document = orjson.loads(body)
    if len(tools := document.get("tools") or []) > 1:
        order: Callable[[], list[Any]] = lambda: _chance.sample(tools, len(tools))  # noqa: E731
        document["tools"] = next(tools for tools in iter(order, None) if tools != _latest)
        _latest[:] = document["tools"]
    return orjson.dumps(document)
