"""The result file: everything that a program may want to know of each fault."""

import datetime
from collections.abc import Sequence

import orjson
from codex_bench.results import machine

from codex_faults.fault import Profile
from codex_faults.footprint import RATIO, Footprint, Return
from codex_faults.outcome import Outcome

FORMAT = 1


def to_json(outcomes: Sequence[Outcome], profile: Profile) -> bytes:
    """Returns the result file's text. Memory is in bytes; null stands for what this system does not tell."""
    document = {
        "format": FORMAT,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "parallel": profile.parallel,
        "most_memory_ratio": RATIO,
        "faults": [_fault(outcome) for outcome in outcomes],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _fault(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.fault.name,
        "promise": outcome.fault.promise,
        "kept": outcome.kept,
        "skipped": outcome.skipped,
        "repeats": outcome.repeats,
        "seconds": round(outcome.seconds, 1),
        "seen": [{"what": what, "times": times} for what, times in outcome.saw()],
        "digests": sorted({one.digest() for one in outcome.seen}),
        "told": outcome.told,
        "client": outcome.client,
        "journal": outcome.journal,
        "memory": outcome.memory,
        "footprint": {"ours": _return(outcome.ours), "bare": _return(outcome.bare)},
    }


def _return(back: Return | None) -> dict[str, object] | None:
    if back is None:
        return None
    return {"ratio": back.ratio, "before": _footprint(back.base), "after": _footprint(back.after)}


def _footprint(footprint: Footprint) -> dict[str, object]:
    return {
        "memory": footprint.memory,
        "descriptors": footprint.descriptors,
        "tasks": len(footprint.tasks),
    }
