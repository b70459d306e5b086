"""Journals, the pages made of them, and captures: any file is read, or said to be none, and shown harmless."""

import asyncio
import io
import tempfile
from pathlib import Path
from unittest import TestCase

from codexcache.hooks import errors
from codexcache.report import page
from codexcache.report.aggregate import ReportData
from codexcache.report.captured import add_capture
from codexcache.report.conversations import put_together
from corpus.player import replayed
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from support.html import parsed
from support.saved import START, carrying, saved_request, saved_socket
from wsproto.frame_protocol import Opcode

from codex_fuzz.inputs import CODINGS, SECTIONS, head_and_body, pick, split
from codex_fuzz.oracles.bodies import read_object
from codex_fuzz.oracles.shown import check_finding, check_harmless

_BLANK = b"\xef\xbb\xbf \t\r\n"
_LONGEST, _LARGEST = 400, 1 << 53
_TIMES = (0.0, 1.0, -1.0, 1e300, float("inf"), float("nan"), -1e300, 1e9)
_OWN = {"script": 1, "style": 1, **dict.fromkeys(("iframe", "object", "embed", "link", "img", "form"), 0)}
_LEADING_OUT = {"href", "src", "action", "formaction", "xlink:href", "style"}


def check_journal(data: bytes) -> None:
    """Each line is a row or counted as none; a row has only what can be shown and drawn."""
    report_data = read_journal(data)
    lines = [line for line in data.split(b"\n") if line.strip(_BLANK)]
    known = report_data.turns + report_data.warm_ups + report_data.skipped.total()
    assert known == len(lines), "a line is neither a turn nor counted"
    _check_turns(report_data)


def check_page(data: bytes) -> None:
    """The page of any journal is whole, runs nothing but its own script, and loads nothing."""
    text = page.render(read_journal(data), data[:300].decode(errors="replace"))
    check_harmless([text])
    root = parsed(text)
    assert {tag: len(root.all(tag)) for tag in _OWN} == _OWN, "elements that are not the page's own"
    for name, value in [attribute for element in root.all() for attribute in element.attributes.items()]:
        assert not name.startswith("on"), f"{name} runs a script"
        assert name not in _LEADING_OUT, f"{name} leads out of the page, or is a style of its own"
        check_harmless([value])


def check_capture(data: bytes) -> None:
    """A file is read as far as it is a capture, without a fault of the addon."""
    report_data = ReportData()
    # A fault of a hook is only logged.
    with tempfile.TemporaryDirectory() as folder, TestCase().assertNoLogs(errors.logger):
        path = Path(folder) / "capture.mitm"
        path.write_bytes(data)
        add_capture(report_data, path, "chatgpt.com")
    _check_turns(report_data)


def check_saved(data: bytes) -> None:
    """Two saved turns of any content, over HTTP or one WebSocket, are explained without a fault and shown harmless."""
    (over_socket, number, *times), rest = split(data, 4)
    at, end = (pick(_TIMES, time) for time in times)
    head, *texts, turn_summary = (rest.split(SECTIONS) + [b""] * 6)[:6]
    flows = [_socket(texts, at, end)] if over_socket % 2 else _requests(texts, pick(CODINGS, number), at, end)
    for flow in flows:
        kept = [field for field in flow.request.headers.fields if field[0] in (b"host", b"content-encoding")]
        flow.request.headers.fields = (*kept, *head_and_body(head)[0])
    if (known := read_object(turn_summary)) is not None:
        carrying(flows[0], [known])
    for diagnosis in asyncio.run(replayed(flows)):
        check_finding(diagnosis)


def _requests(texts: list[bytes], coding: str, at: float, end: float) -> list[http.HTTPFlow]:
    """Return two saved turns; the first is in a coding, the second sent and ended at odd times."""
    flows = [
        saved_request(content=texts[0], answer=texts[1], coding=coding),
        saved_request(content=texts[2], answer=texts[3], at=at),
    ]
    responses = [flow.response for flow in flows if flow.response]
    for response, answer in zip(responses, texts[1::2], strict=True):
        if answer[:1] == b"{":
            response.status_code = 400
            response.headers["content-type"] = "application/json"
    responses[1].timestamp_end = START + end
    return flows


def _socket(texts: list[bytes], at: float, end: float) -> http.HTTPFlow:
    """Return a saved WebSocket with both turns, a message a line."""
    return saved_socket(
        *(
            WebSocketMessage(Opcode.TEXT, number % 2 == 0, line, START + time)
            for number, (text, time) in enumerate(zip(texts, (0.0, 1.0, at, end), strict=True))
            for line in text.split(b"\n")
        )
    )


def read_journal(data: bytes) -> ReportData:
    """Return a journal as the report reads it."""
    report_data = ReportData()
    report_data.add_lines(io.BytesIO(data))
    return report_data


def _check_turns(report_data: ReportData) -> None:
    turns = [turn for each in put_together(report_data, 10**6, 10**6) for turn in each.turns]
    assert len(turns) == report_data.turns, "a turn is counted, but not drawn"
    for row, details, _ in turns:
        values = [*row, *details, *details.changes]
        texts = [value for value in values if isinstance(value, str)]
        check_harmless(texts)
        assert all(len(text) <= _LONGEST and "\n" not in text for text in texts), "too long to be shown"
        numbers = [value for value in values if isinstance(value, int | float)]
        assert all(0 <= number <= max(_LARGEST, row.time) for number in numbers), f"no place for one of {numbers}"
