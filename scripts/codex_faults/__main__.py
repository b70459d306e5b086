"""The fault suite's command line: exit status 0 if every promise was kept, 1 if one was not, 130 if interrupted."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.probe import NoAnswer
from toolkit.process import NotStarted, exit_status

from codex_faults import fixture, output
from codex_faults.catalogue import catalogue
from codex_faults.fault import LONG, SHORT, Fault, Outcome, Profile
from codex_faults.runner import audit, run_fault

if sys.platform != "win32":
    import resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which faults, how often, and where the results go."""

    faults: list[Fault]
    profile: Profile
    out: Path


def main() -> int:
    """Trigger the faults, print the table, and write the file."""
    request = parse()
    _raise_descriptors()
    logging.getLogger("tornado").setLevel(logging.ERROR)  # the backend's refusals of TLS are meant
    return exit_status(_run(request), "The suite", (OSError, NotStarted, NoAnswer))


def parse(argv: Sequence[str] | None = None) -> Request:
    """Return what was asked for, or end the program with a sentence."""
    known, parser = catalogue(), _parser()
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no fault {unknown[0]!r}; --list names them all")
    if options.list:
        print(*(f"{fault.name}: {fault.promise}" for fault in known.values()), sep="\n")
        parser.exit()
    names = options.names or list(known)
    profile = LONG if options.long else SHORT
    return Request(faults=[known[name] for name in dict.fromkeys(names)], profile=profile, out=options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description="Breaks things around the running proxy and compares with one without the addon. Loopback only.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults to trigger (default: all)")
    parser.add_argument("--list", action="store_true", help="print the faults and what is promised for them")
    times, streams = (f"{LONG.rounds} times each instead of {SHORT.rounds}", f"{LONG.parallel} streams")
    parser.add_argument("--long", action="store_true", help=f"{times}, {streams}, not {SHORT.parallel}")
    parser.add_argument("--out", type=Path, default=Path("build/faults"), help="folder of the results (%(default)s)")
    return parser


def _raise_descriptors() -> None:
    """Raise the limit of open descriptors as far as the system allows: a thousand streams take several thousand."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(request: Request) -> bool:
    finished = []
    with tempfile.TemporaryDirectory(prefix="codex-faults-") as home:
        ours, bare = (fixture.running(name, Path(home) / name) for name in (fixture.OURS, fixture.BARE))
        async with ours as one, bare as other:
            print(output.head(), flush=True)
            for fault in request.faults:
                finished.append(await run_fault(fault, one, other, request.profile))
                print(output.line(finished[-1][0]), flush=True)
            audit(finished)
    return _report(request, [outcome for outcome, _ in finished])


def _report(request: Request, outcomes: list[Outcome]) -> bool:
    print(output.closing(outcomes, request.profile))
    request.out.mkdir(parents=True, exist_ok=True)
    file = request.out / "faults.json"
    file.write_bytes(output.to_json(outcomes, request.profile))
    print(f"Written: {file}")
    return all(outcome.kept for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main())
