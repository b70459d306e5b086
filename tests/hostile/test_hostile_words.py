"""Names and ids that would steer a terminal, turn text around or run as code are harmless wherever they are shown."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from codex_fuzz.inputs import HOSTILE
from codex_fuzz.oracles.shown import check_cells, check_finding, check_harmless
from codexcache.body.json_splice import Json, Object
from codexcache.console.lookup import Lookup
from codexcache.console.view import CacheView
from codexcache.hooks.notify import TURN_SUMMARIES, turn_summaries
from codexcache.hooks.state import State
from codexcache.report.aggregate import ReportData
from codexcache.report.page import render
from conftest import Network
from mitmproxy.contentviews import Metadata
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from support.client import connected
from support.diagnoses import Harness
from support.html import parsed
from support.patience import until
from support.proxy import Proxy
from support.sockets import opened, talking
from support.talks import Listed, asked, counting, counting_frames, flows
from support.turn_summaries import turn_summary
from support.wire import JSON, RESPONSES, body, everything_said, frame
from wsproto.frame_protocol import Opcode

TEXTS = [
    HOSTILE,
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x9b2J\x90\x1bP+q\x1b\\",
    "\u202e\u2066\u200f\u061c\ufeff\u2028\u2029\x85",
    '=HYPERLINK("https://evil.example")',
    "+1+cmd|'/c calc'!A1",
    "-2+3",
    "@SUM(1)",
    "</title></style></script><img src=x onerror=alert(1)>{{7*7}}",
    '" onmouseover=alert(1) x="',
    "\ud83d",
    "\x00",
    "x" * 100_000,
]

each_text = pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:24])

MEMBERS: dict[str, Any] = {
    "model": lambda text: {"model": text},
    "a tool's name": lambda text: {"tools": [{"type": "function", "name": text}]},
    "a tool's kind": lambda text: {"tools": [{"type": text}]},
    "a namespace": lambda text: {"tools": [{"type": "namespace", "name": text, "tools": [{"name": text}]}]},
    "an item's type": lambda text: {"input": [{"type": text}, *asked("one", "two")]},
    "an item's role": lambda text: {"input": [{"type": "message", "role": text, "content": text}]},
    "the service tier": lambda text: {"service_tier": text},
    "the effort": lambda text: {"reasoning": {"effort": text}},
    "the verbosity": lambda text: {"text": {"verbosity": text, "format": text}},
    "the key": lambda text: {"prompt_cache_key": text},
    "a session": lambda text: {"client_metadata": {"session_id": text}},
    "the response before": lambda text: {"previous_response_id": text},
}


@each_text
@pytest.mark.parametrize("member", MEMBERS)
def test_whatever_a_body_says_is_harmless_where_a_turn_is_told_of(member: str, text: str) -> None:
    """In line, journal, turn_summary, page, tables, comment and telemetry, as it came, as it changed and as it went."""
    harness, odd = Harness(), MEMBERS[member](text)
    none: dict[str, Any] = {}
    for members in (none, odd, none):
        diagnosis = harness.turn(**{"input": asked("one", "two"), **members})
        assert str(check_finding(diagnosis)["verdict"])


@each_text
def test_whatever_a_response_says_is_harmless_where_a_turn_is_shown(text: str) -> None:
    """Its id, its key, its error."""
    harness = Harness()
    exchange = harness.send(input=[*asked("one")])
    exchange.response_info.read_body(
        json.dumps(
            {
                "id": text,
                "prompt_cache_key": text,
                "usage": {"input_tokens": text},
                "error": {"code": text, "type": text, "message": f"Unknown parameter: {text}"},
            }
        ).encode()
    )
    exchange.response_info.status = 400

    assert check_finding(harness.end(exchange, usage={}))["verdict"] == "rejected"


COUNTS: list[Json] = [-1, 1.5, 1 << 53, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1e300, True, None, "9", [], {}]


@pytest.mark.parametrize("count", COUNTS, ids=str)
def test_counters_of_any_kind_are_shown_or_left_out(count: Json) -> None:
    """As input, as what was cached, as output; by a turn and by the one that extends it."""
    harness = Harness()
    usage: Object = {"input_tokens": count, "output_tokens": count, "input_tokens_details": {"cached_tokens": count}}
    for number in range(3):
        for given in (usage, {**usage, "input_tokens": 9_000}):
            check_finding(harness.end(harness.send(input=[*asked(*"abcd"[: number + 1])]), usage=given))


@pytest.mark.parametrize("status", COUNTS, ids=str)
def test_a_status_of_any_kind_is_shown_or_left_out(status: Json) -> None:
    """A WebSocket's error event can say anything."""
    harness = Harness()
    exchange = harness.send(input=[*asked("one")])
    exchange.response_info.read_event(json.dumps({"type": "error", "status": status}).encode())

    check_finding(harness.end(exchange, usage={}))


HEADERS = [
    JSON,
    ("user-agent", "\x1b[31magent\u202e=1+1 <script>"),
    ("session-id", "s\x1b[2J"),
    ("chatgpt-account-id", "\x1b[2J"),
    ("x-client-request-id", "=1+1"),
]
ODD = HOSTILE.replace("\x00", "")
TOOLS: Json = [{"type": "function", "name": ODD}]
TURNS: list[dict[str, Any]] = [
    {"model": ODD, "input": asked("one")},
    {"model": ODD, "input": asked("one", ODD), "tools": TOOLS},
]


async def turns_over_http(proxy: Proxy) -> None:
    """Have turns whose names are hostile."""
    async with connected(proxy) as connection:
        for members in TURNS:
            await connection.post(RESPONSES, HEADERS, body(**members))


async def turns_over_websocket(proxy: Proxy) -> None:
    """Have the same turns over a WebSocket."""
    async with opened(proxy, HEADERS) as peer:
        for members in TURNS:
            await peer.send(frame(**members))
            await peer.receive()
            await peer.receive()


@pytest.mark.parametrize("over", ["HTTP", "WebSocket"])
async def test_hostile_names_are_harmless_in_every_place_of_a_running_proxy(
    net: Network, over: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Log, comments, marks, every command, the journal and the report."""
    caplog.set_level(logging.DEBUG)
    counters = ((9_000, 0), (9_500, 0))
    await net.upstream(counting(*counters) if over == "HTTP" else talking(counting_frames(*counters)))
    proxy = await net.proxy(Listed(), codex_journal=str(tmp_path / "journal"))
    await (turns_over_http(proxy) if over == "HTTP" else turns_over_websocket(proxy))
    await until(lambda: sum(len(turn_summaries(flow)) for flow in flows(proxy)) == 2)
    for flow in flows(proxy):
        check_harmless([flow.comment, flow.marked])
    check_harmless(said_by_commands(proxy, tmp_path))
    check_harmless((tmp_path / name).read_text() for name in ("journal", "report.html"))
    check_harmless([everything_said(record for record in caplog.records if record.name.startswith("codexcache"))])
    root = parsed((tmp_path / "report.html").read_text())

    assert len(root.all("script")) == 1
    assert "was added" in root.text
    assert (tmp_path / "journal").read_text().count("\n") == 2


def said_by_commands(proxy: Proxy, folder: Path) -> Iterator[str]:
    """Yield what each command of the addon says."""
    call = proxy.master.commands.call
    first, last = flows(proxy)[0], flows(proxy)[-1]
    yield from (call("codex.why", flow) for flow in flows(proxy))
    yield call("codex.diff", first, last)
    yield call("codex.diff.turns", 1, 2)
    yield call("codex.status")
    for name in ("codex.turns", "codex.conversations"):
        cells = [cell for row in call(name) for cell in row]
        check_cells(cells)
        yield from cells
    call("codex.report", str(folder / "report.html"))
    yield call("codex.export", [first], str(folder / "export"))


def test_a_message_of_a_hostile_file_is_shown_harmless() -> None:
    """Its turn_summaries may say anything."""
    flow = tflow.twebsocketflow()
    flow.metadata[TURN_SUMMARIES] = [turn_summary(turn=HOSTILE, verdict=HOSTILE, sent_at=0.5)]
    answer = WebSocketMessage(Opcode.TEXT, False, b"{}", 1.0)
    shown = CacheView(Lookup(State())).prettify(b"", Metadata(flow=flow, websocket_message=answer))

    assert shown.startswith("with turn ")
    check_harmless([shown])


@each_text
def test_a_hostile_journal_makes_a_harmless_page(text: str) -> None:
    """Every field of it; a table of the page can be copied into a spreadsheet."""
    report_data = ReportData()
    for number, name in enumerate(sorted(turn_summary()), 1):
        entry = {**turn_summary(time="2026-11-20T08:00:00Z", run="r", turn=number), name: text}
        report_data.add_lines([json.dumps(entry).encode()])
    shown = render(report_data, text)
    root = parsed(shown)

    check_harmless([shown])
    check_cells(cell.text for cell in root.all("td"))
    assert len(root.all("script")) == 1
    assert root.all("img") == []
