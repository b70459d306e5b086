"""Flows as mitmproxy reads them from a capture."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from codexcache.body.json_splice import Json
from codexcache.hooks.notify import TURN_SUMMARIES
from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader
from mitmproxy.net import encoding
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from support.talks import asked, counters
from support.turns import Headers, fields
from support.wire import RESPONSES, body, completed, frame, spelled

type Field = tuple[bytes, bytes]

START = 1_790_000_000.0
"""When the first of the saved turns was sent."""

HEADERS = {"session-id": "s", "user-agent": "agent/1.0 (x)"}
TOOLS: Json = [{"type": "function", "name": "shell", "description": "one"}]


def saved_request(
    *texts: str,
    at: float = 0,
    given: int = 9_000,
    cached: int = 0,
    path: str = RESPONSES,
    content: bytes | None = None,
    answer: bytes | None = None,
    coding: str = "",
    turn_summaries: Iterable[Json] = (),
    host: str = "chatgpt.com",
    **members: Json,
) -> http.HTTPFlow:
    """Return a saved turn of a conversation with these messages, sent at `at` seconds, which took two; request and
    response are in the same coding.
    """
    content = body(input=asked(*(texts or ("one",))), **members) if content is None else content
    answer = completed(f"resp_{at:g}", usage=counters(given, cached)) if answer is None else answer
    flow = tflow.tflow(
        req=_request("POST", path, _coded(content, coding), {"content-encoding": coding} if coding else {}, at, host),
        resp=tutils.tresp(
            headers=http.Headers(content_type="text/event-stream", content_encoding=coding),
            content=_coded(answer, coding),
            timestamp_start=START + at + 1,
            timestamp_end=START + at + 2,
        ),
        live=False,
    )
    return carrying(flow, turn_summaries)


def saved_socket(
    *messages: WebSocketMessage,
    path: str = RESPONSES,
    ended_at: float | None = None,
    turn_summaries: Iterable[Json] = (),
) -> http.HTTPFlow:
    """Return a saved WebSocket over which these messages passed."""
    flow = tflow.tflow(
        req=_request("GET", path, b"", {"connection": "upgrade", "upgrade": "websocket"}),
        resp=tutils.tresp(status_code=101, reason=b"Switching Protocols", content=b""),
        live=False,
    )
    end = None if ended_at is None else START + ended_at
    flow.websocket = WebSocketData(messages=list(messages), timestamp_end=end)
    return carrying(flow, turn_summaries)


def carrying(flow: http.HTTPFlow, turn_summaries: Iterable[Json]) -> http.HTTPFlow:
    """Return the flow with the summaries with which it was saved."""
    if known := list(turn_summaries):
        flow.metadata[TURN_SUMMARIES] = known
    return flow


def asking(*texts: str, at: float, dropped: bool = False, **members: Json) -> WebSocketMessage:
    """Return the message of a client that sends a turn."""
    content = frame(input=asked(*texts) if texts else [], **members).encode()
    return WebSocketMessage(Opcode.TEXT, True, content, START + at, dropped)


def going_on(text: str, previous: str, *, at: float) -> WebSocketMessage:
    """Return the message of a client that sends what is new, and names the response that it continues."""
    return asking(text, at=at, previous_response_id=previous)


def answering(kind: str = "response.completed", *, at: float, **members: Json) -> WebSocketMessage:
    """Return one message of the backend."""
    return WebSocketMessage(Opcode.TEXT, False, spelled({"type": kind, **members}), START + at)


def ending(response: str, *, at: float, given: int = 9_000, cached: int = 0) -> WebSocketMessage:
    """Return the message with which the backend ends a turn."""
    return answering(at=at, response={"id": response, "usage": counters(given, cached)})


def _request(
    method: str, path: str, content: bytes, headers: Headers, at: float = 0, host: str = "chatgpt.com"
) -> http.Request:
    sent = {"host": host, **HEADERS, **headers}
    return request(method, path, content, fields(sent), host=host, at=START + at, took=0.5)


def request(
    method: str, path: str, content: bytes, fields: Iterable[Field], *, host: str, at: float, took: float = 0
) -> http.Request:
    """Return a request that had been sent `at` seconds since the epoch, after so many seconds."""
    return tutils.treq(
        method=method.encode(),
        scheme=b"https",
        authority=b"",
        host=host,
        port=443,
        path=path.encode(),
        headers=http.Headers(fields),
        content=content,
        timestamp_start=at - took,
        timestamp_end=at,
    )


def flows_in(path: Path) -> list[http.HTTPFlow]:
    """Return the flows of a capture, as far as it has been written."""
    found: list[http.HTTPFlow] = []
    with path.open("rb") as file, contextlib.suppress(exceptions.FlowReadException):
        found += (flow for flow in FlowReader(file).stream() if isinstance(flow, http.HTTPFlow))
    return found


def _coded(content: bytes, coding: str) -> bytes:
    return encoding.encode(content, coding) if coding else content
