"""Short ways to write what is remembered of turns, histories of them, and what is found in these."""

from collections.abc import Sequence
from typing import Any

from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.context import RuleContext
from codexcache.diagnosis.diagnosis import Verdict
from codexcache.diagnosis.history import History
from codexcache.diagnosis.learned import NO_LOAD, Load
from codexcache.diagnosis.match import Match, match_of
from codexcache.diagnosis.prompt_diff import find_changes
from codexcache.diagnosis.rules import judge, predict
from codexcache.turn.prompt import read_outputs, read_prompt
from codexcache.turn.record import Record, Route, Usage
from codexcache.wire.routes import Endpoint

from support.turns import conversation

ROUTE: dict[str, Any] = {
    "key": "k",
    "session": "s",
    "caller": b"c",
    "account": "a",
    "transport": "http",
    "socket": "",
    "host": "chatgpt.com",
}


def route(**given: Any) -> Route:
    """Return how a turn leaves, the same for all but what is given."""
    return Route(**{**ROUTE, **given})


def record(
    number: int = 1,
    items: Sequence[Json] = (),
    *,
    at: float = 0.0,
    took: float | None = 5.0,
    tokens: int | None = 10_000,
    cached: int | None = 0,
    via: Route | None = None,
    body: Object | None = None,
    endpoint: Endpoint = "responses",
    **given: Any,
) -> Record:
    """Return a turn that has ended; one that took None has not."""
    made = Record(
        number=number,
        flow=f"flow-{number}",
        endpoint=endpoint,
        route=via or route(),
        prompt=read_prompt({"model": "m", "instructions": "i", **(body or {}), "input": list(items)}),
        sent_at=at,
        conversation=number,
        ended_at=None if took is None else at + took,
        usage=None if tokens is None or took is None else Usage(input=tokens, cached=cached, output=100),
        status=200,
    )
    for name, value in given.items():
        setattr(made, name, value)
    return made


def answered(made: Record, *outputs: Json) -> Record:
    """Return a turn that was answered with these items."""
    made.outputs = read_outputs(outputs, made.prompt)
    return made


def match(mine: Record, other: Record) -> Match:
    """Return the other turn as the predecessor."""
    return match_of(mine, other)


def context_of(mine: Record, found: Match | None, load: Load = NO_LOAD, **given: Any) -> RuleContext:
    """Return what a verdict on a turn is based on."""
    changes = find_changes(mine, found) if found else ()
    return RuleContext(record=mine, match=found, changes=changes, load=load, **given)


def judged(mine: Record, other: Record | None, load: Load = NO_LOAD, **given: Any) -> Verdict:
    """Return the verdict on a turn with another as its predecessor."""
    return judge(context_of(mine, match(mine, other) if other else None, load, **given))


def predicted(mine: Record, found: Match | None, load: Load = NO_LOAD) -> Verdict | None:
    """Return the verdict that a turn is heading for."""
    return predict(context_of(mine, found, load))


type Found = tuple[int, int] | None
"""The number of a predecessor, and how many items it shares with the turn."""

ITEMS = conversation("a", "b", "c", "d", "e")


def remembering(*records: Record, limit: int = 1 << 20) -> History:
    """Return a history of turns, each with what it was found to extend."""
    history = History(limit)
    for one in records:
        found = history.predecessor(one)
        one.conversation = found.record.conversation if found else one.number
        history.add(one, found)
    return history


def found(history: History, mine: Record) -> Found:
    """Return the number of the predecessor and how many items they share."""
    match = history.predecessor(mine)
    return (match.record.number, match.shared_items) if match else None


def turns(*inputs: Sequence[Json], body: Object | None = None) -> list[Record]:
    """Return turns that follow one another."""
    return [record(n, given, at=10.0 * n, body=body) for n, given in enumerate(inputs, 1)]


def now(items: Sequence[Json], body: Object | None = None, **given: object) -> Record:
    return record(99, items, at=1000.0, body=body, **given)  # type: ignore[arg-type]


NINE = conversation("a", "b", "c", "d", "e", "f", "g", "h", "i")


def two(
    *,
    before: int = 20_000,
    gap: float = 10.0,
    items: list[Json] | None = None,
    body: Object | None = None,
    via: dict[str, Any] | None = None,
    **given: Any,
) -> tuple[Record, Record]:
    """Return a turn with `before` input tokens, and one that comes `gap` seconds after it."""
    tools: Object = {"tools": [{"name": "t"}]}
    first = record(1, NINE[:7], tokens=before, via=route(socket="1"), body=tools)
    leaves = route(**{"socket": "1", **(via or {})})
    body = {**tools, **(body or {})}
    return first, record(2, NINE if items is None else items, at=5.0 + gap, via=leaves, body=body, **given)


def after(*, tokens: int | None = 20_000, cached: int | None = 0, load: Load = NO_LOAD, **given: Any) -> Verdict:
    """Return the verdict on the second of two turns."""
    first, mine = two(tokens=tokens, cached=cached, **given)
    return judged(mine, first, load)
