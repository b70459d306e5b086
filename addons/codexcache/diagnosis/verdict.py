"""The verdict on a turn: after it has ended, or as far as it can be foreseen before it leaves."""

from ..static_frozen import static_frozen
from ..turn.record import Record
from ..verdicts import QUIET, VERDICTS
from .predecessor import Match
from .prompt_diff import Change
from .rules import RULES, RuleContext, repeated, reusable, slack

_RULE_BY_NAME = dict(RULES)


@static_frozen
class Verdict:
    """The verdict on one turn. `reusable` and `resent` are tokens; both are estimates."""

    name: str
    because: str
    changes: tuple[str, ...] = ()
    predecessor: int | None = None
    reusable: int | None = None
    resent: int = 0

    @property
    def is_miss(self) -> bool:
        """Whether tokens were paid for again that could have been read."""
        return self.name not in QUIET

    def __str__(self) -> str:
        return f"{self.name}: {self.because}"


def judge(record: Record, match: Match | None, load: int, changes: tuple[Change, ...]) -> Verdict:
    """Return the verdict on a finished turn, given its predecessor, its key's load, and what has changed."""
    case = RuleContext(record=record, match=match, changes=changes, load=load)
    name, because = next((name, said) for name, check in RULES if (said := check(case)))
    return Verdict(
        name=name,
        because=because,
        changes=case.names,
        predecessor=match.record.number if match else None,
        reusable=reusable(case) if match else None,
        resent=_resent(case) if name not in QUIET else 0,
    )


def predict(record: Record, match: Match | None, load: int, changes: tuple[Change, ...]) -> Verdict | None:
    """Return the verdict that a turn is heading for before it is sent, or None where nothing speaks against a hit."""
    case = RuleContext(record=record, match=match, changes=changes, load=load)
    if (name := _predicted(case)) is None:
        return None
    change = case.change(name)
    return Verdict(
        name=name,
        because=change.detail if change else _RULE_BY_NAME[name](case),
        changes=case.names,
        predecessor=match.record.number if match else None,
        reusable=reusable(case) if match else None,
    )


def _predicted(case: RuleContext) -> str | None:
    """Another transport is no reason by itself, nor is an edit that leaves almost all to be read."""
    if case.match is None:
        return "cold"
    harmless = ("transport_changed",) if _loses(case) else ("transport_changed", "input_changed")
    likely = [name for name in ("idle", "key_overloaded") if _RULE_BY_NAME[name](case)]
    return min([*(name for name in case.names if name not in harmless), *likely], key=VERDICTS.index, default=None)


def _loses(case: RuleContext) -> bool:
    """Tell whether much of the predecessor's prompt cannot be read; a turn that goes back to its head needs no more."""
    assert case.match is not None
    assert case.match.record.usage is not None
    known = case.match.record.usage.input
    goes_back = case.match.head == len(case.record.prompt.items)
    return not goes_back and known - reusable(case) > slack(known)


def _resent(case: RuleContext) -> int:
    """Return the tokens that would have been read had nothing changed around them; what is new is none of them."""
    return max(0, min(case.expected, repeated(case)) - (case.usage.cached or 0))
