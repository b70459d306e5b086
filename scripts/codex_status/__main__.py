"""Prints the line, or JSON: exit status 0, or 1 with a sentence where neither store nor journal can be read."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from codexcache.state.store import StoreError
from codexcache.state.today import DayTotals
from toolkit.program import called, failed

from codex_status.sources import of_journal, of_store

PROGRAM = called("status")

_DEFAULT = "on"
"""The proxies' `codex_state` where none is named."""

_BECAUSE = 60
"""Characters of a reason; the whole of it is in the JSON."""


def main(argv: Sequence[str] | None = None) -> int:
    """Read what there is of today and print it; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        totals = _totals(options)
    except OSError as error:
        return failed("status", _why(error, options))
    except StoreError as error:
        return failed("status", f"the state store cannot be read: {error}")
    print(json.dumps(as_json(totals)) if options.json else as_line(totals))
    return 0


def as_line(totals: DayTotals) -> str:
    """Return a line of plain text."""
    if not totals.turns:
        return "codex cache: no turn today"
    share = f"{totals.cached / totals.input:.0%} cached" if totals.input else "no usage reported"
    turns = f"{totals.turns:,} turn{'s' * (totals.turns != 1)} today"
    return f"codex cache: {share}, {turns}, {_last_miss(totals)}"


def as_json(totals: DayTotals) -> dict[str, object]:
    """Return the same and more as plain values."""
    at, verdict, because = totals.miss
    last = {"time": _clock(at, "%Y-%m-%dT%H:%M:%S%z"), "verdict": verdict, "because": because} if verdict else None
    return {
        "turns": totals.turns,
        "input_tokens": totals.input,
        "cached_tokens": totals.cached,
        "cached_share": totals.cached / totals.input if totals.input else None,
        "resent_tokens": totals.resent,
        "avoidable_tokens": totals.avoidable,
        "last_miss": last,
    }


def _last_miss(totals: DayTotals) -> str:
    at, verdict, because = totals.miss
    if not verdict:
        return "no miss"
    reason = because if len(because) <= _BECAUSE else because[: _BECAUSE - 4].rstrip() + " ..."
    return f"last miss {_clock(at, '%H:%M')} {verdict}: {reason}"


def _clock(at: float, form: str) -> str:
    return time.strftime(form, time.localtime(at))


def _totals(options: argparse.Namespace) -> DayTotals:
    now = time.time()
    if options.journal:
        return of_journal(options.journal, now)
    return of_store(options.state, Path(options.confdir).expanduser(), now)


def _why(error: OSError, options: argparse.Namespace) -> str:
    """Return what could not be read; where nothing was named, a file that is missing means that no proxy has run."""
    if isinstance(error, FileNotFoundError) and not options.journal and options.state == _DEFAULT:
        start = f"Start one with {called('run')} -- codex, or name a journal"
        return f"no proxy with the addon has run yet, there is no {error.filename}. {start}"
    return f"{error.filename or 'the file'}: {error.strerror}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Says in one line what today's turns read from the prompt cache, and what the last miss was: for "
        "a prompt, tmux or a status bar. It asks the state store that proxies on this machine write, or a journal.",
    )
    parser.add_argument("journal", nargs="?", type=Path, help="a journal (codex_journal) to read in its place")
    parser.add_argument("--json", action="store_true", help="print an object with all figures")
    parser.add_argument("--state", default=_DEFAULT, help="the proxies' codex_state: on, a path, or redis://HOST (on)")
    parser.add_argument("--confdir", default="~/.mitmproxy", help="mitmproxy's folder (~/.mitmproxy)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
