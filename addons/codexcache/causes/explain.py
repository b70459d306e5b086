"""The debugger's engine: it is told when a turn is sent and when it has ended, and says why it read what it read.

It knows no proxy and no clock: times are arguments, so that a saved capture is explained by the same code as live
traffic.
"""

from collections import OrderedDict, deque
from typing import NamedTuple

from ..turns.outcome import Outcome
from ..turns.prompt import Prompt, read_outputs, read_prompt
from ..turns.record import Record, Route, Usage
from ..turns.refusal import Refusal
from ..turns.turn import Turn
from ..wire.document import Json, is_count
from .changes import Change, find_changes
from .history import History
from .openings import Openings
from .predecessor import Match
from .verdict import Verdict, judge, outlook


class Explained(NamedTuple):
    """The verdict on a turn, what the turn was compared with, and all that differs."""

    verdict: Verdict
    match: Match | None
    changes: tuple[Change, ...]


_KEYS = 10_000
_MINUTE = 60


class Explainer:
    """Explains turns in the order in which they happen."""

    def __init__(self, history: History | None = None) -> None:
        self._openings = Openings()
        self._history = History() if history is None else history  # an empty one counts as false
        self._loads: OrderedDict[str, deque[float]] = OrderedDict()
        self._matches: dict[int, tuple[Match | None, int]] = {}
        self._ended: deque[tuple[Record, Match | None, list[Json]]] = deque()
        self._turns = 0

    @property
    def held(self) -> int:
        """Turns of which something is kept besides the history: those under way, and the last ones that ended."""
        return len(self._matches) + len(self._ended)

    def sent(self, turn: Turn, route: Route, *, flow: str, at: float, named: Record | None = None) -> Record:
        """Take note of a turn that leaves at `at`, in seconds; `named` is the turn whose response it goes on with."""
        self._remember()
        self._turns += 1
        record = Record(
            number=self._turns,
            flow=flow,
            endpoint=turn.endpoint,
            route=route,
            prompt=_prompt(turn, named),
            sent_at=at,
            warm_up=turn.warm_up,
            named=named,
            complete=_is_complete(turn, named),
        )
        self._compare(record, self._load(route.key, at))
        return record

    def released(self, record: Record, turn: Turn, route: Route, *, at: float, named: Record | None = None) -> None:
        """Take note that a turn that was held leaves only at `at`, and as it is now."""
        self._remember()
        record.prompt, record.route, record.sent_at, record.named = _prompt(turn, named), route, at, named
        record.complete = _is_complete(turn, named)
        self._compare(record, self._matches[record.number][1])

    def outlook(self, record: Record) -> Explained | None:
        """Return what a turn is heading for before it leaves, or None where nothing speaks against a hit."""
        match, load = self._matches[record.number]
        changes = find_changes(record, match) if match else ()
        verdict = outlook(record, match, load, changes)
        return Explained(verdict, match, changes) if verdict else None

    def ended(self, record: Record, outcome: Outcome, at: float, refused: Refusal | None = None) -> Explained:
        """Take note of how a turn ended, and of what was refused, and explain it."""
        _conclude(record, outcome, at)
        record.refused = refused
        match, load = self._matches.pop(record.number)
        self._ended.append((record, match, outcome.outputs))
        changes = find_changes(record, match) if match else ()
        return Explained(judge(record, match, load, changes), match, changes)

    def _remember(self) -> None:
        """Take the turns that have ended into the history.

        That waits until a turn is sent. Nobody asks for them before, and what reads its items reads their answers too.
        """
        while self._ended:
            record, match, outputs = self._ended.popleft()  # before anything can fail: what fails is not tried again
            record.outputs = read_outputs(outputs, record.prompt)
            if record.usage and record.complete and not record.warm_up:
                self._history.add(record, match)

    def _compare(self, record: Record, load: int) -> None:
        """Find out what a turn goes on with."""
        match = self._history.predecessor(record)
        record.conversation = match.record.conversation if match else self._openings.conversation(record)
        self._matches[record.number] = match, load
        record.named = None  # a chain of names would keep every turn of a socket in memory

    def _load(self, key: str | None, at: float) -> int:
        """Return how many turns the key carried within the minute up to now, this one included."""
        if key is None:
            return 0
        times = self._loads.setdefault(key, deque())
        self._loads.move_to_end(key)
        times.append(at)
        while times[0] < at - _MINUTE:
            times.popleft()
        if len(self._loads) > _KEYS:
            self._loads.popitem(last=False)
        return len(times)


def _prompt(turn: Turn, named: Record | None) -> Prompt:
    """Return the whole prompt that a turn stands for; it may go on with the response of the turn that it names."""
    return read_prompt(turn.document, named.prompt, named.outputs) if named else turn.prompt


def _is_complete(turn: Turn, named: Record | None) -> bool:
    """Tell whether all that a turn goes on with has been seen."""
    return named.complete if named else turn.previous is None


def _conclude(record: Record, outcome: Outcome, at: float) -> None:
    """Write into the record what its response said."""
    record.ended_at = at
    record.status = outcome.status
    record.response_id = outcome.response_id
    record.echoed_key = outcome.echoed_key
    record.usage = _usage(outcome)
    record.challenge = outcome.challenge
    record.failed = outcome.failure


def _usage(outcome: Outcome) -> Usage | None:
    """Return the counters; an absent one is not 0."""
    given = outcome.usage.get("input_tokens")
    details = outcome.usage.get("input_tokens_details")
    if not is_count(given):
        return None
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    output = outcome.usage.get("output_tokens")
    return Usage(
        input=given,
        cached=cached if is_count(cached) else None,
        output=output if is_count(output) else None,
    )
