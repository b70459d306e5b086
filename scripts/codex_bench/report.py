"""What is printed at the end, and the results file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from toolkit import results
from toolkit.table import table

from codex_bench.figures import Aim, Measured, Results, Spread, Summary
from codex_bench.plan import BARE, DIRECT, Scenario

FORMAT = 1

NOTE = """\
A ratio is the median over the rounds, in brackets what half of the rounds lie between. Each round compares the arms
within a few seconds, so a busy machine hits all alike; differences below that spread are noise. CPU is user and system
time of the proxy's process. Events come one at a time, or in one piece where it says so. The figures are of one
machine, one connection and a server that answers at once: ratios may be compared with those of other machines,
milliseconds may not, and none of them says how long a model takes."""

_TITLES = (
    ("", "", "CPU ms", "ratio to bare", "CPU ms", "ratio to bare", "first byte", "an event", "peak"),
    ("body", "arm", "warm turn", "warm turn", "cold turn", "cold turn", "added ms", "added us", "MB"),
)


def render(found: Results, aims: Sequence[Aim]) -> str:
    """Return all tables, and what they are not."""
    rows = [row for one, arms in found.items() if one.kind != "frames" for row in _rows(one, arms)]
    turns = table([*_TITLES, *rows], left=2) if rows else []
    met = [(one.name, f"at most {one.limit:.2f}", str(one.ratio), "met" if one.met else "MISSED") for one in aims]
    aimed = _section("Aims, a warm turn's CPU with everything on:", met)
    parts = [turns, *_frames(found), aimed, [NOTE]]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def to_json(found: Results, measured: Measured, aims: Sequence[Aim]) -> bytes:
    """Return the results file's text. Times are in seconds, sizes in bytes, `rounds` has each round's own figures."""
    scenarios = [
        {
            "name": one.name,
            **asdict(one),
            "arms": {name: asdict(arm) | {"rounds": measured[one][name]} for name, arm in arms.items()},
        }
        for one, arms in found.items()
    ]
    return results.to_json(FORMAT, scenarios=scenarios, aims=aims)


def _rows(scenario: Scenario, arms: Mapping[str, Summary]) -> Iterator[list[str]]:
    for name, summary in arms.items():
        if name != DIRECT:
            cells = [scenario.name if name == BARE else "", name]
            for part in ("warm", "cold"):
                cells += [_scaled(summary.cpu.get(part), 1e3, 2), str(summary.ratio[part]) if name != BARE else "1"]
            waits = [_scaled(summary.first_byte, 1e3, 2), _scaled(summary.event, 1e6, 0)]
            yield [*cells, *waits, f"{summary.memory / 1e6:.0f}"]


def _frames(found: Results) -> Iterator[list[str]]:
    for scenario, arms in found.items():
        if scenario.kind == "frames":
            title = f"WebSocket frames of about 200 bytes from the server, {scenario.events} after each turn:"
            yield _section(title, [_of_frames(name, summary) for name, summary in arms.items() if name != DIRECT])


def _of_frames(name: str, summary: Summary) -> tuple[str, ...]:
    cpu, rate = _scaled(summary.cpu["frame"], 1e6, 0), _scaled(summary.frames_a_second, 1, 0)
    ratio = str(summary.ratio["frame"]) if name != BARE else "1"
    return name, f"{rate} frames a second", f"{cpu} us CPU a frame", f"ratio to bare {ratio}"


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [title, *table([(f"  {name}", *cells) for name, *cells in rows])] if rows else []


def _scaled(figures: Spread | None, scale: float, digits: int) -> str:
    return "-" if figures is None else f"{figures.median * scale:,.{digits}f}"
