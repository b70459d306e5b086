"""Runs the benchmark: exit status 0 if it came to its end, 1 if it did not, 130 if it was interrupted."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from codex_demo.proxies import NotStarted

from codex_bench import meter, plot, results, rounds, table
from codex_bench.arguments import Request, parse
from codex_bench.figures import Figures, summarize
from codex_bench.floor import floor
from codex_bench.plan import Scenario
from codex_bench.stage import perform
from codex_bench.targets import reached

_FAULTS = (OSError, EOFError, TimeoutError, NotStarted, rounds.Idle)


def main() -> int:
    """Measures, prints the table, and writes the files."""
    request = parse()
    if not meter.is_supported():
        print("The benchmark reads another process's CPU time, which only Linux tells it.", file=sys.stderr)
        return 1
    try:
        _report(request, asyncio.run(_measure(request)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except _FAULTS as error:
        print(f"\nThe benchmark came to no end: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


async def _measure(request: Request) -> dict[Scenario, Mapping[str, Figures]]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    measured: dict[Scenario, Mapping[str, Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="codex-bench-") as home:
        for number, scenario in enumerate(request.scenarios, start=1):
            print(f"{number} of {len(request.scenarios)}: {scenario.name} ... ", end="", flush=True)
            started = time.monotonic()
            measured[scenario] = await perform(scenario, request.arms, Path(home))
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    return measured


def _report(request: Request, measured: Mapping[Scenario, Mapping[str, Figures]]) -> None:
    summaries = {scenario: summarize(figures) for scenario, figures in measured.items()}
    floors = [floor(scenario.size) for scenario in request.scenarios if scenario.kind == "turns"]
    aims = reached(summaries)
    print("\n" + table.render(summaries, floors, aims))
    request.out.mkdir(parents=True, exist_ok=True)
    (request.out / "bench.json").write_bytes(results.to_json(summaries, measured, floors, aims))
    (request.out / "bench.svg").write_text(plot.draw(summaries, measured), encoding="utf-8")
    print(f"\nWritten: {request.out / 'bench.json'} and {request.out / 'bench.svg'}")


if __name__ == "__main__":
    sys.exit(main())
