"""Takes the pictures: exit status 0, or 1 with a sentence where a program is missing or a picture fails."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from codex_demo import proxies

from codex_pictures import browser, console, taken
from codex_pictures.clock import Clock
from codex_pictures.played import play

FOLDER = Path(__file__).parents[1] / "pictures-of"
_LONGEST = 120  # seconds
_FAULTS = (OSError, proxies.NotStarted, browser.Failed)


def main() -> int:
    """Takes all pictures and says where they are."""
    chromium = browser.program()
    if chromium is None or console.program() is None:
        return _fail("Chromium and tmux are needed for the pictures, and one of them is not here.")
    if not _has_emoji():
        return _fail("A font with emoji is needed for the marks, such as Debian's fonts-noto-color-emoji.")
    try:
        asyncio.run(_take(chromium))
    except _FAULTS as error:
        return _fail(f"The pictures came to no end: {str(error) or type(error).__name__}")
    for picture in sorted(FOLDER.iterdir()):
        print(f"{picture.relative_to(FOLDER.parents[1])}: {picture.stat().st_size / 1000:.0f} kB")
    return 0


async def _take(chromium: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="codex-pictures-") as folder:
        home = Path(folder)
        async with asyncio.timeout(_LONGEST):
            await _take_in(home, chromium)


async def _take_in(home: Path, chromium: str) -> None:
    clock = Clock(home / "clock")
    files = await play(home, clock)
    await taken.console_picture(home, files, clock, FOLDER)
    async with browser.browsing(chromium, home / "profile") as page:
        await taken.report_pictures(page, home, files, FOLDER)
        await taken.web_picture(page, home, files, clock, FOLDER)


def _has_emoji() -> bool:
    """Tells whether a font has the mark of a hit; where nothing can tell, the pictures are to be looked at."""
    if shutil.which("fc-list") is None:
        return True
    return bool(subprocess.run(["fc-list", ":charset=2705"], capture_output=True, check=False).stdout)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
