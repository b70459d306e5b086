"""Runs the benchmark: exit status 0 if it came to its end, 1 if it did not, 130 if it was interrupted."""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from toolkit import meter
from toolkit.process import NotStarted, exit_status

from codex_bench import plot, report
from codex_bench.arms import perform
from codex_bench.figures import Figures, floor, reached, summarize
from codex_bench.plan import Request, Scenario, parse
from codex_bench.rounds import Idle

_FAULTS = (OSError, EOFError, TimeoutError, NotStarted, Idle)


def main() -> int:
    """Measure, print the table, and write the files; return the exit status."""
    request = parse()
    if not meter.is_supported():
        print("The benchmark reads another process's CPU time, which only Linux tells it.", file=sys.stderr)
        return 1
    return exit_status(_measured(request), "The benchmark", _FAULTS)


async def _measured(request: Request) -> bool:
    measured: dict[Scenario, Mapping[str, Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="codex-bench-") as home:
        for number, scenario in enumerate(request.scenarios, start=1):
            print(f"{number} of {len(request.scenarios)}: {scenario.name} ... ", end="", flush=True)
            started = time.monotonic()
            measured[scenario] = await perform(scenario, request.arms, Path(home))
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    _write(request, measured)
    return True


def _write(request: Request, measured: Mapping[Scenario, Mapping[str, Figures]]) -> None:
    summaries = {scenario: summarize(figures) for scenario, figures in measured.items()}
    floors = [floor(scenario.size) for scenario in request.scenarios if scenario.kind == "turns"]
    aims = reached(summaries)
    print("\n" + report.render(summaries, floors, aims))
    request.out.mkdir(parents=True, exist_ok=True)
    (request.out / "bench.json").write_bytes(report.to_json(summaries, measured, floors, aims))
    (request.out / "bench.svg").write_text(plot.draw(summaries, measured), encoding="utf-8")
    print(f"\nWritten: {request.out / 'bench.json'} and {request.out / 'bench.svg'}")


if __name__ == "__main__":
    sys.exit(main())
