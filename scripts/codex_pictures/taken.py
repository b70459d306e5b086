"""Each picture: what is opened for it, and where it is cut."""

from pathlib import Path

from codex_report.__main__ import main as report

from codex_pictures import console, web
from codex_pictures.browser import Page
from codex_pictures.clock import Clock
from codex_pictures.played import Files
from codex_pictures.screens import drawing

_MISSES = ("model_changed", "tools_changed")
"""The story's first; the last of these is shown."""

_MISS = _MISSES[-1]
_WIDTH, _TALL = 1040, 2600
_AGENTS = """(() => {
    const all = [...document.querySelectorAll('details.conversation')];
    const those = all.filter(each => each.open = each.innerText.includes('my-agent'));
    const ends = [those[0].closest('section').getBoundingClientRect().top - 20];
    return [...ends, those.at(-1).querySelector('.drawing').getBoundingClientRect().bottom + 4];
})()"""
"""Opens the agent's conversations of both days and closes the others; comes to where they begin and end."""

_TITLE = "mitmproxy's console: flows marked as hits and misses, and below the page of a miss"


async def report_pictures(page: Page, home: Path, files: Files, folder: Path) -> None:
    """Pictures the report's timelines, in light and dark."""
    made = home / "report.html"
    report([str(files.before), str(files.after), "-o", str(made)])
    for name, dark in (("report", False), ("report-dark", True)):
        await page.size(_WIDTH, _TALL, dark=dark)
        await page.open(made.as_uri())
        await page.picture(folder / f"{name}.png", *await page.run(_AGENTS))


async def web_picture(page: Page, home: Path, files: Files, clock: Clock, folder: Path) -> None:
    """Pictures mitmweb at a miss."""
    async with web.served(home / "proxy", files.capture, clock) as address:
        await page.size(1500, 875)
        await page.open(address)
        await web.show_miss(page, _MISS)
        await page.picture(folder / "web.png")


async def console_picture(home: Path, files: Files, clock: Clock, folder: Path) -> None:
    """Draws the console's list at a miss, and the page of it."""
    command = web.command("mitmproxy", home / "proxy", files.capture)
    async with console.shown([*command, "--set", "console_palette=dark", *_VIEW], home, clock) as terminal:
        await terminal.until(lambda text: f"/{_turns(files)}]" in text and "⚠" in text)
        for miss in _MISSES:
            await terminal.do("codex.nextmiss")
            await terminal.until(lambda text, miss=miss: miss in text)  # type: ignore[misc]
        listed = await terminal.screen()
        await terminal.resize(_PAGE_ROWS)
        await terminal.do("console.view.flow @focus")
        await terminal.scroll(f"miss: {_MISS}", _HEAD_ROWS)
        screens = [listed, await terminal.screen()]
    (folder / "console.svg").write_text(drawing(screens, console.COLUMNS, _TITLE))


_PAGE_ROWS, _HEAD_ROWS = 43, 5
_VIEW = ("--set", "console_default_contentview=codex cache")


def _turns(files: Files) -> int:
    return len(files.after.read_text().splitlines())
