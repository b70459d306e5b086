"""What was edited of tools and instructions, which precede the input: a sentence, the kind, and what changes by itself.

Names of tools are shown, texts are not.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..text import ascii_only, counted
from ..turn.prompt import Tool
from ..turn.shape import ORDER, VOLATILE, WHITE_SPACE
from ..turn.text_digest import TextDigest
from .alignment import DROPPED, INSERTED, MOVED, RE_SPELLED, REWRITTEN
from .edits import in_words

type _Tools = tuple[Tool, ...]
type _Pair = tuple[Tool, Tool]
"""A tool of the turn, and the one with its name of the predecessor."""


class Difference(NamedTuple):
    """A difference between two turns' tools or instructions: a sentence, the kind of edit, and what alone differs.

    The kinds are those of an `Edit`; `volatile` is empty if anything else differs (`shape.VOLATILE`).
    """

    detail: str
    kind: str
    volatile: tuple[str, ...] = ()


def instructions_difference(new: TextDigest, old: TextDigest) -> Difference:
    """Return how the instructions of a turn differ from other ones of its predecessor (`old`)."""
    if not (new.length and old.length):
        kind = INSERTED if new.length else DROPPED
        return Difference(f"instructions were {'added' if new.length else 'left out'}", kind)
    offset, volatile = new.common_length(old), new.shape.differing(old.shape)
    only = f" only in {in_words(volatile)}," if volatile else ""
    kind = RE_SPELLED if volatile == (WHITE_SPACE,) else REWRITTEN
    return Difference(f"the instructions differ{only} from about character {offset:,} on", kind, volatile)


def tools_difference(new: _Tools, old: _Tools) -> Difference:
    """Return how the tools of a turn differ from other ones of its predecessor (`old`)."""
    now, was = {tool.name: tool for tool in new}, {tool.name: tool for tool in old}
    parts = [
        *_edited_tools([(now[name], was[name]) for name in now if name in was and now[name] != was[name]]),
        *_listed("was added", INSERTED, [name for name in now if name not in was]),
        *_listed("was removed", DROPPED, [name for name in was if name not in now]),
    ]
    if not parts or _names_in_both(new, was) != _names_in_both(old, now):
        parts.append(_other_order(new, old, is_alone=not parts))
    kinds = {part.kind for part in parts}
    volatile = [part.volatile for part in parts]
    return Difference(
        detail=", ".join(part.detail for part in parts),
        kind=kinds.pop() if len(kinds) == 1 else REWRITTEN,
        volatile=tuple(kind for kind in VOLATILE if any(kind in each for each in volatile)) if all(volatile) else (),
    )


def _edited_tools(pairs: list[_Pair]) -> Iterable[Difference]:
    """Yield what became of the tools that have the same name."""
    ordered, rest = _split(pairs, lambda new, old: new.members == old.members != 0)
    volatile, edited = _split(rest, lambda new, old: bool(new.shape.differing(old.shape)))
    yield from _listed("was edited", REWRITTEN, [new.name for new, _ in edited])
    if volatile:
        kinds = {kind for new, old in volatile for kind in new.shape.differing(old.shape)}
        found = tuple(kind for kind in VOLATILE if kind in kinds)
        verb = "differs" if len(volatile) == 1 else "differ"
        yield Difference(
            f"{_names([new.name for new, _ in volatile])} {verb} only in {in_words(found)}", REWRITTEN, found
        )
    if ordered:
        which = _names([ordered[0][0].name]) if len(ordered) == 1 else counted(len(ordered), "tool")
        yield Difference(f"the members of {which} came in another order", RE_SPELLED, (ORDER,))


def _split(pairs: list[_Pair], condition: Callable[[Tool, Tool], bool]) -> tuple[list[_Pair], list[_Pair]]:
    """Return the pairs of which a condition is true, and the others."""
    return [pair for pair in pairs if condition(*pair)], [pair for pair in pairs if not condition(*pair)]


def _listed(what: str, kind: str, names: list[str]) -> Iterable[Difference]:
    return [Difference(f"{_names(names)} {what}", kind)] if names else []


def _names(names: list[str]) -> str:
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"tool {ascii_only(names[0], 48)}{more}"


def _names_in_both(tools: _Tools, others: dict[str, Tool]) -> list[str]:
    return [tool.name for tool in tools if tool.name in others]


def _other_order(new: _Tools, old: _Tools, *, is_alone: bool) -> Difference:
    """Return that tools came in another order, or that one of them is listed twice."""
    if is_alone and len(new) != len(old):
        return Difference(
            f"the same {len({tool.name for tool in new})} tools are listed a different number of times", MOVED
        )
    which = f"the same {counted(len(new), 'tool')}" if is_alone else "the tools"
    return Difference(f"{which} came in another order", MOVED, (ORDER,))
