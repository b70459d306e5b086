"""Explains Codex's own logs: exit status 0, or 1 with a sentence where there is no turn or a file is not to be had."""

import argparse
import datetime
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from codexcache.report.aggregate import ReportData
from codexcache.report.page import render, save
from codexcache.report.processes import add_journal
from toolkit.program import called, failed

from codex_explain.progress import Progress
from codex_explain.replay import Replay
from codex_explain.rollouts import Library, Rollout, default_places, find
from codex_explain.summary import lead, summary

PROGRAM = called("explain")

_SOURCE = "Codex's own logs"
_SPANS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_DESCRIPTION = (
    "Explains from the logs that Codex keeps of its sessions what was read from the prompt cache, what was re-sent, "
    "and why. No proxy is needed, nothing leaves the machine, and no text of a prompt is shown."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the logs, print the summary, and write the page if one is asked for; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        return _explain(options)
    except OSError as error:
        return failed("explain", f"{error.filename or options.output}: {error.strerror}")
    except ValueError as error:
        return failed("explain", str(error))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=_DESCRIPTION)
    parser.add_argument(
        "path", type=Path, nargs="*", help="files or folders of rollouts (sessions and archived_sessions of CODEX_HOME)"
    )
    parser.add_argument("--since", type=since, default=0.0, metavar="SPAN", help="30d, 12h, 2w or a day as 2026-11-30")
    parser.add_argument("-o", "--output", type=Path, metavar="PAGE", help="write the report, one HTML page, as well")
    return parser


def _explain(options: argparse.Namespace) -> int:
    places = options.path or default_places(os.environ)
    known = find(places)
    rollouts = [each for each in known if each.changed >= options.since]
    with tempfile.TemporaryDirectory(prefix="codex-explain-") as folder:
        journal = Path(folder) / "turns.jsonl"
        replay = _replay(known, rollouts, options.since, journal)
        data = ReportData()
        add_journal(data, journal)
        if not data.turns:
            raise ValueError(_no_turn(places, known, options.since))
        print("\n".join(summary(data, replay)))
        if options.output:
            data.notes.append(lead(data))
            save(options.output, render(data, ", ".join(path.name for path in options.path) or _SOURCE))
            print(f"\n{options.output}: the report")
    return 0


def _replay(known: Sequence[Rollout], rollouts: Sequence[Rollout], since: float, journal: Path) -> Replay:
    with journal.open("wb") as file, Progress(sum(each.size for each in rollouts), sys.stderr) as progress:
        replay = Replay(Library(known), since, file.write)
        replay.run(rollouts, progress.add)
    return replay


def _no_turn(places: Sequence[Path], known: Sequence[Rollout], since: float) -> str:
    where = " or ".join(map(str, places))
    if known and since:
        return f"there is no turn in {where} since then (--since)"
    return f"there is no turn in {where}; Codex keeps its logs below CODEX_HOME, in sessions"


def since(value: str) -> float:
    """Return the time that a span or a day names, in seconds since the epoch. Raises ArgumentTypeError."""
    if span := re.fullmatch(r"(\d{1,6})([mhdw])", value):
        return time.time() - int(span[1]) * _SPANS[span[2]]
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is neither a span such as 30d nor a day") from None


if __name__ == "__main__":
    sys.exit(main())
