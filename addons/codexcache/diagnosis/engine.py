"""What explains turns: it takes each turn when it is sent and when it has ended, and says why it read what it read.

`Engine` knows no proxy and no clock: times are arguments, so that a saved capture is explained by the same code as live
traffic. A turn is compared when it is sent, because only what had ended by then can have been in the cache; it is
judged when it has ended; and it is put into the history when the next one is sent: nothing needs it before.

`FirstTurns` knows which conversation a turn without a predecessor opens. A first turn that failed is tried again, and
no attempt is a predecessor of the next one, since none left anything in the cache. All attempts are one conversation.
"""

import dataclasses
from collections import OrderedDict, deque
from typing import NamedTuple

from ..turn.conclusion import conclude
from ..turn.prompt import Prompt, read_prompt
from ..turn.rate_limits import Limit, RateLimits
from ..turn.record import Record, Route, TurnId
from ..turn.rejected_params import Refusal
from ..turn.request import Turn
from ..turn.response import ResponseInfo
from ..verdicts import MISSES
from .causes import IN_PROMPT, left_out
from .context import RuleContext
from .diagnosis import Verdict
from .history import History
from .learned import NO_LOAD, Learned, Load
from .match import Match
from .patterns import RecentTurns, pattern
from .prompt_diff import Change, find_changes
from .quotes import Said
from .rules import judge, predict
from .tokens import ledger_of

_FIRST_TURNS = 1_000
"""First turns that are remembered; a retry comes soon."""

_ADOPTED = 10_000
"""Turns from elsewhere that are known to be in the history, or to have been forgotten there."""


class Explanation(NamedTuple):
    """The verdict on a turn, what the turn was compared with, and all that differs."""

    verdict: Verdict
    match: Match | None
    changes: tuple[Change, ...]


class FirstTurns:
    """The conversations that were opened last, by all that distinguishes them."""

    def __init__(self, limit: int = _FIRST_TURNS) -> None:
        self._limit = limit
        self._known: OrderedDict[int, int] = OrderedDict()

    def conversation(self, record: Record) -> int:
        """Return the number of the conversation that a turn opens: its own, or that of the first such attempt."""
        prompt, route = record.prompt, record.route
        ids = route.caller, route.key, route.session, route.thread
        digest = hash((ids, prompt.prefix, prompt.items.whole_digest()))  # which keeps no instructions
        number = self._known.setdefault(digest, record.number)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return number


class Engine:
    """Explains turns in the order in which they happen."""

    def __init__(self, history: History | None = None) -> None:
        self._history = History() if history is None else history  # an empty one counts as false
        self._first_turns = FirstTurns()
        self.learned = Learned()
        self._recent = RecentTurns()
        self._said = Said()
        self._matches: dict[int, tuple[Match | None, Load]] = {}
        self._ended: deque[tuple[Record, Match | None]] = deque()
        self._adopted: OrderedDict[TurnId, int] = OrderedDict()
        self._rate_limits = RateLimits()
        self._turns = 0

    @property
    def held(self) -> int:
        """How many turns something is kept of besides the history: those in progress, and the last that ended."""
        return len(self._matches) + len(self._ended)

    def adopt(self, record: Record) -> int:
        """Take in a finished turn of another start or another proxy, once; return the number that it has here."""
        origin = record.origin or TurnId("", record.number)
        if origin not in self._adopted:
            self._history.add(record, None)
            self._said.add(record)
            if len(self._adopted) >= _ADOPTED:
                self._adopted.popitem(last=False)
        return self._adopted.setdefault(origin, record.number)

    def turn_sent(
        self, turn: Turn, route: Route, *, flow: str, at: float, named: Record | None = None, continued: int = 0
    ) -> Record:
        """Take note of a turn that leaves at `at`, in seconds.

        `named` is the turn of its socket whose response it names, `continued` the number of the one whose answer it
        repeats, if any.
        """
        self._remember()
        named = named or self._history.response(turn.previous_response_id, route)
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
            continued=continued,
            complete=_is_complete(turn, named),
            unread=turn.unread,
        )
        if record.endpoint == "handshake":
            self._matches[record.number] = None, NO_LOAD
        else:
            match = self._compare(record, turn)
            self._matches[record.number] = match, self.learned.turn_sent(record, at)
        return record

    def turn_released(
        self, record: Record, turn: Turn, route: Route, *, at: float, named: Record | None = None
    ) -> None:
        """Take note that a turn leaves, or left, at `at` and as it is now: held, or edited after it was handed in."""
        self._remember()
        named = named or self._history.response(turn.previous_response_id, route)
        record.prompt, record.route, record.sent_at, record.named = _prompt(turn, named), route, at, named
        record.complete, record.unread = _is_complete(turn, named), turn.unread
        self._matches[record.number] = self._compare(record, turn), self._matches[record.number][1]

    def turn_withdrawn(self, record: Record) -> None:
        """Forget a turn that did not leave after all."""
        self._matches.pop(record.number, None)
        self.learned.turn_withdrawn(record)

    def predict(self, record: Record) -> Explanation | None:
        """Return what a turn is heading for before it leaves, or None where nothing speaks against a hit."""
        match, load = self._matches[record.number]
        changes = _changes(record, match)
        verdict = predict(self._context(record, match, load, changes))
        return Explanation(verdict, match, changes) if verdict else None

    def turn_ended(
        self, record: Record, response_info: ResponseInfo, at: float, refused: Refusal | None = None
    ) -> Explanation:
        """Take note of how a turn ended, and of what was refused, and explain it."""
        conclude(record, response_info, at)
        record.limits = self._tell_limits(record.route, response_info)
        record.refused = refused
        match, load = self._matches.pop(record.number)
        match = self._history.confirmed(record, match)
        self._ended.append((record, match))
        changes = _changes(record, match)
        context = self._context(record, match, load, changes)
        verdict = self._with_pattern(context, judge(context))
        _conclude_ledger(context, verdict)
        self.learned.turn_ended(record, match, verdict)
        self._recent.add(record)
        return Explanation(verdict, match, changes)

    def _context(self, record: Record, match: Match | None, load: Load, changes: tuple[Change, ...]) -> RuleContext:
        return RuleContext(
            record=record, match=match, changes=changes, load=load, history=self._history, learned=self.learned
        )

    def _with_pattern(self, context: RuleContext, verdict: Verdict) -> Verdict:
        """Return a verdict that also says what it is a case of, where it is one."""
        if context.match is None:
            return verdict
        before = context.match.record.ledger
        found = pattern(context.record, before, verdict.name, verdict.volatile, self._recent)
        return dataclasses.replace(verdict, because=f"{verdict.because}; {found}") if found else verdict

    def _remember(self) -> None:
        """Take the turns that have ended into the history."""
        while self._ended:
            record, match = self._ended.popleft()  # before anything can fail: what fails is not tried again
            self._said.add(record)
            if record.complete:
                self._history.add(record, match)

    def _compare(self, record: Record, turn: Turn) -> Match | None:
        """Return what a turn is compared with, and note its conversation."""
        if (match := self._history.plain(record)) is None:
            start = record.prompt.length - turn.prompt.length  # of a delta, which has only the end of the input
            record.quoting = self._said.quoting(record, turn.parsed_body.lines, start)
            match = self._history.predecessor(record)
        before = match.record if match else record.named  # a turn behind a warm-up is of its conversation, though cold
        record.conversation = before.conversation if before else self._first_turns.conversation(record)
        record.conversation_run = before.conversation_run if before else ""
        record.named = None  # a chain of names would keep every turn of a socket in memory
        return match

    def _tell_limits(self, route: Route, response_info: ResponseInfo) -> tuple[Limit, ...]:
        account = route.host, route.account or route.caller
        if response_info.limits_before:
            self._rate_limits.tell(account, response_info.limits_before)
        return self._rate_limits.tell(account, response_info.limits) if response_info.limits else ()


def _changes(record: Record, match: Match | None) -> tuple[Change, ...]:
    """Return all that differs from the predecessor; a warm-up is the beginning of a prompt, and lacks the rest."""
    return find_changes(record, match) if match and not record.warm_up else ()


def _prompt(turn: Turn, named: Record | None) -> Prompt:
    """Return the whole prompt of a turn, which may begin with that of the turn that it names and its response."""
    return read_prompt(turn.document, named.prompt, named.outputs) if named else turn.prompt


def _is_complete(turn: Turn, named: Record | None) -> bool:
    return named.complete if named else turn.previous_response_id is None and not turn.unread


def _conclude_ledger(context: RuleContext, verdict: Verdict) -> None:
    """Add a turn to the ledger of its conversation."""
    conditions = [name for name in context.names if name not in IN_PROMPT]
    causes = verdict.name, *verdict.volatile
    hit = verdict.name == "hit"
    is_shorter = context.match is not None and verdict.name in MISSES and left_out(context) > 0
    context.record.ledger = ledger_of(context.record, context.match, causes, conditions, hit=hit, left_out=is_shorter)
