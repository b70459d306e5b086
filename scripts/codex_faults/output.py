"""What is printed: a line for each fault as it is done, and at the end what was not kept; and the results file."""

from collections.abc import Sequence

from toolkit import results
from toolkit.table import row

from codex_faults.fault import RATIO, Outcome, Profile, Return

FORMAT = 2
_WIDTHS = (28, 36, 32, 32)
_MOST = 5  # sentences that are shown of one fault; all are in the results file


def head() -> str:
    """Return the line above all others."""
    return _row("fault", "what the client saw", "journal", "memory")


def line(outcome: Outcome) -> str:
    """Return what came of one fault."""
    if outcome.skipped:
        return _row(outcome.fault.name, "skipped:", outcome.skipped, "")
    summaries = outcome.summaries()
    saw = "; ".join(what for what, _ in summaries[:1]) + (" ..." if len(summaries) > 1 else "")
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcome.verdicts.items()))
    return _row(
        outcome.fault.name,
        f"{'DIFFERS' if outcome.client else 'ok'}  {saw}",
        f"{'WRONG' if outcome.journal else 'ok'}  {verdicts}",
        f"{'GROWS' if outcome.memory else 'ok'}  {_memory(outcome.addon)}",
    )


def _memory(back: Return | None) -> str:
    if back is None:
        return "a new process"
    memory = "unknown here" if back.ratio is None else f"x {back.ratio:.2f}"
    files = "" if back.after.descriptors is None else f", {back.after.descriptors} descriptors"
    return f"{memory}{files}, {len(back.after.tasks)} tasks"


def _row(*cells: str) -> str:
    return row(cells, _WIDTHS, left=len(cells))


def closing(outcomes: Sequence[Outcome], profile: Profile) -> str:
    """Return what was not kept, and a sentence on what the table says."""
    broken = [outcome for outcome in outcomes if outcome.problems]
    skipped = [outcome.fault.name for outcome in outcomes if outcome.skipped]
    tried = len(outcomes) - len(skipped)
    return "".join(map(_broken, broken)) + (
        f"\n{tried - len(broken)} of {tried} promises were kept. ok: the client saw what it sees\n"
        "through a mitmdump without the addon, byte for byte but for dates and made-up ids; each turn is in the\n"
        "journal once, with its verdict, or not at all where none was sent; descriptors and tasks came back, and\n"
        f"memory grew to at most {RATIO:.2f} times what it was, on top of what it grows to without the addon.\n"
        f"Streams that were open at the same moment in many-streams: {profile.parallel}."
        + (f"\nNot tried here: {', '.join(skipped)}." if skipped else "")
    )


def _broken(outcome: Outcome) -> str:
    more = len(outcome.problems) - _MOST
    sentences = [*outcome.problems[:_MOST], *([f"and {more} more"] if more > 0 else [])]
    return "\n  ".join([f"\n{outcome.fault.name}: {outcome.fault.promise}", *sentences]) + "\n"


def to_json(outcomes: Sequence[Outcome], profile: Profile) -> bytes:
    """Return the results file's text. Memory is in bytes; null stands for what this system does not tell."""
    faults = [
        {
            "name": outcome.fault.name,
            "promise": outcome.fault.promise,
            "kept": not outcome.problems,
            "skipped": outcome.skipped,
            "repeats": outcome.repeats,
            "seconds": round(outcome.seconds, 1),
            "seen": [{"what": what, "times": times} for what, times in outcome.summaries()],
            "digests": sorted({one.digest() for one in outcome.observed}),
            "told": outcome.verdicts,
            "client": outcome.client,
            "journal": outcome.journal,
            "memory": outcome.memory,
            "footprint": {"addon": outcome.addon, "bare": outcome.bare},
        }
        for outcome in outcomes
    ]
    return results.to_json(FORMAT, parallel=profile.parallel, most_memory_ratio=RATIO, faults=faults)
