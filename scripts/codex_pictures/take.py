"""Takes the pictures: pages with Chromium's `--screenshot`, the console from tmux as an SVG that rich draws."""

import contextlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path

from mitmproxy import io
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from codex_pictures.play import ADDON

MISS = "tools_changed"
"""The verdict that console and mitmweb show; the second miss of the day."""

_TIMEOUT = 30.0  # seconds
_COLUMNS, _LIST_ROWS, _PAGE_ROWS = 116, 26, 43
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
_ONLY_CONVERSATIONS = """<style>
header, section:not([aria-labelledby=conversations]) {display: none}
main {margin-top: -4rem}
</style>"""
_CLOSED = re.compile(r'(<details class="conversation") open>(?!(.(?!<details))*my-agent)', re.DOTALL)
_POLICY = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
_INK, _PAPER = (213, 217, 222), (21, 25, 31)
_NORMAL = [
    (43, 49, 58),
    (229, 112, 122),
    (143, 191, 106),
    (216, 179, 92),
    (59, 125, 196),
    (201, 134, 216),
    (88, 188, 196),
]
_BRIGHT = [(139, 148, 158), (255, 143, 152), (168, 220, 132), (240, 204, 120), (134, 194, 255), (221, 163, 234)]
_THEME = TerminalTheme(_PAPER, _INK, [*_NORMAL, _INK], [*_BRIGHT, (121, 214, 222), (255, 255, 255)])
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {terminal_height}" role="img">
<title>mitmproxy's console: flows marked as hits and misses, and below the page of a miss</title>
<style>text {{font: {char_height}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre}}
{styles}</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#15191f"/>
<g transform="translate(10, 10)">{backgrounds}{matrix}</g>
</svg>
"""


def chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def screenshot(url: str, file: Path, width: int, height: int, *, dark: bool = False) -> None:
    """Write a picture of a page in light or dark. Raises CalledProcessError."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    command = [chromium() or "chromium", *_FLAGS, scheme, f"--window-size={width},{height}"]
    command += ["--virtual-time-budget=5000", f"--screenshot={file}", url]
    subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT)


def report(work_dir: Path, folder: Path) -> None:
    """Take the report's timelines of one client, in light and dark."""
    page = work_dir / "report.html"
    journals = (work_dir / "before.jsonl", work_dir / "after.jsonl")
    subprocess.run([Path(__file__).parents[1] / "report", *journals, "-o", page], check=True, capture_output=True)
    html = _CLOSED.sub(r"\1>", _POLICY.sub(_ONLY_CONVERSATIONS, page.read_text()))
    page.write_text(html)
    screenshot(page.as_uri(), folder / "report.png", 1040, 1085)
    screenshot(page.as_uri(), folder / "report-dark.png", 1040, 1085, dark=True)


def mitmweb(work_dir: Path, folder: Path) -> None:
    """Take mitmweb at the miss."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [f"web_port={port}", "web_password=pictures", "web_open_browser=false"]
    words = _command("mitmweb", work_dir, *settings, "web_columns=index", "web_columns=comment")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            _until(lambda: _listens(port))
            url = f"http://127.0.0.1:{port}/?token=pictures#/flows/{_flow_at_miss(work_dir)}/request"
            screenshot(url, folder / "web.png", 1500, 1170)
        finally:
            process.terminate()


def console(work_dir: Path, folder: Path) -> None:
    """Draw the console's list at the miss, and the page of it."""
    command = _command("mitmproxy", work_dir, "console_palette=dark", "console_default_contentview=codex cache")
    with _terminal(work_dir / "tmux", command) as tmux:
        _until(lambda: "/45]" in tmux("capture-pane", "-p"))
        for verdict in ("model_changed", MISS):
            _type(tmux, "codex.nextmiss")
            _until(lambda verdict=verdict: f"miss: {verdict}" in tmux("capture-pane", "-p"))  # type: ignore[misc]
        listed = tmux("capture-pane", "-e", "-p")
        tmux("resize-window", "-y", str(_PAGE_ROWS))
        _type(tmux, "console.view.flow @focus")
        _until(lambda: _scrolled(tmux))
        screens = [listed, tmux("capture-pane", "-e", "-p")]
    (folder / "console.svg").write_text(drawing(screens))


def drawing(screens: Sequence[str]) -> str:
    """Return an SVG of what terminals showed, one below the other."""
    drawn = Console(record=True, width=_COLUMNS, file=StringIO())
    for screen in screens:
        drawn.print(Text.from_ansi(screen))
    return drawn.export_svg(theme=_THEME, code_format=_SVG, unique_id="console")


def _command(program: str, work_dir: Path, *settings: str) -> list[str]:
    """Return what starts one of mitmproxy's programs with the recorded flows, without a proxy."""
    words = [str(Path(sys.executable).with_name(program)), "-nr", str(work_dir / "capture.mitm")]
    words += ["-s", str(Path(__file__).with_name("viewer.py")), "-s", str(ADDON)]
    return [*words, *(word for each in (f"confdir={work_dir / 'proxy'}", *settings) for word in ("--set", each))]


def _flow_at_miss(work_dir: Path) -> str:
    """Return the id of the flow with the miss."""
    number = next(n for n, line in enumerate((work_dir / "after.jsonl").open()) if MISS in line)
    with (work_dir / "capture.mitm").open("rb") as file:
        return next(itertools.islice(io.FlowReader(file).stream(), number, None)).id


@contextlib.contextmanager
def _terminal(socket_file: Path, command: Sequence[str]) -> Iterator[Callable[..., str]]:
    """Run a program in a terminal; yield what calls tmux."""
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

    def tmux(*words: str) -> str:
        call = ["tmux", "-S", str(socket_file), "-f", "/dev/null", *words]
        return subprocess.run(call, env=environment, check=True, capture_output=True, text=True).stdout

    tmux("new-session", "-d", "-x", str(_COLUMNS), "-y", str(_LIST_ROWS), *command)
    try:
        yield tmux
    finally:
        tmux("kill-server")


def _type(tmux: Callable[..., str], command: str) -> None:
    """Give mitmproxy a command."""
    tmux("send-keys", ":")
    _until(lambda: re.search("^: *$", tmux("capture-pane", "-p"), re.MULTILINE) is not None)
    tmux("send-keys", "-l", command)
    tmux("send-keys", "Enter")


def _scrolled(tmux: Callable[..., str]) -> bool:
    """Scroll down a line, unless the page of the miss is at the top."""
    if f"miss: {MISS}" in tmux("capture-pane", "-p", "-E", "5"):
        return True
    tmux("send-keys", "j")
    return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; raise TimeoutError if it takes too long."""
    end = time.monotonic() + _TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("mitmproxy did not show what was expected.")
        time.sleep(0.2)
