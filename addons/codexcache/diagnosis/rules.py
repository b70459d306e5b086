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

from ..static_frozen import static_frozen
from ..text import minutes
from ..turn.record import Record, Usage
from ..verdicts import PROMPT
from .predecessor import Match
from .prompt_diff import Change, tokens_before

# What a verdict is based on: a turn, its predecessor, what changed, and what follows from the counters.

MINIMUM = 1024
"""Tokens from which on a prompt is cached."""


@static_frozen
class RuleContext:
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


def reusable(case: RuleContext) -> int:
    """Return how many tokens of the predecessor's prompt stand unchanged at the head of this one."""
    assert case.match is not None
    assert case.match.record.usage is not None
    breaks = [change.before for change in case.changes if change.name in PROMPT and change.before is not None]
    return min([case.match.record.usage.input, *breaks])


def repeated(case: RuleContext) -> int:
    """Return how many tokens of the predecessor's prompt stand anywhere in this one; an estimate, by proportion.

    Tools and instructions that were edited count as far as they are no longer than before.
    """
    assert case.match is not None
    mine, theirs, head = case.record.prompt, case.match.record.prompt, case.match.head
    tools = {tool.name: tool.size for tool in mine.prefix.tools}
    items = set(mine.items.digests(head))
    again = [theirs.items[index].size for index, one in enumerate(theirs.items.digests(head), head) if one in items]
    size = sum(min(tool.size, tools.get(tool.name, 0)) for tool in theirs.prefix.tools)
    size += min(len(mine.prefix.instructions), len(theirs.prefix.instructions))
    return tokens_before(case.match, size + theirs.items.size(head) + sum(again))


def slack(tokens: int) -> int:
    """Return by how much the counters may fall short: 1,024 tokens or 5 %, whichever is more."""
    return max(MINIMUM, tokens // 20)


IDLE_SECONDS = 5 * 60
TURNS_A_MINUTE = 15


_REFUSED = {
    "client": "; codex_strip can remove it",
    "addon": ", which this addon had added",
    "neither": ", which the turn did not bear when it left: likely the server's side",
}
"""What follows on a refused member, by who had put it there."""


def _rejected(case: RuleContext) -> str:
    record, status = case.record, case.record.status or 0
    if record.challenge:
        return (
            f"a challenge page came instead of an answer (status {status}): a proxy's TLS fingerprint differs from the "
            "client's, and the site asked for a browser"
        )
    if record.refused:
        said = _REFUSED[record.refused.origin]
        return f"the backend refused the member {record.refused.member!r} (status {status}){said}"
    if status >= 400:
        return f"the backend answered with status {status}" + (f" ({record.failed})" if record.failed else "")
    return f"the backend failed the turn ({record.failed})" if record.failed else ""


def _no_usage(case: RuleContext) -> str:
    usage = case.record.usage
    if usage is None:
        return "the turn ended without usage counters: it was cut or cancelled, or they were stripped"
    return "the response does not say how many tokens were cached" if usage.cached is None else ""


def _below_minimum(case: RuleContext) -> str:
    if case.usage.input < MINIMUM:
        return f"{case.usage.input:,} input tokens are fewer than the {MINIMUM:,} from which on anything is cached"
    if case.match and case.expected <= MINIMUM and not case.usage.cached:
        return f"at most {case.expected:,} of its tokens had been sent before, which are too few to have been cached"
    return ""


def _cold(case: RuleContext) -> str:
    if case.match:
        return ""
    cached = case.usage.cached if case.record.usage else None
    known = f"; {cached:,} tokens were read all the same, which others had sent" if cached else ""
    return f"no earlier turn of this conversation is known{known}"


def _hit(case: RuleContext) -> str:
    cached, expected = case.usage.cached or 0, case.expected
    if cached < expected - slack(expected):
        return ""
    if cached > expected:
        return f"{cached:,} tokens were read: all of its predecessor's {expected:,}, and more that others had sent"
    return f"{cached:,} tokens were read, of some {expected:,} that could be"


def _changed(name: str) -> Callable[[RuleContext], str]:
    """Return the check for a change that explains any miss, wherever it stands."""

    def check(case: RuleContext) -> str:
        change = case.change(name)
        return change.detail if change else ""

    return check


def _prompt_cache_key_changed(case: RuleContext) -> str:
    change = case.change("prompt_cache_key_changed")
    if change is None:
        return ""
    hint = "; codex_mode=pin would hold the client to its first key" if case.record.route.pinnable else ""
    return change.detail + hint


def _session_missing(case: RuleContext) -> str:
    """A socket stays with its server, so on the predecessor's own a changed prompt is the better explanation."""
    change = case.change("session_missing")
    if change is None or (_shares_socket(case) and case.change(*PROMPT)):
        return ""
    return change.detail


def _transport_changed(case: RuleContext) -> str:
    change = case.change("transport_changed")
    return "" if change is None or case.change(*PROMPT) else f"nothing of the prompt changed, but {change.detail}"


def _input_changed(case: RuleContext) -> str:
    """A changed item explains a miss unless much less was read than stands before it."""
    change = case.change("input_changed")
    if change is None or _is_clearly_below(case.usage.cached or 0, change.before or 0):
        return ""
    return change.detail


def _is_clearly_below(cached: int, before: int) -> bool:
    """Tell whether less was read than the change leaves unchanged, by more than the estimate can err."""
    return cached < before - max(MINIMUM, before // 4)


def _idle(case: RuleContext) -> str:
    if case.gap <= IDLE_SECONDS:
        return ""
    return f"nothing else explains it, and {minutes(case.gap)} passed since its predecessor: the cache likely expired"


def _key_overloaded(case: RuleContext) -> str:
    if case.load <= TURNS_A_MINUTE:
        return ""
    return (
        f"nothing else explains it, and the key carried {case.load} turns within a minute: it likely overflowed to "
        "another server"
    )


def _upstream(case: RuleContext) -> str:
    assert case.match is not None
    if case.changes:
        said = f"what changed ({', '.join(case.names)}) does not explain that so little was read"
    elif (endpoint := case.record.endpoint) != case.match.record.endpoint:
        said = f"everything comparable is the same, but its predecessor did not go to /{endpoint}"
    else:
        said = "everything comparable is the same"
    return f"{said}, and only {case.gap:.0f} s passed since its predecessor: likely the server's side"


def _shares_socket(case: RuleContext) -> bool:
    return case.match is not None and case.record.route.socket == case.match.record.route.socket != ""


RULES: tuple[tuple[str, Callable[[RuleContext], str]], ...] = (
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
