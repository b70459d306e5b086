"""Runs the benchmark, prints its tables, and writes the results file.

The exit status is 0 if it came to its end, 1 if it did not, 130 if it was interrupted.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from toolkit import meter, output
from toolkit.output import table
from toolkit.process import NotStarted, exit_status

from codex_bench.arms import Idle, perform
from codex_bench.figures import QUANTITIES, Figures, Measured, compared, second_best
from codex_bench.plan import BARE, parse

FORMAT = 3

NOTE = """\
A figure is the second best of its rounds, because what else a machine does only adds to it; a ratio is that of two
such figures, in brackets what half of the rounds' own ratios lie between. Each round has all arms take the same turns
in random order, so a busy machine hits all alike; differences below that spread are noise. "added" is the ratio of what
two builds add to bare. CPU is the run time of all threads of the proxy, with what is written after a turn. Events come
one at a time, or in one piece where it says "at once". The figures are of one machine, one connection and a server that
answers at once: ratios may be compared with those of other machines, milliseconds may not, and none of them says how
long a model takes."""


def main() -> int:
    """Measure, print the table, and write the file; return the exit status."""
    request = parse()
    if not meter.is_supported():
        print("The benchmark reads another process's CPU time, which only Linux tells it.", file=sys.stderr)
        return 1
    return exit_status(_measured(request), "The benchmark", (OSError, EOFError, TimeoutError, NotStarted, Idle))


async def _measured(request: argparse.Namespace) -> bool:
    measured, file = {}, request.out / "bench.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="codex-bench-") as home:
        for number, scenario in enumerate(request.scenarios, start=1):
            print(f"{number} of {len(request.scenarios)}: {scenario.name} ... ", end="", flush=True)
            started = time.monotonic()
            measured[scenario] = await perform(scenario, request.arms, Path(home, str(number)))
            file.write_bytes(to_json(measured))  # what was measured stays, whatever comes after it
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    print("\n" + render(measured))
    print(f"\nWritten: {file}")
    return True


def render(measured: Measured) -> str:
    """Return the table, and what its figures are not."""
    names = list(dict.fromkeys(name for arms in measured.values() for name in _all_compared(arms)))
    rows = [row for one, arms in measured.items() for row in _rows(one.name, arms, names)]
    return "\n".join([*table([("body", "", BARE, *names), *rows], left=2), "", NOTE])


def to_json(measured: Measured) -> bytes:
    """Return the results file's text. Times are in seconds, sizes in bytes, `rounds` has each round's own figures."""
    scenarios = [
        {
            "name": one.name,
            **asdict(one),
            "rounds": arms,
            "ratios": {quantity: compared(arms, quantity) for quantity in arms[BARE]},
        }
        for one, arms in measured.items()
    ]
    return output.to_json(FORMAT, scenarios=scenarios)


def _rows(title: str, arms: Mapping[str, Figures], names: list[str]) -> Iterator[list[str]]:
    for quantity in arms[BARE]:
        label, unit, scale = QUANTITIES[quantity]
        ratios = compared(arms, quantity)
        bare = f"{second_best(arms[BARE][quantity]) * scale:,.2f} {unit}"
        yield [title, label, bare, *(str(ratios.get(name, "-")) for name in names)]
        title = ""


def _all_compared(arms: Mapping[str, Figures]) -> Iterator[str]:
    for quantity in arms[BARE]:
        yield from compared(arms, quantity)


if __name__ == "__main__":
    sys.exit(main())
