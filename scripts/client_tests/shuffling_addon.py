"""A mitmproxy addon that sends the tools of each turn in another order, as a client whose tools come as they can.

Where it is told to, it also takes away the header fields by which the official client is known.
"""

import random
from collections.abc import Callable
from typing import Any

import orjson
from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader

_MARKS = ("thread-id", "x-codex-window-id", "x-codex-turn-metadata")

_chance = random.Random(7)
_latest: list[Any] = []


def load(loader: Loader) -> None:
    loader.add_option("shuffling_unmarks", bool, False, "Whether to take away what marks the official client.")


def request(flow: http.HTTPFlow) -> None:
    for name in _MARKS if ctx.options.shuffling_unmarks else ():
        flow.request.headers.pop(name, None)
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
