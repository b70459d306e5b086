"""Journals, the pages made of them, and captures: any file is read, or said to be none, and shown harmless."""

import asyncio
import io
import tempfile
from contextlib import AbstractContextManager
from dataclasses import fields as members
from pathlib import Path
from unittest import TestCase

from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks import errors
from codexcache.hooks.capture_replay import CaptureReplay
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.hooks.state import State
from codexcache.report import page
from codexcache.report.captured import add_capture
from codexcache.report.load import ReportData, Row
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from support.html import Element, parsed
from support.saved import START, saved_request, saved_socket
from wsproto.frame_protocol import Opcode

from codex_fuzz.data_provider import DataProvider, fields_of
from codex_fuzz.mutations import SECTIONS
from codex_fuzz.oracles.bodies import read_object
from codex_fuzz.oracles.shown import check_finding, check_harmless
from codex_fuzz.oracles.streams import CODINGS

_BLANK = b"\xef\xbb\xbf \t\r\n"
_LONGEST = 400
_LARGEST = 1 << 53
_TIMES = (0.0, 1.0, -1.0, 1e300, float("inf"), float("nan"), -1e300, 1e9)
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href"}


def check_journal(data: bytes) -> None:
    """Each line is a row or counted as none; a row has only what can be shown and drawn."""
    report_data = _report_data(data)
    lines = [line for line in data.split(b"\n") if line.strip(_BLANK)]
    assert len(report_data.rows) + report_data.skipped.total() == len(lines), "a line is neither a row nor counted"
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
    """A file is read as far as it is a capture, without a fault of the addon."""
    report_data = ReportData()
    with tempfile.TemporaryDirectory() as folder, _no_faults():
        path = Path(folder) / "capture.mitm"
        path.write_bytes(data)
        add_capture(report_data, path, "chatgpt.com")
    _check_rows(report_data.rows)


def check_saved(data: bytes) -> None:
    """Two saved turns of any content, over HTTP or one WebSocket, are explained without a fault and shown harmless."""
    given = DataProvider(data)
    over_socket, coding, at, end = given.number(2), given.pick(CODINGS), given.pick(_TIMES), given.pick(_TIMES)
    head, *texts, turn_summary = (given.rest.split(SECTIONS) + [b""] * 6)[:6]
    flows = [_socket(texts, at, end)] if over_socket else _requests(texts, coding, at, end)
    for flow in flows:
        kept = [field for field in flow.request.headers.fields if field[0] in (b"host", b"content-encoding")]
        flow.request.headers.fields = (*kept, *fields_of(head))
    known = read_object(turn_summary)
    flows[0].metadata[TURN_SUMMARIES] = [] if known is None else [known]
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


def _requests(texts: list[bytes], coding: str, at: float, end: float) -> list[http.HTTPFlow]:
    """Return two saved turns; the first is in a coding, the second sent and ended at odd times."""
    first, first_answer, second, second_answer = texts
    flows = [
        saved_request(content=first, answer=first_answer, coding=coding),
        saved_request(content=second, answer=second_answer, at=at),
    ]
    for flow, answer in zip(flows, (first_answer, second_answer), strict=True):
        assert flow.response
        if answer[:1] == b"{":
            flow.response.status_code = 400
            flow.response.headers["content-type"] = "application/json"
    assert flows[1].response
    flows[1].response.timestamp_end = START + end
    return flows


def _socket(texts: list[bytes], at: float, end: float) -> http.HTTPFlow:
    """Return a saved WebSocket with both turns, a message a line."""
    times = (0.0, 1.0, at, end)
    return saved_socket(
        *(
            WebSocketMessage(Opcode.TEXT, number % 2 == 0, line, START + times[number])
            for number, text in enumerate(texts)
            for line in text.split(b"\n")
        )
    )


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


def _no_faults() -> AbstractContextManager[None]:
    """Fail where a guarded hook has a fault: it would only be logged, and the traffic pass."""
    return TestCase().assertNoLogs(errors.logger)
