"""Triggers the faults, prints a line for each and at the end what was not kept, and writes the results file.

The exit status is 0 if every promise was kept, 1 if one was not, 130 if it was interrupted.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit import output
from toolkit.output import row
from toolkit.probe import NoAnswer
from toolkit.process import NotStarted, exit_status

from codex_faults import fixture
from codex_faults.catalogue import catalogue
from codex_faults.fault import LONG, RATIO, SHORT, Fault, Outcome, Profile, Return, audit, run_fault

if sys.platform != "win32":
    import resource

FORMAT = 3
_WIDTHS = (28, 36, 32, 32)
_MOST = 5  # sentences that are shown of one fault; all are in the results file


def main() -> int:
    """Trigger the faults, print the table, and write the file."""
    options = parse()
    if sys.platform != "win32":  # a thousand streams take several thousand descriptors: as many as the system allows
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    logging.getLogger("tornado").setLevel(logging.ERROR)  # the backend's refusals of TLS are meant
    profile = LONG if options.long else SHORT
    return exit_status(_run(options.faults, profile, options.out), "The suite", (OSError, NotStarted, NoAnswer))


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, with `faults` for the names, or end the program with a sentence."""
    known = catalogue()
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description="Breaks things around the running proxy and compares with one without the addon. Loopback only.",
    )
    more = f"{LONG.rounds} times each instead of {SHORT.rounds}, {LONG.parallel} streams, not {SHORT.parallel}"
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults to trigger (default: all)")
    parser.add_argument("--list", action="store_true", help="print the faults and what is promised for them")
    parser.add_argument("--long", action="store_true", help=more)
    parser.add_argument("--out", type=Path, default=Path("build/faults"), help="folder of the results (%(default)s)")
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no fault {unknown[0]!r}; --list names them all")
    if options.list:
        print(*(f"{fault.name}: {fault.promise}" for fault in known.values()), sep="\n")
        parser.exit()
    options.faults = [known[name] for name in dict.fromkeys(options.names or known)]
    return options


async def _run(faults: Sequence[Fault], profile: Profile, out: Path) -> bool:
    finished = []
    with tempfile.TemporaryDirectory(prefix="codex-faults-") as home:
        addon, bare = (fixture.running(name, Path(home) / name) for name in (fixture.ADDON, fixture.BARE))
        async with addon as one, bare as other:
            print(head(), flush=True)
            for fault in faults:
                finished.append(await run_fault(fault, one, other, profile))
                print(line(finished[-1][0]), flush=True)
            audit(finished)
    outcomes = [outcome for outcome, _ in finished]
    print(closing(outcomes, profile))
    out.mkdir(parents=True, exist_ok=True)
    (out / "faults.json").write_bytes(to_json(outcomes, profile))
    print(f"Written: {out / 'faults.json'}")
    return all(not outcome.problems for outcome in outcomes)


def head() -> str:
    """Return the line above all others."""
    return _row("fault", "what the client saw", "journal", "memory")


def line(outcome: Outcome) -> str:
    """Return what came of one fault."""
    if outcome.skipped:
        return _row(outcome.fault.name, "skipped:", outcome.skipped, "")
    summaries = outcome.summaries()
    saw = "; ".join(what for what, _ in summaries[:1]) + (" ..." if len(summaries) > 1 else "")
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcome.verdicts.items()))
    return _row(
        outcome.fault.name,
        f"{'DIFFERS' if outcome.client else 'ok'}  {saw}",
        f"{'WRONG' if outcome.journal else 'ok'}  {verdicts}",
        f"{'GROWS' if outcome.memory else 'ok'}  {_memory(outcome.addon)}",
    )


def _memory(back: Return | None) -> str:
    if back is None:
        return "a new process"
    memory = "unknown here" if back.ratio is None else f"x {back.ratio:.2f}"
    files = "" if back.after.descriptors is None else f", {back.after.descriptors} descriptors"
    return f"{memory}{files}, {len(back.after.tasks)} tasks"


def _row(*cells: str) -> str:
    return row(cells, _WIDTHS, left=len(cells))


def closing(outcomes: Sequence[Outcome], profile: Profile) -> str:
    """Return what was not kept, and a sentence on what the table says."""
    broken = [outcome for outcome in outcomes if outcome.problems]
    skipped = [outcome.fault.name for outcome in outcomes if outcome.skipped]
    tried = len(outcomes) - len(skipped)
    return "".join(map(_broken, broken)) + (
        f"\n{tried - len(broken)} of {tried} promises were kept. ok: the client saw what it sees\n"
        "through a mitmdump without the addon, byte for byte but for dates and made-up ids; each turn is in the\n"
        "journal once, with its verdict, or not at all where none was sent; descriptors and tasks came back, and\n"
        f"memory grew to at most {RATIO:.2f} times what it was, on top of what it grows to without the addon.\n"
        f"Streams that were open at the same moment in many-streams: {profile.parallel}."
        + (f"\nNot tried here: {', '.join(skipped)}." if skipped else "")
    )


def _broken(outcome: Outcome) -> str:
    more = len(outcome.problems) - _MOST
    sentences = [*outcome.problems[:_MOST], *([f"and {more} more"] if more > 0 else [])]
    return "\n  ".join([f"\n{outcome.fault.name}: {outcome.fault.promise}", *sentences]) + "\n"


def to_json(outcomes: Sequence[Outcome], profile: Profile) -> bytes:
    """Return the results file's text. Memory is in bytes; null stands for what this system does not tell."""
    faults = [
        {
            "name": outcome.fault.name,
            "promise": outcome.fault.promise,
            "kept": not outcome.problems,
            "skipped": outcome.skipped,
            "repeats": outcome.repeats,
            "seen": [{"what": what, "times": times} for what, times in outcome.summaries()],
            "told": outcome.verdicts,
            "client": outcome.client,
            "journal": outcome.journal,
            "memory": outcome.memory,
            "footprint": {"addon": outcome.addon, "bare": outcome.bare},
        }
        for outcome in outcomes
    ]
    return output.to_json(FORMAT, parallel=profile.parallel, most_memory_ratio=RATIO, faults=faults)


if __name__ == "__main__":
    sys.exit(main())
