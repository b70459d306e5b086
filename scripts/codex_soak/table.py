"""What is printed: a line while it lasts, the promises at the end."""

from collections.abc import Iterator, Sequence

from codex_soak.plan import Plan
from codex_soak.tally import Tally
from codex_soak.verdict import Promise
from codex_soak.watch import Sample

NOTE = """\
Memory is that of the whole proxy, mitmproxy's own included. It is looked at after each wave, when nobody is connected;
a slope is the median of those between any two looks in the second half of the turns since everything that the addon
remembers was full. Used is what the C library's allocator has handed out; blocks are those of Python's own, counted
once cyclic garbage has been collected."""


def progress(sample: Sample) -> str:
    """Return a line on the proxy as it is now."""
    parts = f"{sample.turns:>7,} turns  {sample.memory / 1e6:>6.1f} MB  {sample.blocks:>9,} blocks"
    return f"{sample.at:>6.1f} s {parts}  {sample.descriptors:>3} descriptors  {len(sample.tasks):>3} tasks"


def render(plan: Plan, tally: Tally, promises: Sequence[Promise]) -> str:
    """Return what was played, the promises, and how the figures are meant."""
    return "\n".join([*_played(plan, tally), "", *_promises(promises), "", NOTE])


def _played(plan: Plan, tally: Tally) -> Iterator[str]:
    happened = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.events.items()) if name != "turn")
    conversations = f"{plan.waves * plan.conversations:,} conversations in {plan.waves} waves"
    yield f"{conversations}, {plan.lanes} at a time, {tally.total:,} turns; {happened}."
    for kind, count in sorted(tally.turns.items()):
        yield f"  {count:>7,}  {kind.endpoint} over {kind.transport}, answered with {kind.status}"


def _promises(promises: Sequence[Promise]) -> Iterator[str]:
    for promise in promises:
        yield f"{'kept' if promise.kept else 'BROKEN':<7} {promise.name:<35} {promise.found}"
