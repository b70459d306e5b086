"""What is printed at the end."""

from collections.abc import Iterator, Mapping, Sequence

from codex_bench.arms import BARE, DIRECT
from codex_bench.figures import Summary
from codex_bench.floor import Floor
from codex_bench.plan import Scenario, spelled
from codex_bench.spread import Spread
from codex_bench.targets import Reached

type Results = Mapping[Scenario, Mapping[str, Summary]]

NOTE = """\
A ratio is the median over the rounds, in brackets what half of the rounds lie between. Each round compares the arms
within a few seconds, so a busy machine hits all alike; differences below that spread are noise. CPU is user and system
time of the proxy's process. Events come one at a time, or in one piece where it says so. The figures are of one
machine, one connection and a server that answers at once: ratios may be compared with those of other machines,
milliseconds may not, and none of them says how long a model takes."""

_WIDTHS = (22, 8, 12, 23, 12, 23, 12, 12, 9)
_HEADS = (
    ("", "", "CPU ms", "ratio to bare", "CPU ms", "ratio to bare", "first byte", "an event", "peak"),
    ("body", "arm", "warm turn", "warm turn", "cold turn", "cold turn", "added ms", "added us", "MB"),
)


def render(results: Results, floors: Sequence[Floor], aims: Sequence[Reached]) -> str:
    """Returns all tables, and what they are not."""
    parts = [_turns(results), _frames(results), _floors(floors), _aims(aims), [NOTE]]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _turns(results: Results) -> Iterator[str]:
    turns = {scenario: arms for scenario, arms in results.items() if scenario.kind != "frames"}
    yield from (_row(head) for head in _HEADS if turns)
    for scenario, arms in turns.items():
        yield from (_of_turns(scenario, name, arms[name]) for name in arms if name != DIRECT)


def _of_turns(scenario: Scenario, name: str, found: Summary) -> str:
    cells = [scenario.name if name == BARE else "", name]
    for part in ("warm", "cold"):
        cells += [_scaled(found.cpu.get(part), 1e3, 2), str(found.ratio[part]) if name != BARE else "1"]
    waits = [_scaled(found.first_byte, 1e3, 2), _scaled(found.event, 1e6, 0)]
    return _row([*cells, *waits, f"{found.memory / 1e6:.0f}"])


def _frames(results: Results) -> Iterator[str]:
    for scenario, arms in results.items():
        if scenario.kind == "frames":
            yield f"WebSocket frames of about 200 bytes from the server, {scenario.events} after each turn:"
            yield from (_of_frames(name, arms[name]) for name in arms if name != DIRECT)


def _of_frames(name: str, found: Summary) -> str:
    ratio = str(found.ratio["frame"]) if name != BARE else "1"
    cpu, rate = _scaled(found.cpu["frame"], 1e6, 0), _scaled(found.frames_a_second, 1, 0)
    return f"  {name:<8}{rate:>8} frames a second,{cpu:>6} us CPU a frame, ratio to bare {ratio}"


def _floors(floors: Sequence[Floor]) -> Iterator[str]:
    if floors:
        yield "The floor, one pass over the body in us:"
    for one in floors:
        passes = "  ".join(f"{name} {seconds * 1e6:,.0f}" for name, seconds in one.seconds.items())
        yield f"  {spelled(one.size):<8}{passes}"


def _aims(aims: Sequence[Reached]) -> Iterator[str]:
    if aims:
        yield "Aims, a warm turn's CPU with everything on:"
    for one in aims:
        word = "met" if one.met else "MISSED"
        yield f"  {one.target.name:<20} at most {one.target.limit:.2f}: {one.ratio}  {word}"


def _row(cells: Sequence[str]) -> str:
    pairs = list(zip(cells, _WIDTHS, strict=True))
    left, right = pairs[:2], pairs[2:]
    return ("".join(f"{c:<{w}}" for c, w in left) + "".join(f"  {c:>{w - 2}}" for c, w in right)).rstrip()


def _scaled(figures: Spread | None, scale: float, digits: int) -> str:
    return "-" if figures is None else f"{figures.median * scale:,.{digits}f}"
