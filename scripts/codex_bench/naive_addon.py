"""What one would write first: parse the body, put a key in, write it again. It explains nothing."""

import json

from mitmproxy import http
from toolkit import bare_addon

_KEY = "00000000-0000-4000-8000-000000000000"

responseheaders = bare_addon.responseheaders


def request(flow: http.HTTPFlow) -> None:
    """Give each turn the same key."""
    if flow.request.pretty_host == "chatgpt.com" and flow.request.method == "POST":
        flow.request.content = _with_key(flow.request.content or b"")
        flow.request.headers["session_id"] = flow.request.headers["session-id"] = _KEY


def websocket_message(flow: http.HTTPFlow) -> None:
    """Give each turn over a WebSocket the same key."""
    assert flow.websocket
    if (message := flow.websocket.messages[-1]).from_client:
        message.content = _with_key(message.content)


def _with_key(text: bytes) -> bytes:
    body = json.loads(text)
    body["prompt_cache_key"] = _KEY
    body.pop("stream_options", None)
    return json.dumps(body).encode()
