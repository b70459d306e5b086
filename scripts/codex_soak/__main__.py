"""The soak's command line: exit status 0 if every promise was kept, 1 if not, 130 on an interrupt."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit import meter
from toolkit.probe import NoAnswer
from toolkit.process import NotStarted, exit_status

from codex_soak import output, phases
from codex_soak.phases import LONG, SHORT, Broken, Plan
from codex_soak.promises import judge

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
        observed, counters = await phases.run(
            plan, Path(home), lambda sample: print(output.progress(sample), flush=True)
        )
    promises = judge(observed)
    print("\n" + output.render(plan, counters, promises))
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_bytes(output.to_json(plan, counters, observed, promises))
    print(f"\nWritten: {out / 'soak.json'}")
    return all(promise.kept for promise in promises)


if __name__ == "__main__":
    sys.exit(main())
