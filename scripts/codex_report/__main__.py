"""Makes the page: exit status 0, 3 over the budget, or 1 with a sentence.

That is where there is no turn, or a file cannot be read or written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codexcache.report.aggregate import ReportData
from codexcache.report.load import is_capture
from codexcache.report.page import render, save
from codexcache.report.processes import add_journal
from codexcache.text import counted
from toolkit.budget import OVER_BUDGET, Spent, add_options, budget_line, cost_line
from toolkit.program import called, failed

PROGRAM = called("report")

_NO_TURN = (
    "there is no turn in {files}. A journal gets a line at the end of each turn; of a capture, only turns to {hosts} "
    "count (--hosts)."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the files, write the page and print what is in it; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        data = _gather(options.file, options.hosts)
        save(options.output, render(data, ", ".join(path.name for path in options.file)))
    except OSError as error:
        return failed("report", f"{error.filename or options.output}: {error.strerror}")
    except ValueError as error:
        return failed("report", str(error).rstrip("."))
    turns, conversations = counted(data.turns, "turn"), counted(len(data.conversations), "conversation")
    left_out = f"; {counted(data.skipped.total(), 'line')} left out" if data.skipped else ""
    print(f"{options.output}: {turns} in {conversations}{left_out}")
    return _judged(data, options)


def _judged(data: ReportData, options: argparse.Namespace) -> int:
    """Say what the turns cost, and whether they kept to the budget; return the exit status."""
    amounts = data.totals
    spent = Spent(amounts.input, amounts.cached, amounts.avoidable)
    if options.price:
        print(cost_line(spent, options.price))
    over = None if options.fail_over is None else budget_line(spent, options.fail_over)
    if over:
        print(f"{PROGRAM}: {over}", file=sys.stderr)
    return OVER_BUDGET if over else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Makes one HTML page of journals, captures and HARs.")
    parser.add_argument(
        "file", type=Path, nargs="+", help="a journal (codex_journal), a capture of mitmproxy's, or a HAR"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("report.html"), help="the page (report.html)")
    parser.add_argument("--hosts", default="chatgpt.com", help="the backend's hosts in a capture (chatgpt.com)")
    add_options(parser)
    return parser


def _gather(paths: Sequence[Path], hosts: str) -> ReportData:
    """Return the turns of all files. Raises OSError, or ValueError with a sentence where there is none."""
    data = ReportData()
    for path in paths:
        known = data.turns, data.skipped.total()
        if is_capture(path):
            from codexcache.report.captured import add_capture  # mitmproxy takes longer to load than most journals

            add_capture(data, path, hosts)
        else:
            add_journal(data, path)
        if data.turns == known[0] and data.skipped.total() > known[1]:
            raise ValueError(
                f"{path}: no line of it is an entry of a journal, and it is neither a capture of mitmproxy's nor a HAR"
            )
    if not data.turns:
        files = " or ".join(map(str, paths))
        raise ValueError(" ".join([_NO_TURN.format(files=files, hosts=hosts), *data.notes]))
    return data


if __name__ == "__main__":
    sys.exit(main())
