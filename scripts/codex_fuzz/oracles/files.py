"""Journals, the pages made of them, and captures: any file is read, or said to be none, and shown harmless."""

import asyncio
import io
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields as members
from pathlib import Path

from codexcache.body.json_splice import Unreadable, parse
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.capture_replay import CaptureReplay
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.hooks.state import State
from codexcache.report import page
from codexcache.report.captured import add_capture
from codexcache.report.load import ReportData, Row
from mitmproxy import http
from mitmproxy.net import encoding
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from support.html import Element, parsed
from support.wire import RESPONSES
from wsproto.frame_protocol import Opcode

from codex_fuzz.given import Given, fields_of
from codex_fuzz.oracles.shown import check_finding, check_harmless
from codex_fuzz.oracles.streams import CODINGS

SECTIONS = b"\n\0\n"
"""What stands between the parts of a saved conversation: fields, two bodies with an answer each, a portrait."""

_BLANK = b"\xef\xbb\xbf \t\r\n"
_LONGEST = 400
_LARGEST = 1 << 53
_START = 1_790_000_000.0
_TIMES = (0.0, 1.0, -1.0, 1e300, float("inf"), float("nan"), -1e300, 1e9)
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href"}


def check_journal(data: bytes) -> None:
    """Each line is a row or counted as none; a row has only what can be shown and drawn."""
    report_data = _report_data(data)
    lines = [line for line in data.split(b"\n") if line.strip(_BLANK)]
    assert len(report_data.rows) + report_data.skipped.total() == len(lines), "a line is neither told nor counted"
    _check_rows(report_data.rows)


def check_page(data: bytes) -> None:
    """The page of any journal is whole, runs nothing but its own script, and loads nothing."""
    text = page.render(_report_data(data), data[:300].decode(errors="replace"))
    check_harmless([text])
    root = parsed(text)
    assert [len(root.all(tag)) for tag in ("script", "style", "iframe", "object", "embed", "link", "img", "form")] == [
        *(1, 1, 0, 0, 0, 0, 0, 0)
    ], "elements that are not the page's own"
    for element in root.all():
        _check_element(element)


def check_capture(data: bytes) -> None:
    """A file is read as far as it is a capture, without a fault of ours."""
    report_data = ReportData()
    with tempfile.TemporaryDirectory() as folder, _no_faults():
        path = Path(folder) / "capture.mitm"
        path.write_bytes(data)
        add_capture(report_data, path, "chatgpt.com")
    _check_rows(report_data.rows)


def check_saved(data: bytes) -> None:
    """Two saved turns of any content, over HTTP or one WebSocket, are explained without a fault and shown harmless."""
    given = Given(data)
    over_socket, coding, at, end = given.number(2), given.pick(CODINGS), given.pick(_TIMES), given.pick(_TIMES)
    parts = (given.rest.split(SECTIONS) + [b""] * 6)[:6]
    make = _socket if over_socket else _requests
    flows = make(parts, coding, _START + at, _START + end)
    core, findings = State(), list[Diagnosis]()
    core.diagnosis_service.listeners.append(findings.append)
    with _no_faults():
        asyncio.run(_played(CaptureReplay(core), flows))
        for diagnosis in findings:
            check_finding(diagnosis)


async def _played(captures: CaptureReplay, flows: list[http.HTTPFlow]) -> None:
    for flow in flows:
        (captures.websocket_end if flow.websocket else captures.response)(flow)
    captures.play()


def _requests(parts: list[bytes], coding: str, at: float, end: float) -> list[http.HTTPFlow]:
    """Return two saved turns, the first in a coding."""
    head, first, first_answer, second, second_answer, portrait = parts
    return [
        _request(head, first, first_answer, coding, _START, portrait),
        _request(head, second, second_answer, "identity", at, b"", end),
    ]


def _request(
    head: bytes, body: bytes, answer: bytes, coding: str, at: float, portrait: bytes, end: float | None = None
) -> http.HTTPFlow:
    flow = tflow.tflow(
        req=_request_head(head, b"POST", encoding.encode(body, coding), at, coding),
        resp=tutils.tresp(
            headers=http.Headers(content_type="text/event-stream" if answer[:1] != b"{" else "application/json"),
            status_code=200 if answer[:1] != b"{" else 400,
            content=answer,
            timestamp_start=at + 1,
            timestamp_end=at + 2 if end is None else end,
        ),
        live=False,
    )
    return _carrying(flow, portrait)


def _socket(parts: list[bytes], _: str, at: float, end: float) -> list[http.HTTPFlow]:
    """Return a saved WebSocket with both turns."""
    head, first, first_answer, second, second_answer, portrait = parts
    flow = tflow.tflow(
        req=_request_head(head, b"GET", b"", _START, "identity"), resp=tutils.tresp(status_code=101), live=False
    )
    texts = [(True, first, _START), (False, first_answer, _START + 1), (True, second, at), (False, second_answer, end)]
    messages = [
        WebSocketMessage(Opcode.TEXT, from_client, line, time)
        for from_client, text, time in texts
        for line in text.split(b"\n")
    ]
    flow.websocket = WebSocketData(messages=messages, timestamp_end=None)
    return [_carrying(flow, portrait)]


def _request_head(head: bytes, method: bytes, content: bytes, at: float, coding: str) -> http.Request:
    return tutils.treq(
        method=method,
        scheme=b"https",
        authority=b"",
        host="chatgpt.com",
        port=443,
        path=RESPONSES.encode(),
        headers=http.Headers(
            ((b"host", b"chatgpt.com"), (b"content-encoding", coding.encode()), *_others(head)),
        ),
        content=content,
        timestamp_start=at,
        timestamp_end=at,
    )


def _others(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    return (field for field in fields_of(head) if field[0].lower() not in (b"host", b"content-encoding"))


def _carrying(flow: http.HTTPFlow, portrait: bytes) -> http.HTTPFlow:
    try:
        flow.metadata[TURN_SUMMARIES] = [parse(portrait)]
    except Unreadable:
        flow.metadata[TURN_SUMMARIES] = []
    return flow


def _report_data(data: bytes) -> ReportData:
    report_data = ReportData()
    report_data.add_lines(io.BytesIO(data))
    return report_data


def _check_rows(rows: list[Row]) -> None:
    for row in rows:
        for member in members(row):
            value = getattr(row, member.name)
            texts = value if isinstance(value, tuple) else [value] if isinstance(value, str) else []
            check_harmless(texts)
            assert all(len(text) <= _LONGEST and "\n" not in text for text in texts), "too long to be shown"
            assert not isinstance(value, int | float) or 0 <= value <= max(_LARGEST, row.time), f"no place for {value}"


def _check_element(element: Element) -> None:
    for name, value in element.attributes.items():
        assert not name.startswith("on"), f"{name} runs a script"
        assert name not in _ADDRESSES, f"{name} leads out of the page"
        assert name != "style", "a style of its own"
        check_harmless([value])


@contextmanager
def _no_faults() -> Iterator[None]:
    """Fail where a guarded hook had a fault: the traffic passes, and nobody else would notice."""
    said = _Said()
    logger = logging.getLogger("codexcache")
    logger.addHandler(said)
    try:
        yield
    finally:
        logger.removeHandler(said)
    faults = [line for line in said.lines if "has a fault" in line]
    assert not faults, faults[0]


class _Said(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
