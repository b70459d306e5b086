"""The result file: what was played, the promises, and every sample."""

import dataclasses
import datetime
from collections.abc import Sequence

import orjson
from codex_bench.results import machine

from codex_soak.plan import Plan
from codex_soak.tally import Tally
from codex_soak.verdict import Promise, Soaked

FORMAT = 1


def to_json(plan: Plan, tally: Tally, soaked: Soaked, promises: Sequence[Promise]) -> bytes:
    """Return the result file's text. Times are in seconds, sizes in bytes or entries."""
    document = {
        "format": FORMAT,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "plan": dataclasses.asdict(plan),
        "turns": [{**kind._asdict(), "count": count} for kind, count in tally.turns.items()],
        "events": dict(tally.events),
        "promises": [dataclasses.asdict(promise) for promise in promises],
        "before": dataclasses.asdict(soaked.before),
        "busy": [dataclasses.asdict(sample) for sample in soaked.busy],
        "quiet": [dataclasses.asdict(sample) for sample in soaked.quiet],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
