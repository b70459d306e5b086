"""Runs the fault suite: exit status 0 if every promise was kept, 1 if one was not, 130 if it was interrupted."""

import asyncio
import logging
import signal
import sys
import tempfile
from pathlib import Path

from codex_demo.proxies import NotStarted

from codex_faults import arm, results, table
from codex_faults.arguments import Request, parse
from codex_faults.limits import raise_descriptors
from codex_faults.outcome import Outcome
from codex_faults.perform import audit, perform


def main() -> int:
    """Brings the faults about, prints the table, and writes the file."""
    request = parse()
    raise_descriptors()
    logging.getLogger("tornado").setLevel(logging.ERROR)  # the backend's refusals of TLS are meant
    try:
        outcomes = asyncio.run(_perform(request))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except (OSError, NotStarted) as error:
        print(f"\nThe suite came to no end: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return _report(request, outcomes)


async def _perform(request: Request) -> list[Outcome]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    performed = []
    with tempfile.TemporaryDirectory(prefix="codex-faults-") as home:
        ours, bare = (arm.running(name, Path(home) / name) for name in (arm.OURS, arm.BARE))
        async with ours as one, bare as other:
            print(table.head(), flush=True)
            for fault in request.faults:
                performed.append(await perform(fault, one, other, request.profile))
                print(table.line(performed[-1][0]), flush=True)
            audit(performed)
    return [outcome for outcome, _scene in performed]


def _report(request: Request, outcomes: list[Outcome]) -> int:
    print(table.closing(outcomes, request.profile))
    request.out.mkdir(parents=True, exist_ok=True)
    file = request.out / "faults.json"
    file.write_bytes(results.to_json(outcomes, request.profile))
    print(f"Written: {file}")
    return 0 if all(outcome.kept for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
