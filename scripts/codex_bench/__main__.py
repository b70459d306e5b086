"""Runs the benchmark: exit status 0 if it came to its end, 1 if it did not, 130 if it was interrupted."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from toolkit import meter
from toolkit.process import NotStarted, exit_status

from codex_bench import report
from codex_bench.arms import Idle, perform
from codex_bench.figures import reached, summarize
from codex_bench.plan import parse


def main() -> int:
    """Measure, print the table, and write the file; return the exit status."""
    request = parse()
    if not meter.is_supported():
        print("The benchmark reads another process's CPU time, which only Linux tells it.", file=sys.stderr)
        return 1
    return exit_status(_measured(request), "The benchmark", (OSError, EOFError, TimeoutError, NotStarted, Idle))


async def _measured(request: argparse.Namespace) -> bool:
    measured = {}
    with tempfile.TemporaryDirectory(prefix="codex-bench-") as home:
        for number, scenario in enumerate(request.scenarios, start=1):
            print(f"{number} of {len(request.scenarios)}: {scenario.name} ... ", end="", flush=True)
            started = time.monotonic()
            measured[scenario] = await perform(scenario, request.arms, Path(home))
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    summaries = {scenario: summarize(figures) for scenario, figures in measured.items()}
    aims, file = reached(summaries), request.out / "bench.json"
    print("\n" + report.render(summaries, aims))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(report.to_json(summaries, measured, aims))
    print(f"\nWritten: {file}")
    return True


if __name__ == "__main__":
    sys.exit(main())
