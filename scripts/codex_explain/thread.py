"""The turns of one rollout: what was sent, as far as it is logged, and what came.

A file has the items in the order in which they became part of the history; the counters of a response follow what the
model made in it. What a client puts behind that before they come, as the output of a call that was quick, is part of
the next request. A compaction by the backend is a response that has counters and no item; the line behind it has the
history that takes the place of the old one. One by `/compact` (up to 0.130) has no counters anywhere.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from codexcache.body.json_splice import as_list
from codexcache.turn.items import CALLS, texts
from codexcache.turn.request import ClientHeaders, Turn, read_client_headers

from codex_explain.counters import Counters, Total, Usage, totals
from codex_explain.history import History
from codex_explain.lines import Damaged, Line, read_lines
from codex_explain.rollouts import Library, Rollout

_COMPACTED = frozenset({"compaction", "compaction_summary", "context_compaction"})
_MADE = CALLS | _COMPACTED | {"reasoning", "image_generation_call"}
_DEEPEST = 30
"""Forks of forks whose history is looked up."""
_TRIGGER = {"type": "compaction_trigger"}
_LONGEST_ID = 100


class Response(NamedTuple):
    """A turn with its response. Times are seconds since the epoch; `root` is the thread that its agent works for.

    `first_words` are the characters of the thread's first words, by which a person finds it; 0 behind the first turn.
    """

    turn: Turn
    usage: Usage
    answers: list[Any]
    sent_at: float
    ended_at: float
    thread: str
    root: str
    first_words: int = 0


class Thread:
    """Reads the lines of one rollout; it begins with what it continues of another."""

    def __init__(self, library: Library, started: float, *, depth: int = 0) -> None:
        self.id = self.root = ""
        self.uncounted_compactions: list[float] = []
        self.history = History()
        self._library, self._started, self._depth = library, started, depth
        self._headers: ClientHeaders | None = None
        self._provider = ""
        self._counters = Counters()
        self._answers: list[Any] = []
        self._behind: list[Any] = []
        self._first_words, self._turns = 0, 0
        self._latest_input = 0
        self._without_tools: Turn | None = None
        self._sent_at: float | None = None
        self._open: Response | None = None
        self._readers: dict[str, Callable[[Line], None]] = {
            "session_meta": self._begin,
            "turn_context": self._set,
            "thread_settings_applied": self._set_tier,
            "task_started": self._send,
            "turn_started": self._send,
            "user_message": self._mark,
            "response_item": self._add,
            "compacted": self._compact,
            "thread_rolled_back": self._take_back,
        }

    def read(self, line: Line) -> Iterator[Response]:
        """Read the next line, and yield the turn that is known to be over by it, if any."""
        self._counters.seen(line.at)
        if line.type in ("token_count", "token_usage_record"):
            yield from self._count(line)
        elif reader := self._readers.get(line.type):
            if line.type != "compacted":
                yield from self.end()
            reader(line)
            if line.type == "compacted":
                yield from self.end()

    def end(self) -> Iterator[Response]:
        """Yield the turn that was over, if any: no more lines come that belong to it."""
        if self._open:
            yield self._open
            self._open = None

    def whole_history(self) -> History:
        """Return the history with all that was read so far."""
        self._settle()
        return self.history

    def _begin(self, line: Line) -> None:
        meta = line.payload
        if self.id:  # the lines of another thread follow, which an older Codex copies into the file of a fork
            self._begin_copy(line)
            return
        self.id, self._provider = _id(meta.get("id")), _id(meta.get("model_provider"))
        if isinstance(base := meta.get("history_base"), dict):
            self._continue(base)
        instructions = meta.get("base_instructions")
        if isinstance(instructions, dict) and isinstance(text := instructions.get("text"), str):
            self.history.instructions = text
        self.root = _id(meta.get("session_id")) or _parent(meta) or self.id
        self.history.key = _id(meta.get("session_id")) or self.id  # openai/codex 4aa950d456, and before it
        client = f"{_id(meta.get('originator')) or 'codex'}/{_id(meta.get('cli_version'))}"
        fields = {"user-agent": client, "thread-id": self.id, "session-id": self.history.key}
        self._headers = read_client_headers(tuple((name.encode(), value.encode()) for name, value in fields.items()))

    def _begin_copy(self, line: Line) -> None:
        if not self._counters.copies:
            source = _id(line.payload.get("id"))
            self._counters.begin_copy(_totals_of(self._library, source, self._started), line.at)

    def _continue(self, base: dict[str, Any]) -> None:
        """Take over the history of another file, up to one of its lines."""
        known = _history_at(self._library, _id(base.get("thread_id")), base, self._started, self._depth)
        self.history = known or History()
        self.history.is_whole = known is not None and known.is_whole

    def _set(self, line: Line) -> None:
        self._send(line)
        self.history.model = _id(line.payload.get("model")) or self.history.model
        self.history.set_effort(_id(line.payload.get("effort")))

    def _set_tier(self, line: Line) -> None:
        settings = line.payload.get("thread_settings")
        self.history.tier = _id(settings.get("service_tier")) if isinstance(settings, dict) else ""

    def _send(self, line: Line) -> None:
        """Note that a request can leave now at the earliest."""
        if not self._answers:
            self._sent_at = line.at

    def _mark(self, line: Line) -> None:
        self._send(line)
        self.history.mark()

    def _add(self, line: Line) -> None:
        item = line.payload
        if _is_made(item):
            self._answers.append(item)
        elif self._answers and str(item.get("type")).endswith("_output") and str(item.get("call_id")) in self._calls:
            self._behind.append(item)
        else:
            self._settle()
            if item.get("role") == "user":
                self.history.propose()
                self._first_words = sum(map(len, texts(item.get("content"))))
            self.history.extend([item])
            self._sent_at = line.at

    @property
    def _calls(self) -> set[str]:
        return {str(item.get("call_id")) for item in self._answers}

    def _settle(self) -> None:
        """Put what the model made and what came behind it into the history."""
        if self._answers or self._behind:
            self.history.extend([*self._answers, *self._behind])
            self._answers, self._behind = [], []

    def _compact(self, line: Line) -> None:
        told = as_list(line.payload.get("replacement_history"))
        made = _made_by_backend(told)
        if self._open and not (made and self._open.answers):
            self._open = self._compaction(self._open, made, line.payload.get("message"))
        elif made and not self._counters.copies:
            self.uncounted_compactions.append(line.at)
        self._settle()
        self.history.replace(told)
        self._sent_at = line.at

    def _compaction(self, response: Response, made: list[Any], message: Any) -> Response:
        """Return the turn that compacted the history: what it made is in what took its place.

        A client that has the model write a summary may log it before the counters (0.155), or here alone (0.98, 0.130).
        """
        if made:
            assert self._headers is not None
            return response._replace(
                turn=self.history.turn(self._headers, response.turn.host, [_TRIGGER]), answers=made
            )
        summary = [{"type": "message", "role": "assistant", "content": message}] if message else []
        return response._replace(turn=self._without_tools or response.turn, answers=response.answers or summary)

    def _take_back(self, line: Line) -> None:
        self._settle()
        turns = line.payload.get("num_turns")
        self.history.take_back(turns if isinstance(turns, int) else 0)

    def _count(self, line: Line) -> Iterator[Response]:
        if line.type == "token_usage_record":
            usage = self._counters.read_record(line.payload)
        else:
            usage = self._counters.read_count(line.payload, line.at)
        if usage is None or self._headers is None:
            return
        yield from self.end()
        turn = self._read_turn(self._headers, usage)
        sent_at = line.at if self._sent_at is None else min(self._sent_at, line.at)
        self._open = Response(turn, usage, self._answers, sent_at, line.at, self.id, self.root)
        if not self._turns:
            self._open = self._open._replace(first_words=self._first_words)
        self._turns += 1
        self._sent_at = None
        if self._answers:
            self._sent_at = line.at if self._behind else None
            self._settle()

    def _read_turn(self, client_headers: ClientHeaders, usage: Usage) -> Turn:
        """Return the turn that was counted, and keep what it is if it turns out to be a request for a summary.

        Up to 0.155 that is sent without tools, and so counted with fewer tokens than the turn that it extends.
        """
        host, history = self._provider or "openai", self.history
        is_less = usage.input < self._latest_input and not history.logs_tools
        self._without_tools = history.turn(client_headers, host, without_tools=True) if is_less else None
        self._latest_input = usage.input
        return history.turn(client_headers, host)


def turns_of(library: Library, rollout: Rollout, told: Callable[[int], None], on_end: "OnEnd") -> Iterator[Response]:
    """Yield the turns of a rollout. A file that is damaged, or gone, counts up to there."""
    thread, whole = Thread(library, rollout.started), True
    try:
        for line in read_lines(rollout.path, told):
            yield from thread.read(line)
    except (Damaged, OSError):
        whole = False
    yield from thread.end()
    on_end(thread, whole)


type OnEnd = Callable[[Thread, bool], None]
"""Is called at the end of a file, with whether it was whole."""


def _history_at(library: Library, thread: str, base: dict[str, Any], before: float, depth: int) -> History | None:
    """Return the history of a thread up to one of its lines, None where that is not known."""
    end = base.get("end_ordinal_exclusive")
    if not isinstance(end, int) or depth >= _DEEPEST:
        return None
    for rollout in library.of_thread(thread, before):
        reader, place = Thread(library, rollout.started, depth=depth + 1), None
        try:
            for line in read_lines(rollout.path):
                if line.ordinal is None or line.ordinal >= end:
                    break
                place = line.ordinal
                for _ in reader.read(line):
                    pass
        except (Damaged, OSError):
            return None
        if place is not None:
            return reader.whole_history()
    return None


def _totals_of(library: Library, thread: str, before: float) -> list[Total] | None:
    """Return the totals that a thread had come to before a time, None where its file is not there."""
    for rollout in library.of_thread(thread, before):
        found: list[dict[str, Any]] = []
        try:
            for line in read_lines(rollout.path):
                if line.type == "token_count" and line.at <= before:
                    found.append(line.payload)
        except (Damaged, OSError):
            return None
        return totals(iter(found))
    return None


def _made_by_backend(items: list[Any]) -> list[Any]:
    """Return the items that stand for a history which the backend compacted."""
    return [item for item in items if isinstance(item, dict) and _kind(item) in _COMPACTED]


def _is_made(item: dict[str, Any]) -> bool:
    return _kind(item) in _MADE or (_kind(item) == "message" and item.get("role") == "assistant")


def _kind(item: dict[str, Any]) -> str:
    """Return the type of an item, "" where it is no text."""
    kind = item.get("type")
    return kind if isinstance(kind, str) else ""


def _parent(meta: dict[str, Any]) -> str:
    """Return the thread that a sub-agent works for, "" for another one."""
    source = meta.get("source")
    spawned = source.get("subagent") if isinstance(source, dict) else None
    told = spawned.get("thread_spawn") if isinstance(spawned, dict) else None
    own = told.get("parent_thread_id") if isinstance(told, dict) else None
    return _id(meta.get("parent_thread_id")) or _id(own)


def _id(value: Any) -> str:
    """Return a short text of visible ASCII, "" for anything else."""
    is_one = isinstance(value, str) and len(value) <= _LONGEST_ID and value.isascii() and value.isprintable()
    return value if is_one else ""
