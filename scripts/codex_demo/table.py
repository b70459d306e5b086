"""What the demo prints at its end, from nothing but the counters."""

from collections.abc import Iterator, Sequence

from codex_demo.usage import Arm, Usage, is_shown, rate, warm_rate

LABEL = "embedded model; not run against chatgpt.com"

_WIDTH = 20


def render(arms: Sequence[Arm]) -> str:
    """Returns the table, the rates and the closing sentence."""
    return "\n".join([*_lines(arms), "", closing(arms)])


def closing(arms: Sequence[Arm]) -> str:
    """Returns one sentence that says what was shown, or that it was not."""
    if not is_shown(arms):
        return f"The addon did not make the difference that it should have made ({LABEL})."
    bare, kept = (_range([warm_rate(arm.turns) for arm in arms if arm.addon is addon]) for addon in (False, True))
    return (
        f"The same conversation read {bare} of its warm input tokens from the cache without the addon "
        f"and {kept} with it ({LABEL})."
    )


def _lines(arms: Sequence[Arm]) -> Iterator[str]:
    yield f"Input and cached tokens of each turn, without and with the addon ({LABEL}):"
    yield ""
    yield _row("", [arm.name for arm in arms])
    yield _row("turn", ["input  cached"] * len(arms))
    for number, turns in enumerate(zip(*(arm.turns for arm in arms), strict=True), start=1):
        yield _row(str(number), [_counters(turn) for turn in turns])
    yield _row("all turns", [_percent(rate(arm.turns)) for arm in arms])
    yield _row("warm turns", [_percent(warm_rate(arm.turns)) for arm in arms])


def _row(head: str, cells: Sequence[str]) -> str:
    return f"{head:<10}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)


def _counters(turn: Usage) -> str:
    return f"{turn.input_tokens:,}{turn.cached_tokens:>8,}"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _range(shares: Sequence[float]) -> str:
    least, most = _percent(min(shares)), _percent(max(shares))
    return least if least == most else f"{least} to {most}"
