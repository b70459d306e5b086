"""Takes the README's pictures: `scripts/pictures`. Needs Chromium, tmux and a font with emoji for the marks."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from codex_pictures import take
from codex_pictures.play import DAY, MORNING, play

FOLDER = Path(__file__).parents[1] / "pictures-of"


def main() -> int:
    """Take all pictures; return 1 if a program is missing."""
    if take.chromium() is None or shutil.which("tmux") is None:
        print("Chromium and tmux are needed for the pictures, and one of them is not here.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="codex-pictures-") as name:
        work_dir = Path(name)
        asyncio.run(_play(work_dir))
        for picture in (take.report, take.console, take.mitmweb):
            picture(work_dir, FOLDER)
    return 0


async def _play(work_dir: Path) -> None:
    """Play the day twice: without changes, then with the addon's."""
    journal = str(work_dir / "before.jsonl")
    await play(work_dir, MORNING - DAY, codex_journal=journal, codex_mode="observe")
    journal, capture = str(work_dir / "after.jsonl"), str(work_dir / "capture.mitm")
    await play(work_dir, MORNING, codex_journal=journal, save_stream_file=capture)


if __name__ == "__main__":
    sys.exit(main())
