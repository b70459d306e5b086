"""What is printed: a line for each fault as it is done, and at the end what was not kept."""

from collections.abc import Iterator, Sequence

from codex_faults.fault import Profile
from codex_faults.footprint import RATIO, Return
from codex_faults.outcome import Outcome

_WIDTHS = (28, 36, 32, 32)
_MOST = 5  # sentences that are shown of one fault; all are in the result file


def head() -> str:
    """Returns the line above all others."""
    return _row("fault", "what the client saw", "journal", "memory")


def line(outcome: Outcome) -> str:
    """Returns what came of one fault."""
    if outcome.skipped:
        return _row(outcome.fault.name, "skipped:", outcome.skipped, "")
    saw = "; ".join(what for what, _times in outcome.saw()[:1]) + (" ..." if len(outcome.saw()) > 1 else "")
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcome.told.items()))
    return _row(
        outcome.fault.name,
        f"{_word(outcome.client, 'differs')}  {saw}",
        f"{_word(outcome.journal, 'WRONG')}  {told}",
        f"{_word(outcome.memory, 'GROWS')}  {_memory(outcome.ours)}",
    )


def closing(outcomes: Sequence[Outcome], profile: Profile) -> str:
    """Returns what was not kept, and a sentence on what the table says."""
    return "\n".join([*_broken(outcomes), "", _note(outcomes, profile)])


def _broken(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if problems := outcome.problems:
            yield f"\n{outcome.fault.name}: {outcome.fault.promise}"
            yield from (f"  {sentence}" for sentence in problems[:_MOST])
            if more := problems[_MOST:]:
                yield f"  and {len(more)} more"


def _note(outcomes: Sequence[Outcome], profile: Profile) -> str:
    tried, skipped = ([one for one in outcomes if bool(one.skipped) is so] for so in (False, True))
    names = ", ".join(outcome.fault.name for outcome in skipped)
    return (
        f"{sum(one.kept for one in tried)} of {len(tried)} promises were kept. ok: the client saw what it sees\n"
        "through a mitmdump without the addon, byte for byte but for dates and made-up ids; each turn is in the\n"
        "journal once, with its verdict, or not at all where none was sent; descriptors and tasks came back, and\n"
        f"memory grew to at most {RATIO:.2f} times what it was, on top of what it grows to without the addon.\n"
        f"Streams that were open at the same moment in many-streams: {profile.parallel}."
        + (f"\nNot tried here: {names}." if names else "")
    )


def _word(problems: Sequence[str], otherwise: str) -> str:
    return otherwise.upper() if problems else "ok"


def _memory(back: Return | None) -> str:
    if back is None:
        return "a new process"
    memory = "unknown here" if back.ratio is None else f"x {back.ratio:.2f}"
    files = "" if back.after.descriptors is None else f", {back.after.descriptors} descriptors"
    return f"{memory}{files}, {len(back.after.tasks)} tasks"


def _row(*cells: str) -> str:
    return "".join(f"{cell:<{width}}  " for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
