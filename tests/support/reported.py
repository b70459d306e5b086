"""What a report is made from: entries of a journal, put together, and captures with two turns."""

import json
from pathlib import Path

from codexcache.body.json_splice import Json, Object
from codexcache.report.aggregate import ReportData
from codexcache.report.conversations import Conversation, put_together
from codexcache.report.load import Row
from mitmproxy import http
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.io import FlowWriter

from support.journals import entry, lines
from support.saved import saved_request


def reported(*entries: Object) -> ReportData:
    """Return what the turns of a journal come to."""
    report_data = ReportData()
    report_data.add_lines(lines(entries).splitlines())
    return report_data


def conversations(*entries: Object) -> list[Conversation]:
    """Return the conversations of a journal, each with all its turns."""
    report_data = reported(*entries)
    assert not report_data.skipped
    return put_together(report_data, len(entries), len(entries))


def rows_of(report_data: ReportData) -> list[Row]:
    """Return the rows of all turns, in the order of time."""
    drawn = put_together(report_data, len(report_data.conversations), report_data.turns)
    return sorted(turn.row for conversation in drawn for turn in conversation.turns)


def miss(turn: int = 2, /, **fields: object) -> Object:
    """Return a turn that read nothing of what turn 1 held."""
    return entry(turn, **{"at": 60, "given": 12_000, "predecessor": 1, "verdict": "tools_changed", **fields})  # type: ignore[arg-type]


def warm(turns: int, /, *, mode: str = "fill", share: float = 0.9, start: int = 1, **fields: object) -> list[Object]:
    """Return turns of three conversations that go on."""
    return [
        entry(
            number,
            **{  # type: ignore[arg-type]
                "given": 1_000,
                "cached": round(1_000 * share),
                "predecessor": 1,
                "verdict": "hit",
                "mode": mode,
                "conversation": f"{mode} {number % 3}",
                **fields,
            },
        )
        for number in range(start, start + turns)
    ]


def saved(texts: tuple[str, ...], given: int, cached: int, at: float, host: str = "chatgpt.com") -> http.HTTPFlow:
    """Return a saved turn of a conversation with these messages, whose tool is called as the last of them."""
    tools: list[Json] = [{"type": "function", "name": texts[-1]}]
    return saved_request(*texts, at=at, given=given, cached=cached, host=host, tools=tools)


def capture(folder: Path, *flows: http.HTTPFlow, name: str = "capture.mitm") -> Path:
    """Return a file with these flows."""
    path = folder / name
    with path.open("wb") as file:
        for flow in flows:
            FlowWriter(file).add(flow)
    return path


def har(folder: Path, *flows: http.HTTPFlow) -> Path:
    """Return a HAR with these flows, as mitmproxy writes it."""
    path = folder / "day.har"
    path.write_text(json.dumps(SaveHar().make_har(list(flows)), indent=4))
    return path


FIRST, SECOND = saved(("one",), 9_000, 0, 0), saved(("one", "two"), 9_500, 0, 40)
