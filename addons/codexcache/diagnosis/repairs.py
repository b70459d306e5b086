"""What repair was worth to a turn that was repaired, and what it would have been worth to one that was not.

What it was worth is measured by what the turn read: as the client sent it, its prompt parts from the predecessor's at
some place, and what was read beyond that place would have been sent again. What it would have been worth is said of a
miss only where each difference in the prompt is one that a repair makes good, so that it would have been a hit.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

from ..options import Repair
from ..turn.exchange import Exchange
from ..turn.prompt import Prompt, Tool, what_it_says
from ..turn.record import Record
from ..turn.request import Turn
from ..verdicts import PROMPT
from .diagnosis import Diagnosis
from .match import Match, match_of
from .prompt_diff import Change, find_changes

_DAY = 86_400

_BY_ITSELF = frozenset({"time", "UUID"})
"""What instructions can always differ in and be repaired; a date can if it tells the time of day as well.

A number can if the words before it make it a counter, but these are not known here, so nothing is promised of it."""


def saved_tokens(record: Record, match: Match | None, client_turn: Turn) -> int:
    """Return the tokens that a repaired turn read and would have sent again as its client sent it."""
    if match is None or not (usage := record.usage) or not usage.cached or not match.record.usage:
        return 0
    prompt, unread = _client_prompt(record, client_turn), dataclasses.replace(usage, cached=0)
    as_sent = dataclasses.replace(record, prompt=prompt, usage=unread)
    changes = find_changes(as_sent, match_of(as_sent, match.record))
    breaks = [change.before.estimate for change in changes if change.before and change.name in PROMPT]
    read = min(usage.cached, match.record.usage.input)
    return max(0, read - min(breaks)) if breaks else 0


def _client_prompt(record: Record, client_turn: Turn) -> Prompt:
    """Return the whole prompt as the client sent it; the input of a delta is not repaired."""
    prompt = client_turn.prompt
    if client_turn.previous_response_id is None:
        return prompt
    own, whole = prompt.prefix, record.prompt.prefix
    carried = whole.tools[len(whole.tools) - whole.carried_tools :]
    prefix = dataclasses.replace(
        whole,
        tools=(*own.tools, *carried),
        instructions=own.instructions if own.instructions.length else whole.instructions,
        text_format=own.text_format,
    )
    return dataclasses.replace(record.prompt, prefix=prefix)


class Preventable:
    """Counts by day, in UTC, the misses that a repair would have prevented."""

    def __init__(self) -> None:
        self._day = 0
        self._counts = Counter[tuple[Repair, ...]]()

    def advice(self, repairs: tuple[Repair, ...], at: float) -> str:
        """Count a miss at a time in seconds since the epoch, and return what is said of it."""
        if (day := int(at // _DAY)) != self._day:
            self._day = day
            self._counts.clear()
        self._counts[repairs] += 1
        others = self._counts[repairs] - 1
        more = f", as {others:,} more {'miss' if others == 1 else 'misses'} today" if others else ""
        return f"codex_repair={','.join(repairs)} would have prevented it{more}"


def preventing(diagnosis: Diagnosis) -> tuple[Repair, ...]:
    """Return the repairs that would have prevented a miss and were not switched on; none where they would not."""
    record, match, exchange, changes = diagnosis.record, diagnosis.match, diagnosis.exchange, diagnosis.changes
    broken = [change.name for change in changes if change.name in PROMPT]
    if match is None or not diagnosis.verdict.is_miss or diagnosis.verdict.name not in broken:
        return ()
    if not _can_be_repaired(match.record, exchange):
        return ()
    found = [_REPAIRS[name](record, match.record, changes) if name in _REPAIRS else None for name in broken]
    on = exchange.repair.enabled if exchange.repair else ()
    known = tuple(dict.fromkeys(repair for repair in found if repair))
    return known if None not in found and not any(repair in on for repair in known) else ()


def _can_be_repaired(predecessor: Record, exchange: Exchange) -> bool:
    """Return True if a turn is such as is repaired, where the option says so."""
    earlier, remembered, turn = exchange.earlier, exchange.remembered, exchange.turn
    return (
        exchange.mode != "observe"
        and not turn.client_headers.may_be_official
        and exchange.edited_turn is None
        and earlier is not None
        and remembered is not None
        and (turn.previous_response_id is not None or earlier.input_digest != remembered.input_digest)
        and predecessor.origin is None  # of an earlier start no bytes are held
        and predecessor.number == earlier.number
        and predecessor.ended == "completed"
        and predecessor.prompt.prefix.model == turn.model
    )


def _of_tools(record: Record, earlier: Record, _: Sequence[Change]) -> Repair | None:
    new, old = record.prompt.prefix, earlier.prompt.prefix
    if new.carried_tools != old.carried_tools:
        return None
    now, was = _said(new.tools), _said(old.tools)
    if None in now or None in was or Counter(was) - Counter(now):
        return None
    if now[: len(was)] != was:
        return "tool_order"
    return "spelling" if new.tools[: len(was)] != old.tools else None


def _said(tools: Sequence[Tool]) -> list[tuple[str, int] | None]:
    said = ((tool.name, what_it_says(tool)) for tool in tools)
    return [(name, says) if says is not None else None for name, says in said]


def _of_instructions(_: Record, __: Record, changes: Sequence[Change]) -> Repair | None:
    kinds = {kind for change in changes if change.name == "instructions_changed" for kind in change.volatile}
    with_dates = kinds - {"date"} if "time" in kinds else kinds
    return "volatile" if with_dates and with_dates <= _BY_ITSELF else None


_REPAIRS: dict[str, Callable[[Record, Record, Sequence[Change]], Repair | None]] = {
    "tools_changed": _of_tools,
    "instructions_changed": _of_instructions,
}
"""Which repair makes a difference good, by the name of the difference."""
