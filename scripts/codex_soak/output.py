"""What is printed: a line after each wave, the promises at the end; and the results file."""

import dataclasses
from collections.abc import Sequence

from toolkit import results

from codex_soak.observed import Counters, Observed, Sample
from codex_soak.phases import Plan
from codex_soak.promises import Promise

FORMAT = 1
NOTE = """\
Memory is that of the whole proxy, mitmproxy's own included. It is looked at after each wave, when no client is
connected; a slope is the median of those between any two looks in the last two thirds of the turns since everything
that the addon remembers was full. Used is what the C library's allocator has handed out; blocks are those of Python's
own, counted once cyclic garbage has been collected."""


def progress(sample: Sample) -> str:
    """Return a line on the proxy as it is now."""
    parts = f"{sample.turns:>7,} turns  {sample.memory / 1e6:>6.1f} MB  {sample.blocks:>9,} blocks"
    return f"{sample.at:>6.1f} s {parts}  {sample.descriptors:>3} descriptors  {len(sample.tasks):>3} tasks"


def render(plan: Plan, counters: Counters, promises: Sequence[Promise]) -> str:
    """Return what was played, the promises, and how the figures are meant."""
    events = ", ".join(f"{count:,} {name}" for name, count in sorted(counters.events.items()) if name != "turn")
    conversations = f"{plan.waves * plan.conversations:,} conversations in {plan.waves} waves"
    played = f"{conversations}, {plan.parallel} at a time, {counters.total:,} turns; {events}."
    turns = sorted(counters.turns.items())
    kinds = [f"  {count:>7,}  {kind[0]} over {kind[1]}, answered with {kind[2]}" for kind, count in turns]
    kept = [f"{'kept' if one.kept else 'BROKEN':<7} {one.name:<35} {one.found}" for one in promises]
    return "\n".join([played, *kinds, "", *kept, "", NOTE])


def to_json(plan: Plan, counters: Counters, observed: Observed, promises: Sequence[Promise]) -> bytes:
    """Return the results file's text. Times are in seconds, sizes in bytes or entries."""
    return results.to_json(
        FORMAT,
        plan=dataclasses.asdict(plan),
        turns=[{**kind._asdict(), "count": count} for kind, count in counters.turns.items()],
        events=dict(counters.events),
        promises=promises,
        before=observed.before,
        busy=observed.busy,
        quiet=observed.quiet,
    )
