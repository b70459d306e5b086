"""Runs the soak, prints a line after each wave and the promises at the end, and writes the results file.

The exit status is 0 if every promise was kept, 1 if not, 130 on an interrupt.
"""

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit import meter, output
from toolkit.probe import NoAnswer
from toolkit.process import NotStarted, exit_status

from codex_soak import phases
from codex_soak.phases import LONG, SHORT, Broken, Plan
from codex_soak.promises import Counters, Observed, Promise, Sample, judge

FORMAT = 2
NOTE = """\
Memory is that of the whole proxy, mitmproxy's own included. It is looked at after each wave, when no client is
connected; a slope is the median of those between any two looks in the last two thirds of the turns since everything
that the addon remembers was full. Used is what the C library's allocator has handed out; blocks are those of Python's
own, counted once cyclic garbage has been collected."""

_FAULTS = (OSError, EOFError, NotStarted, Broken, NoAnswer)


def main() -> int:
    """Run the soak, print what was found, and write the file."""
    options = parse()
    if not meter.is_supported():
        print("The soak reads a process's memory and descriptors from /proc, which only Linux has.", file=sys.stderr)
        return 1
    return exit_status(_soak(LONG if options.long else SHORT, options.out), "The soak", _FAULTS)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, or end the program with a sentence."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Plays hours of agents' traffic through the proxy and looks for what is left of it. Loopback only.",
    )
    parser.add_argument("--long", action="store_true", help="ten minutes and more (default: about two)")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the results (%(default)s)")
    return parser.parse_args(argv)


async def _soak(plan: Plan, out: Path) -> bool:
    with tempfile.TemporaryDirectory(prefix="codex-soak-") as home:
        observed, counters = await phases.run(plan, Path(home), lambda sample: print(progress(sample), flush=True))
    promises = judge(observed)
    print("\n" + render(plan, counters, promises))
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_bytes(to_json(plan, counters, observed, promises))
    print(f"\nWritten: {out / 'soak.json'}")
    return all(promise.kept for promise in promises)


def progress(sample: Sample) -> str:
    """Return a line on the proxy as it is now."""
    parts = f"{sample.turns:>7,} turns  {sample.memory / 1e6:>6.1f} MB  {sample.blocks:>9,} blocks"
    return f"{sample.at:>6.1f} s {parts}  {sample.descriptors:>3} descriptors  {len(sample.tasks):>3} tasks"


def render(plan: Plan, counters: Counters, promises: Sequence[Promise]) -> str:
    """Return what was played, the promises, and how the figures are meant."""
    events = ", ".join(f"{count:,} {name}" for name, count in sorted(counters.events.items()) if name != "turn")
    conversations = f"{plan.waves * plan.conversations:,} conversations in {plan.waves} waves"
    played = f"{conversations}, {plan.parallel} at a time, {counters.total:,} turns; {events}."
    turns = sorted(counters.turns.items())
    kinds = [f"  {count:>7,}  {kind[0]} over {kind[1]}, answered with {kind[2]}" for kind, count in turns]
    kept = [f"{'kept' if one.kept else 'BROKEN':<7} {one.name:<35} {one.found}" for one in promises]
    return "\n".join([played, *kinds, "", *kept, "", NOTE])


def to_json(plan: Plan, counters: Counters, observed: Observed, promises: Sequence[Promise]) -> bytes:
    """Return the results file's text. Times are in seconds, sizes in bytes or entries."""
    return output.to_json(
        FORMAT,
        plan=dataclasses.asdict(plan),
        turns=[{**kind._asdict(), "count": count} for kind, count in counters.turns.items()],
        events=dict(counters.events),
        promises=promises,
        before=observed.before,
        quiet=observed.quiet,
    )


if __name__ == "__main__":
    sys.exit(main())
