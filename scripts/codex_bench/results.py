"""The result file: everything in it that a program may want to compare."""

import dataclasses
import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import orjson

from codex_bench.figures import Figures, Summary
from codex_bench.floor import Floor
from codex_bench.plan import Scenario
from codex_bench.targets import Reached

FORMAT = 1


def to_json(
    results: Mapping[Scenario, Mapping[str, Summary]],
    measured: Mapping[Scenario, Mapping[str, Figures]],
    floors: Sequence[Floor],
    aims: Sequence[Reached],
) -> bytes:
    """Returns the result file's text. Times are in seconds, sizes in bytes, `rounds` has each round's own figures."""
    document = {
        "format": FORMAT,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "scenarios": [_scenario(one, arms, measured[one]) for one, arms in results.items()],
        "floor": [dataclasses.asdict(one) for one in floors],
        "aims": [_aim(one) for one in aims],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def machine() -> dict[str, object]:
    """Returns what the figures depend on, and nothing that names the machine."""
    packages = {name: version(name) for name in ("mitmproxy", "orjson")}
    system = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
    return {"python": platform.python_version(), **packages, **system}


def _scenario(scenario: Scenario, arms: Mapping[str, Summary], rounds: Mapping[str, Figures]) -> dict[str, object]:
    found = {name: {**dataclasses.asdict(summary), "rounds": _rounds(rounds[name])} for name, summary in arms.items()}
    return {"name": scenario.name, **dataclasses.asdict(scenario), "arms": found}


def _rounds(figures: Figures) -> dict[str, object]:
    return {name: value for name, value in dataclasses.asdict(figures).items() if name != "memory"}


def _aim(one: Reached) -> dict[str, object]:
    ratio = dataclasses.asdict(one.ratio)
    return {"name": one.target.name, "limit": one.target.limit, "ratio": ratio, "met": one.met}
