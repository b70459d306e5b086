"""Runs the benchmark, prints its tables, and writes the results file.

The exit status is 0 if it came to its end, 1 if it did not, 130 if it was interrupted.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from toolkit import meter, output
from toolkit.output import table
from toolkit.process import NotStarted, exit_status

from codex_bench.arms import Idle, perform
from codex_bench.figures import Aim, Measured, Results, Spread, Summary, reached, summarize
from codex_bench.plan import BARE, Scenario, parse

FORMAT = 2

NOTE = """\
A ratio is the median over the rounds, in brackets what half of the rounds lie between. Each round compares the arms
within a few seconds, so a busy machine hits all alike; differences below that spread are noise. CPU is user and system
time of the proxy's process. Events come one at a time, or in one piece where it says so. Waits are those of the whole
way, and what an addon adds to them is the difference to bare. The figures are of one machine, one connection and a
server that answers at once: ratios may be compared with those of other machines, milliseconds may not, and none of them
says how long a model takes."""

_TITLES = (
    ("", "", "CPU ms", "ratio to bare", "CPU ms", "ratio to bare", "first byte", "an event", "peak"),
    ("body", "arm", "warm turn", "warm turn", "cold turn", "cold turn", "after ms", "after us", "MB"),
)


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
    print("\n" + render(summaries, aims))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(to_json(summaries, measured, aims))
    print(f"\nWritten: {file}")
    return True


def render(found: Results, aims: Sequence[Aim]) -> str:
    """Return all tables, and what they are not."""
    rows = [row for one, arms in found.items() if one.kind != "frames" for row in _rows(one, arms)]
    turns = table([*_TITLES, *rows], left=2) if rows else []
    met = [(one.name, f"at most {one.limit:.2f}", str(one.ratio), "met" if one.met else "MISSED") for one in aims]
    aimed = _section("Aims, a warm turn's CPU with everything on:", met)
    parts = [turns, *_frames(found), aimed, [NOTE]]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def to_json(found: Results, measured: Measured, aims: Sequence[Aim]) -> bytes:
    """Return the results file's text. Times are in seconds, sizes in bytes, `rounds` has each round's own figures."""
    scenarios = [
        {
            "name": one.name,
            **asdict(one),
            "arms": {name: asdict(arm) | {"rounds": measured[one][name]} for name, arm in arms.items()},
        }
        for one, arms in found.items()
    ]
    return output.to_json(FORMAT, scenarios=scenarios, aims=aims)


def _rows(scenario: Scenario, arms: Mapping[str, Summary]) -> Iterator[list[str]]:
    for name, summary in arms.items():
        cells = [scenario.name if name == BARE else "", name]
        for part in ("warm", "cold"):
            cells += [_scaled(summary.cpu.get(part), 1e3, 2), str(summary.ratio[part]) if name != BARE else "1"]
        waits = [_scaled(summary.first_byte, 1e3, 2), _scaled(summary.event, 1e6, 0)]
        yield [*cells, *waits, f"{summary.memory / 1e6:.0f}"]


def _frames(found: Results) -> Iterator[list[str]]:
    for scenario, arms in found.items():
        if scenario.kind == "frames":
            title = f"WebSocket frames of about 200 bytes from the server, {scenario.events} after each turn:"
            yield _section(title, [_of_frames(name, summary) for name, summary in arms.items()])


def _of_frames(name: str, summary: Summary) -> tuple[str, ...]:
    ratio = str(summary.ratio["frame"]) if name != BARE else "1"
    return name, f"{_scaled(summary.cpu['frame'], 1e6, 0)} us CPU a frame", f"ratio to bare {ratio}"


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [title, *table([(f"  {name}", *cells) for name, *cells in rows])] if rows else []


def _scaled(figures: Spread | None, scale: float, digits: int) -> str:
    return "-" if figures is None else f"{figures.median * scale:,.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
