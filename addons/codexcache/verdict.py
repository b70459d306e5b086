"""Why a turn read from the prompt cache what it read, or did not: one verdict, by an ordered table.

Theory. The backend can read what an earlier turn of the same conversation left in its cache, if the turn reaches the
server that holds it, within some minutes, under the same account and model, and as far as the prompt's head is the
same. So there are three kinds of cause: the turn did not get there (identity and routing), there was nothing equal to
read (the prompt), or it was gone (time, load, the server's side). The counters say how much was read; what changed
says why, but only together with them: a change that cost nothing explains nothing, and a change far into the prompt
does not explain why nothing at all was read.

The first row of the table whose evidence holds is the verdict. Rows above `hit` say that there is nothing to
explain; rows below it name a cause. The last three are likelihoods, and their sentences say so.

Sources of the figures: caching starts at 1,024 input tokens; an unused entry lives for five to ten minutes; about 15
requests a minute to one key overflow to other servers (all OpenAI, "Prompt caching"). `cached_tokens` is part of
`input_tokens` (openai/codex, `protocol/src/protocol.rs`). That a constant floor of cached tokens under a growing
input is a miss: openai/codex#20301. Not known: the real minimum on this backend, and whether the limit of 15 holds
there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .changes import Change, find_changes
from .history import Match
from .record import Record, Usage

MINIMUM = 1024
IDLE_SECONDS = 5 * 60
TURNS_A_MINUTE = 15

ROUTING = (
    "account_changed",
    "model_changed",
    "prompt_cache_key_changed",
    "session_changed",
    "service_tier_changed",
)
PROMPT = (
    "tools_changed",
    "text_format_changed",
    "reasoning_effort_changed",
    "verbosity_changed",
    "parallel_tool_calls_changed",
    "instructions_changed",
    "context_compacted",
    "input_changed",
)
QUIET = ("rejected", "no_usage", "below_minimum", "cold", "hit")
"""Verdicts that are no misses."""

VERDICTS = (
    *QUIET,
    *ROUTING,
    "session_missing",
    "transport_changed",
    "key_replaced",
    *PROMPT,
    "idle",
    "key_overloaded",
    "upstream",
)


MISSES = frozenset(VERDICTS) - frozenset(QUIET)
FORESEEABLE = tuple(name for name in VERDICTS[3:] if name not in ("hit", "key_replaced", "upstream"))
"""Verdicts that can be told before a turn is sent: `cold`, and the misses that are no fault of the backend's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a verdict is based on. `load` is the number of turns that the key carried within the last minute."""

    record: Record
    match: Match | None
    changes: tuple[Change, ...]
    load: int

    @property
    def usage(self) -> Usage:
        """The turn's counters; only asked for where there are any."""
        assert self.record.usage is not None
        return self.record.usage

    @property
    def expected(self) -> int:
        """Tokens that would have been read had nothing gone wrong: all of the predecessor that this turn can hold."""
        assert self.match is not None
        assert self.match.record.usage is not None
        return min(self.match.record.usage.input, self.usage.input)

    @property
    def gap(self) -> float:
        """Seconds between the predecessor's end and this turn."""
        assert self.match is not None
        return self.record.sent_at - (self.match.record.ended_at or self.match.record.sent_at)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all changes, each once."""
        return tuple(dict.fromkeys(change.name for change in self.changes))

    def change(self, *names: str) -> Change | None:
        """Return the first change with one of these names."""
        return next((change for change in self.changes if change.name in names), None)


@dataclass(frozen=True, slots=True, kw_only=True)
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


def judge(record: Record, match: Match | None, load: int) -> Verdict:
    """Return the verdict on a finished turn, given its predecessor and its key's load."""
    case = Case(record=record, match=match, changes=find_changes(record, match) if match else (), load=load)
    name, because = next((name, said) for name, check in TABLE if (said := check(case)))
    return Verdict(
        name=name,
        because=because,
        changes=case.names,
        predecessor=match.record.number if match else None,
        reusable=reusable(case) if match else None,
        resent=_resent(case) if name not in QUIET else 0,
    )


def foresee(record: Record, match: Match | None, load: int) -> str | None:
    """Return the verdict that a turn is heading for before it is sent, or None where nothing speaks against a hit.

    Another transport is no reason by itself, nor is an edit that leaves almost all to be read.
    """
    if match is None or match.record.usage is None:
        return "cold"
    case = Case(record=record, match=match, changes=find_changes(record, match), load=load)
    harmless = ("transport_changed",) if _loses(case) else ("transport_changed", "input_changed")
    likely = (("idle", _idle(case)), ("key_overloaded", _key_overloaded(case)))
    names = [*(name for name in case.names if name not in harmless), *(name for name, said in likely if said)]
    return min(names, key=VERDICTS.index, default=None)


def _loses(case: Case) -> bool:
    """Tell whether much of the predecessor's prompt cannot be read; a turn that goes back to its head needs no more."""
    assert case.match is not None
    assert case.match.record.usage is not None
    known = case.match.record.usage.input
    goes_back = case.match.head == len(case.record.prompt.items)
    return not goes_back and known - reusable(case) > slack(known)


def outlook(record: Record, match: Match | None, load: int) -> Verdict | None:
    """Return the verdict that a turn is heading for as `foresee` does, with its sentence."""
    if (name := foresee(record, match, load)) is None:
        return None
    case = Case(record=record, match=match, changes=find_changes(record, match) if match else (), load=load)
    change = case.change(name)
    return Verdict(
        name=name,
        because=change.detail if change else dict(TABLE)[name](case),
        changes=tuple(dict.fromkeys(change.name for change in case.changes)),
        predecessor=match.record.number if match else None,
        reusable=reusable(case) if match and match.record.usage else None,
    )


def reusable(case: Case) -> int:
    """Return how many tokens of the predecessor's prompt stand unchanged at the head of this one."""
    assert case.match is not None
    assert case.match.record.usage is not None
    breaks = [change.before for change in case.changes if change.name in PROMPT and change.before is not None]
    return min([case.match.record.usage.input, *breaks])


def slack(tokens: int) -> int:
    """Return by how much the counters may fall short: 1,024 tokens or 5 %, whichever is more."""
    return max(MINIMUM, tokens // 20)


def _resent(case: Case) -> int:
    return max(0, case.expected - (case.usage.cached or 0))


def _rejected(case: Case) -> str:
    record, status = case.record, case.record.status or 0
    if record.challenge:
        return (
            f"a challenge page came instead of an answer (status {status}): a proxy's TLS fingerprint differs from the "
            "client's, and the site asked for a browser"
        )
    if record.refused:
        return f"the backend refused the member {record.refused!r} (status {status}); codex_strip can remove it"
    if status >= 400:
        return f"the backend answered with status {status}" + (f" ({record.failed})" if record.failed else "")
    return f"the backend failed the turn ({record.failed})" if record.failed else ""


def _no_usage(case: Case) -> str:
    usage = case.record.usage
    if usage is None:
        return "the turn ended without usage counters: it was cut or cancelled, or they were stripped"
    return "the response does not say how many tokens were cached" if usage.cached is None else ""


def _below_minimum(case: Case) -> str:
    if case.usage.input < MINIMUM:
        return f"{case.usage.input:,} input tokens are fewer than the {MINIMUM:,} from which on anything is cached"
    if case.match and case.expected <= MINIMUM and not case.usage.cached:
        return f"its predecessor's {case.expected:,} tokens are too few to have been cached"
    return ""


def _cold(case: Case) -> str:
    return "" if case.match else "no earlier turn of this conversation is known"


def _hit(case: Case) -> str:
    cached = case.usage.cached or 0
    if cached < case.expected - slack(case.expected):
        return ""
    return f"{cached:,} tokens were read, of some {case.expected:,} that could be"


def _changed(name: str) -> Callable[[Case], str]:
    """Return the check for a change that explains any miss, wherever it stands."""

    def check(case: Case) -> str:
        change = case.change(name)
        return change.detail if change else ""

    return check


def _prompt_cache_key_changed(case: Case) -> str:
    change = case.change("prompt_cache_key_changed")
    if change is None:
        return ""
    hint = "; codex_mode=pin would hold the client to its first key" if case.record.route.pinnable else ""
    return change.detail + hint


def _session_missing(case: Case) -> str:
    """A socket stays with its server, so on the predecessor's own a changed prompt is the better explanation."""
    change = case.change("session_missing")
    if change is None or (_shares_socket(case) and case.change(*PROMPT)):
        return ""
    return change.detail


def _transport_changed(case: Case) -> str:
    change = case.change("transport_changed")
    return "" if change is None or case.change(*PROMPT) else f"nothing of the prompt changed, but {change.detail}"


def _input_changed(case: Case) -> str:
    """A changed item explains a miss unless much less was read than stands before it."""
    change = case.change("input_changed")
    if change is None or _is_clearly_below(case.usage.cached or 0, change.before or 0):
        return ""
    return change.detail


def _is_clearly_below(cached: int, before: int) -> bool:
    """Tell whether less was read than the change leaves unchanged, by more than the estimate can err."""
    return cached < before - max(MINIMUM, before // 4)


def _idle(case: Case) -> str:
    if case.gap <= IDLE_SECONDS:
        return ""
    return f"nothing else explains it, and {_minutes(case.gap)} passed since its predecessor: the cache likely expired"


def _key_overloaded(case: Case) -> str:
    if case.load <= TURNS_A_MINUTE:
        return ""
    return (
        f"nothing else explains it, and the key carried {case.load} turns within a minute: it likely overflowed to "
        "another server"
    )


def _upstream(case: Case) -> str:
    if not case.changes:
        said = "everything comparable is the same"
    else:
        said = f"what changed ({', '.join(case.names)}) does not explain that so little was read"
    return f"{said}, and only {case.gap:.0f} s passed since its predecessor: likely the server's side"


def _shares_socket(case: Case) -> bool:
    return case.match is not None and case.record.route.socket == case.match.record.route.socket != ""


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


TABLE: tuple[tuple[str, Callable[[Case], str]], ...] = (
    ("rejected", _rejected),
    ("no_usage", _no_usage),
    ("below_minimum", _below_minimum),
    ("cold", _cold),
    ("hit", _hit),
    ("account_changed", _changed("account_changed")),
    ("model_changed", _changed("model_changed")),
    ("prompt_cache_key_changed", _prompt_cache_key_changed),
    ("session_changed", _changed("session_changed")),
    ("service_tier_changed", _changed("service_tier_changed")),
    ("session_missing", _session_missing),
    ("transport_changed", _transport_changed),
    ("key_replaced", _changed("key_replaced")),
    *((name, _changed(name)) for name in PROMPT if name != "input_changed"),
    ("input_changed", _input_changed),
    ("idle", _idle),
    ("key_overloaded", _key_overloaded),
    ("upstream", _upstream),
)
