"""Why a turn got as many tokens from the prompt cache as it did: one verdict, by an ordered table of rules.

Theory. The backend can read what an earlier turn of the same conversation left in its cache, if the turn reaches the
server that holds it, within some minutes, under the same account and model, and as far as both prompts begin alike.
So there are three kinds of cause: the turn did not get there (identity and routing), there was nothing equal to read
(the prompt), or it was gone (time, load, the server's side). The counters say how much was read; the changes say why,
but only together with the counters: a change that cost nothing explains nothing, and a change far into the prompt does
not explain why nothing at all was read.

Each verdict has a rule, which returns the sentence that gives the reason, or "" where it does not hold. The first in
the order of the table of verdicts whose rule holds is the verdict. Those before `hit` say that there is nothing to
explain; those after it name a cause. The last three are likelihoods, and their sentences say so.

Before a turn is sent there are no counters. Then what is likely is predicted, from the changes, the pause and the load.

Sources of the numbers: caching starts at 1,024 input tokens; an unused entry lives for five to ten minutes; about 15
requests a minute to one key overflow to other servers (all OpenAI, "Prompt caching"). `cached_tokens` is part of
`input_tokens` (openai/codex, `protocol/src/protocol.rs`). That a constant floor of cached tokens under a growing
input is a miss: openai/codex#20301. Not known: the real minimum on this backend, and whether the limit of 15 holds
there.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from ..static_frozen import static_frozen
from ..text import minutes
from ..turn.record import Record, TurnId, Usage
from ..verdicts import MISSES, PROMPT, VERDICTS
from .diagnosis import Verdict
from .predecessor import Match
from .prompt_diff import Change, account_change, tokens_before

MINIMUM = 1024
"""Tokens from which on a prompt is cached."""

BAD_ENCRYPTION = "invalid_encrypted_content"
"""The backend's name of an error: the input has encrypted items that it cannot read."""

IDLE_SECONDS = 5 * 60
TURNS_A_MINUTE = 15


@static_frozen
class RuleContext:
    """All that a verdict is based on. `load` is the number of turns that the key carried within the last minute.

    `makers` are the turns that made the encrypted items which the backend cannot read, None for one that is not known.
    """

    record: Record
    match: Match | None
    changes: tuple[Change, ...]
    load: int
    makers: Sequence[Record | None] = ()

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


def judge(
    record: Record, match: Match | None, load: int, changes: tuple[Change, ...], makers: Sequence[Record | None] = ()
) -> Verdict:
    """Return the verdict on a finished turn, given its predecessor, its key's load, and what has changed.

    `makers` are the turns that made its encrypted items, if the backend cannot read those.
    """
    context = RuleContext(record=record, match=match, changes=changes, load=load, makers=makers)
    name, because = next((name, reason) for name in VERDICTS if (reason := RULES[name](context)))
    because += f"; its request was not read: {record.unread}" if record.unread else ""
    return _verdict(context, name, because, _resent(context) if name in MISSES else 0)


def predict(record: Record, match: Match | None, load: int, changes: tuple[Change, ...]) -> Verdict | None:
    """Return the verdict that a turn is heading for before it is sent, or None where nothing speaks against a hit."""
    context = RuleContext(record=record, match=match, changes=changes, load=load)
    if (name := _predicted(context)) is None:
        return None
    change = context.change(name)
    return _verdict(context, name, change.detail if change else RULES[name](context))


def _verdict(context: RuleContext, name: str, because: str, resent: int = 0) -> Verdict:
    match = context.match
    origin = (match.record.origin or TurnId("", match.record.number)) if match else None
    return Verdict(
        name=name,
        because=because,
        changes=context.names,
        predecessor=origin.number if origin else None,
        predecessor_run=origin.run if origin else "",
        reusable=reusable(context) if match else None,
        resent=resent,
    )


def _predicted(context: RuleContext) -> str | None:
    """Another transport is no reason by itself, nor is an edit after which almost all can still be read."""
    if context.match is None:
        return "cold"
    harmless = ("transport_changed",) if _loses_much(context) else ("transport_changed", "input_changed")
    likely = [name for name in ("idle", "key_overloaded") if RULES[name](context)]
    return min([*(name for name in context.names if name not in harmless), *likely], key=VERDICTS.index, default=None)


def _loses_much(context: RuleContext) -> bool:
    """Return True if much of the predecessor's prompt cannot be read; one that only goes back needs no more of it."""
    assert context.match is not None
    assert context.match.record.usage is not None
    known = context.match.record.usage.input
    goes_back = context.match.shared_items == len(context.record.prompt.items)
    return not goes_back and known - reusable(context) > slack(known)


def reusable(context: RuleContext) -> int:
    """Return how many tokens of the predecessor's prompt this one repeats from the start."""
    assert context.match is not None
    assert context.match.record.usage is not None
    changes = [change for change in context.changes if change.name in PROMPT]
    breaks = [change.preceding_tokens for change in changes if change.preceding_tokens is not None]
    return min([context.match.record.usage.input, *breaks])


def _resent(context: RuleContext) -> int:
    """Return the tokens that would have been read had nothing changed around them; what is new is none of them."""
    return max(0, min(context.expected, _repeated(context)) - (context.usage.cached or 0))


def _repeated(context: RuleContext) -> int:
    """Return how many tokens of the predecessor's prompt this one has anywhere; an estimate, by proportion.

    Tools and instructions that were edited count as far as they are no longer than they were.
    """
    assert context.match is not None
    new, old, shared = context.record.prompt, context.match.record.prompt, context.match.shared_items
    tools = {tool.name: tool.size for tool in new.prefix.tools}
    items = set(new.items.digests(shared))
    size = sum(min(tool.size, tools.get(tool.name, 0)) for tool in old.prefix.tools)
    size += min(new.prefix.instructions.length, old.prefix.instructions.length) + old.items.size(shared)
    size += sum(old.items[at].size for at, digest in enumerate(old.items.digests(shared), shared) if digest in items)
    return tokens_before(context.match, size)


def slack(tokens: int) -> int:
    """Return by how much the counters may fall short: 1,024 tokens or 5 %, whichever is more."""
    return max(MINIMUM, tokens // 20)


_ORIGINS = {
    "addon": ", which this addon had added",
    "neither": ", which was not in the request this proxy sent; the server probably added it",
}
"""What is said of a rejected parameter that the client had not put there."""


def _rejected(context: RuleContext) -> str:
    record, status = context.record, context.record.status or 0
    if record.challenge:
        expected = "a WebSocket" if record.endpoint == "handshake" else "an answer"
        return (
            f"a challenge page came instead of {expected} (status {status}): a proxy's TLS fingerprint differs from "
            "the client's, and the site asked for a browser"
        )
    if record.endpoint == "handshake" and record.status == 101:
        return f"the {record.cut_short.removeprefix('its ')} before any turn"
    if record.endpoint == "handshake":
        return f"the WebSocket was refused with status {_status_line(status, record.failed)}"
    if record.refused:
        origin = _ORIGINS.get(record.refused.origin, f"; {record.refused.remedy}")
        return f"the backend rejected the parameter {record.refused.member!r} (status {status}){origin}"
    known = f" ({record.failed})" if record.failed else ""
    if status >= 400:
        return f"the backend answered with status {status}{known}{_whose_items(context)}"
    return f"the backend failed the turn{known}{_whose_items(context)}" if known else ""


def _whose_items(context: RuleContext) -> str:
    """Return what is known of the accounts for which refused encrypted items were made."""
    record, makers = context.record, context.makers
    if record.failed != BAD_ENCRYPTION:
        return ""
    if any(maker and account_change(record, maker) for maker in makers):
        return "; the account changed since its encrypted items were made, and no other can use them"
    if not makers or None in makers:
        return "; not all turns are known that made its encrypted items, so neither are the accounts"
    return "; the account did not change since its encrypted items were made, so they are refused for another reason"


def _status_line(status: int, failed: str | None = None) -> str:
    """Return a status in words, with what else is known of the failure."""
    phrase = f" {HTTPStatus(status).phrase}" if status in HTTPStatus else ""
    return f"{status}{phrase}" + (f" ({failed})" if failed else "")


def _no_usage(context: RuleContext) -> str:
    usage, status = context.record.usage, context.record.status
    if usage is None:
        answered = f"the backend answered with status {_status_line(status)}" if status not in (None, 200) else ""
        reason = answered or context.record.cut_short or "it was cut or cancelled, or they were stripped"
        return f"the turn ended without usage counters: {reason}"
    return "the response does not say how many tokens were cached" if usage.cached is None else ""


def _below_minimum(context: RuleContext) -> str:
    usage = context.usage
    if usage.input < MINIMUM:
        return f"{usage.input:,} input tokens are fewer than the {MINIMUM:,} from which on anything is cached"
    if context.match and context.expected <= MINIMUM and not usage.cached:
        return f"at most {context.expected:,} of its tokens had been sent before, which are too few to have been cached"
    return ""


def _cold(context: RuleContext) -> str:
    if context.match:
        return ""
    cached = context.usage.cached if context.record.usage else None
    origin = "" if context.record.unread else ", which others had sent"
    known = f"; {cached:,} tokens were read all the same{origin}" if cached else ""
    return f"no earlier turn of this conversation is known{known}"


def _hit(context: RuleContext) -> str:
    cached, expected = context.usage.cached or 0, context.expected
    if cached < expected - slack(expected):
        return ""
    if cached > expected:
        return f"{cached:,} tokens were read: all of its predecessor's {expected:,}, and more that others had sent"
    return f"{cached:,} tokens were read, of some {expected:,} that could be"


def _changed(name: str) -> Callable[[RuleContext], str]:
    """Return the rule of a change: it explains any miss, wherever in the prompt it is, or as `_REASONS` has it."""

    def rule(context: RuleContext) -> str:
        if (change := context.change(name)) is None:
            return ""
        return _REASONS[name](context, change) if name in _REASONS else change.detail

    return rule


def _prompt_cache_key_changed(context: RuleContext, change: Change) -> str:
    hint = "; codex_mode=pin would hold the client to its first key" if context.record.route.pinnable else ""
    return change.detail + hint


def _session_missing(context: RuleContext, change: Change) -> str:
    """Give way to a changed prompt on the predecessor's own socket, which stays with its server."""
    return "" if _shares_socket(context) and context.change(*PROMPT) else change.detail


def _shares_socket(context: RuleContext) -> bool:
    return context.match is not None and context.record.route.socket == context.match.record.route.socket != ""


def _transport_changed(context: RuleContext, change: Change) -> str:
    return "" if context.change(*PROMPT) else f"nothing of the prompt changed, but {change.detail}"


def _input_changed(context: RuleContext, change: Change) -> str:
    """Name a changed item unless much less was read than precedes it, by more than the estimate can err."""
    cached, preceding = context.usage.cached or 0, change.preceding_tokens or 0
    return "" if cached < preceding - max(MINIMUM, preceding // 4) else change.detail


_REASONS: dict[str, Callable[[RuleContext, Change], str]] = {
    "prompt_cache_key_changed": _prompt_cache_key_changed,
    "session_missing": _session_missing,
    "transport_changed": _transport_changed,
    "input_changed": _input_changed,
}


def _idle(context: RuleContext) -> str:
    if context.gap <= IDLE_SECONDS:
        return ""
    return (
        f"nothing else explains it, and {minutes(context.gap)} passed since its predecessor: the cache likely expired"
    )


def _key_overloaded(context: RuleContext) -> str:
    if context.load <= TURNS_A_MINUTE:
        return ""
    return (
        f"nothing else explains it, and the key carried {context.load} turns within a minute: it likely overflowed to "
        "another server"
    )


def _upstream(context: RuleContext) -> str:
    assert context.match is not None
    if context.changes:
        reason = f"what changed ({', '.join(context.names)}) does not explain that so little was read"
    elif (endpoint := context.record.endpoint) != context.match.record.endpoint:
        reason = f"everything comparable is the same, but its predecessor did not go to /{endpoint}"
    else:
        reason = "everything comparable is the same"
    return f"{reason}, and only {context.gap:.0f} s passed since its predecessor: likely the server's side"


RULES: dict[str, Callable[[RuleContext], str]] = {
    **{name: _changed(name) for name in ("account_changed", "model_changed", "session_changed", "key_replaced")},
    **{name: _changed(name) for name in ("service_tier_changed", *PROMPT, *_REASONS)},
    "rejected": _rejected,
    "no_usage": _no_usage,
    "below_minimum": _below_minimum,
    "cold": _cold,
    "hit": _hit,
    "idle": _idle,
    "key_overloaded": _key_overloaded,
    "upstream": _upstream,
}
"""The rule of each verdict."""
