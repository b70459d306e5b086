"""Runs the soak: exit status 0 if every promise was kept, 1 if not, 130 on an interrupt."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from codex_bench import meter
from codex_demo.proxies import NotStarted

from codex_soak import course, plot, results, table
from codex_soak.arguments import Request, parse
from codex_soak.crowd import Ended
from codex_soak.plan import Plan
from codex_soak.tally import Tally
from codex_soak.verdict import Promise, Soaked, judge
from codex_soak.watch import Blind, Sample

_FAULTS = (OSError, EOFError, TimeoutError, NotStarted, Ended, Blind)


def main() -> int:
    """Plays, prints the table, and writes the files."""
    request = parse()
    if not meter.is_supported():
        print("The soak reads a process's memory and descriptors from /proc, which only Linux has.", file=sys.stderr)
        return 1
    try:
        soaked, tally = asyncio.run(_soak(request.plan))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except _FAULTS as error:
        print(f"\nThe soak came to no end: {error or type(error).__name__}", file=sys.stderr)
        return 1
    promises = judge(soaked)
    _report(request, soaked, tally, promises)
    return 0 if all(promise.kept for promise in promises) else 1


async def _soak(plan: Plan) -> tuple[Soaked, Tally]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="codex-soak-") as home:
        return await course.run(plan, Path(home), _say)


def _say(sample: Sample) -> None:
    print(table.progress(sample), flush=True)


def _report(request: Request, soaked: Soaked, tally: Tally, promises: list[Promise]) -> None:
    print("\n" + table.render(request.plan, tally, promises))
    request.out.mkdir(parents=True, exist_ok=True)
    (request.out / "soak.json").write_bytes(results.to_json(request.plan, tally, soaked, promises))
    (request.out / "soak.svg").write_text(plot.draw(soaked), encoding="utf-8")
    print(f"\nWritten: {request.out / 'soak.json'} and {request.out / 'soak.svg'}")


if __name__ == "__main__":
    sys.exit(main())
