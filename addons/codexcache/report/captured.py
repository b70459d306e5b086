"""The rows of a saved capture, by the engine that explains live traffic; no proxy is started.

A capture is a file of mitmproxy's own, or a HAR, which browsers and other proxies write as well; mitmproxy reads both,
though of a HAR not the messages of WebSockets. Each flow goes through the same hooks as when mitmproxy loads it, and
is then played in the order of time.
"""

import asyncio
from pathlib import Path

from mitmproxy import eventsequence, io

from ..hooks.capture_replay import CaptureReplay
from ..hooks.dispatch import HookDispatcher
from ..hooks.state import State
from ..options import default_settings
from ..output.journal import Entries, Pseudonyms, line_of
from ..text import printable
from .aggregate import ReportData


def add_capture(report_data: ReportData, path: Path, hosts: str) -> None:
    """Add the turns of a capture that go to these hosts, a comma list. Raises OSError, and ValueError for the hosts."""
    state = State()
    state.settings = default_settings(codex_hosts=hosts)
    entries = Entries(Pseudonyms(b"a capture"), str(path.resolve()))  # the same page for the same capture
    lines = list[bytes]()
    state.diagnosis_service.listeners.append(lambda diagnosis: lines.append(line_of(entries.entry(diagnosis))))
    if sentence := asyncio.run(_play(path, state)):
        report_data.notes.append(sentence)
    report_data.add_lines(lines)


async def _play(path: Path, state: State) -> str:
    """Run a capture's flows through the hooks, and return what is wrong with the file, or nothing."""
    captures = CaptureReplay(state)
    hooks = HookDispatcher("capture", [captures], state.errors)
    with path.open("rb") as file:
        try:
            for flow in io.FlowReader(file).stream():
                for event in eventsequence.iterate(flow):
                    if hook := getattr(hooks, event.name, None):
                        hook(flow)
        except Exception:  # the hooks raise nothing, and mitmproxy's reader raises anything for a damaged flow
            return f"The capture {printable(path.name, 200)} cannot be read to its end; what came before counts."
        finally:
            captures.play()
    return ""
