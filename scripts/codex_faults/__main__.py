"""The fault suite's command line: exit status 0 if every promise was kept, 1 if one was not, 130 if interrupted."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit.probe import NoAnswer
from toolkit.process import NotStarted, exit_status

from codex_faults import fixture, output
from codex_faults.catalogue import catalogue
from codex_faults.fault import LONG, SHORT, Fault, Profile, audit, run_fault

if sys.platform != "win32":
    import resource


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
            print(output.head(), flush=True)
            for fault in faults:
                finished.append(await run_fault(fault, one, other, profile))
                print(output.line(finished[-1][0]), flush=True)
            audit(finished)
    outcomes = [outcome for outcome, _ in finished]
    print(output.closing(outcomes, profile))
    out.mkdir(parents=True, exist_ok=True)
    (out / "faults.json").write_bytes(output.to_json(outcomes, profile))
    print(f"Written: {out / 'faults.json'}")
    return all(not outcome.problems for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main())
