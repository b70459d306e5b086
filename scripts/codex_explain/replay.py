"""All turns in the order of time, through the engine that explains live traffic.

Threads run side by side: sub-agents with their parents, one window of Codex with another. So the files are read at the
same time, each from the moment on at which it begins, and of each no more is held than its next turn.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from codexcache.body.json_splice import Json
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.service import DiagnosisService
from codexcache.output.journal import Entries, Pseudonyms, line_of
from codexcache.turn.exchange import Exchange, unchanged_exchange

from codex_explain.rollouts import Library, Rollout
from codex_explain.thread import Response, Thread, turns_of

NOT_LOGGED = "a log does not hold key, session, transport, account or an older Codex's tools, which may have changed"
"""What is added where nothing that was compared has changed."""

_LAST_RESORTS = ("key_overloaded", "upstream")
"""The verdicts where nothing else explains a miss."""

type Event = tuple[float, Callable[[], None]]
type Told = Callable[[int], None]


class Replay:
    """Explains the turns of rollouts, and writes those from a time on as lines of a journal.

    `damaged` are the files that do not end well; `uncounted` the compactions without counters; `agents` the threads
    that worked for another one.
    """

    def __init__(self, library: Library, since: float, write: Callable[[bytes], object]) -> None:
        self.damaged = self.uncounted = 0
        self.agents: set[str] = set()
        self.faults = Counter[str]()
        self._library, self._since, self._write = library, since, write
        self._roots: dict[str, str] = {}
        self._first_words = 0
        self._pseudonyms = Pseudonyms(b"rollouts")  # the same page for the same logs
        self._entries = Entries(self._pseudonyms, "rollouts")
        self._service = DiagnosisService(lambda where, error: self.faults.update([type(error).__name__]))
        self._service.listeners.append(self._listen)

    def run(self, rollouts: Iterable[Rollout], told: Told = lambda size: None) -> None:
        """Explain all turns of some rollouts, given in the order in which they were begun."""
        waiting = [(rollout.started, partial(self._events, rollout, told)) for rollout in rollouts]
        for event in in_order(waiting):
            event()

    def _events(self, rollout: Rollout, told: Told) -> Iterator[Event]:
        for response in turns_of(self._library, rollout, told, self._end):
            exchange = unchanged_exchange(response.turn)
            sent = partial(self._service.turn_sent, exchange, flow=self._root_of(response), at=response.sent_at)
            yield response.sent_at, sent
            _answer(exchange, response)
            yield response.ended_at, partial(self._end_turn, exchange, response)

    def _end_turn(self, exchange: Exchange, response: Response) -> None:
        self._first_words = response.first_words if response.thread == self._root_of(response) else 0
        self._service.turn_ended(exchange, at=response.ended_at)

    def _root_of(self, response: Response) -> str:
        root = self._roots.setdefault(response.thread, self._roots.get(response.root, response.root))
        if root != response.thread and response.ended_at >= self._since:
            self.agents.add(response.thread)
        return root

    def _end(self, thread: Thread, whole: bool) -> None:
        self.damaged += not whole
        self.uncounted += sum(at >= self._since for at in thread.uncounted_compactions)

    def _listen(self, diagnosis: Diagnosis) -> None:
        record = diagnosis.record
        if record.sent_at < self._since:
            return
        entry = self._entries.entry(diagnosis)
        entry["conversation"] = self._pseudonyms.of("conversation", record.flow)
        entry |= _told_by_a_log(diagnosis) | {"first_words_length": self._first_words}
        self._write(line_of(entry))


def in_order(waiting: Iterable[tuple[float, Callable[[], Iterator[Event]]]]) -> Iterator[Callable[[], None]]:
    """Yield the events of many sources by their times; each is opened when its time has come.

    The sources are given with the times of their beginnings, in their order.
    """
    opened: list[tuple[float, int, Callable[[], None], Iterator[Event]]] = []
    left = [*enumerate(waiting)][::-1]
    while left or opened:
        while left and (not opened or left[-1][1][0] <= opened[0][0]):
            number, (_, source) = left.pop()
            _push(opened, number, source())
        if opened:
            _, number, event, events = heapq.heappop(opened)
            yield event
            _push(opened, number, events)


def _push(
    opened: list[tuple[float, int, Callable[[], None], Iterator[Event]]], number: int, events: Iterator[Event]
) -> None:
    if found := next(events, None):
        heapq.heappush(opened, (found[0], number, found[1], events))


def _answer(exchange: Exchange, response: Response) -> None:
    """Give an exchange the response that the log tells of."""
    usage, info = response.usage, exchange.response_info
    details: dict[str, Json] = {} if usage.cached is None else {"cached_tokens": usage.cached}
    info.status, info.response_id, info.outputs = 200, usage.response_id or None, response.answers
    info.usage = {
        "input_tokens": usage.input,
        "input_tokens_details": details,
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
    info.finished = True
    info.end("completed")


def _told_by_a_log(diagnosis: Diagnosis) -> dict[str, Json]:
    """Return what an entry says otherwise: how a turn left is not logged, nor what else may have changed."""
    because = diagnosis.verdict.because
    more = f"{because}; {NOT_LOGGED}" if diagnosis.verdict.name in _LAST_RESORTS else because
    return {"key": None, "key_source": "none", "transport": "log", "echoed_key": "absent", "because": more}
