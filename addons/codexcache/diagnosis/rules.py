"""Why a turn got as many tokens from the prompt cache as it did: one verdict, by an ordered table of rules.

Theory. The backend can read what an earlier turn of the same conversation left in its cache, if the turn reaches the
server that holds it, within some minutes, under the same account and model, and as far as both prompts begin alike.
So there are three kinds of cause: the turn did not get there (identity and routing), there was nothing equal to read
(the prompt), or it was gone (time, load, the server's side). Which of them it was is found in `causes`.

Here are the rules of the verdicts before any cause, which say that there is nothing to explain: each returns the
sentence that gives the reason, or "" where it does not hold. What the backend itself says of a miss outranks what is
found here.

Before a turn is sent there are no counters. Then what is likely is predicted, from the changes, the pause and the load.

Sources of the numbers: caching starts at 1,024 input tokens; an unused entry lives for five to ten minutes; about 15
requests a minute to one key overflow to other servers (all OpenAI, "Prompt caching"). `cached_tokens` is part of
`input_tokens` (openai/codex, `protocol/src/protocol.rs`). That a constant floor of cached tokens under a growing
input is a miss: openai/codex#20301. That instructions may stand behind the input: earendil-works/pi#12273. Not known:
the real minimum on this backend, and whether the limit of 15 holds there.
"""

import dataclasses
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from ..turn.record import Record, TurnId
from ..turn.response import CANCELLED, CUT
from ..verdicts import PROMPT, VERDICTS, blame_of
from .causes import Cause, find_cause, idle, is_fork, left_out, overload
from .context import CONDITIONS, RuleContext
from .diagnosis import Verdict
from .match import match_of
from .prompt_diff import account_change
from .similarity import answers_in
from .tokens import MINIMUM, ROUNDING, Measure, is_short_of_instructions, repeated, slack

BAD_ENCRYPTION = "invalid_encrypted_content"
"""The backend's name of an error: the input has encrypted items that it cannot read."""

_VISIBLE = 2048
"""Tokens under which nothing may be read without being a miss: the minimum counts visible tokens only in some texts."""


def judge(context: RuleContext) -> Verdict:
    """Return the verdict on a finished turn."""
    for name, rule in SETTLED.items():
        if because := rule(context):
            return _settled(context, name, because)
    return _with_word(context, _miss(context, find_cause(context)))


def _settled(context: RuleContext, name: str, because: str) -> Verdict:
    unread = f"; its request was not read: {context.record.unread}" if context.record.unread else ""
    verdict = _verdict(context, name, because + unread)
    return _with_word(context, verdict) if name == "cold" else verdict


def _miss(context: RuleContext, cause: Cause) -> Verdict:
    resent, change = _resent(context), cause.change
    return _verdict(
        context,
        cause.name,
        cause.because,
        resent=resent,
        blame=_blame(context, cause) if resent else "",
        edit=change.edit if change else "",
        volatile=change.volatile if change else (),
    )


def _with_word(context: RuleContext, verdict: Verdict) -> Verdict:
    """Return the verdict that the backend gives itself, where it does; it outranks what is found here."""
    word = context.record.server
    if word is None:
        return verdict
    name = word.reason if word.reason in VERDICTS else verdict.name
    if word.reason == verdict.name:
        because = f"{verdict.because}; the backend says so too"
    elif name == verdict.name:
        because = f"{verdict.because}; the backend itself says {word.reason}"
    else:
        because = f"the backend itself gives this reason; the comparison here says {verdict.name}: {verdict.because}"
    return dataclasses.replace(
        verdict,
        name=name,
        because=because,
        blame=blame_of(name) if name != verdict.name else verdict.blame or blame_of(name),
        resent=verdict.resent if word.missed is None else word.missed,
        reusable=verdict.reusable if word.reusable is None else word.reusable,
    )


def predict(context: RuleContext) -> Verdict | None:
    """Return the verdict that a turn is heading for before it is sent, or None where nothing speaks against a hit."""
    if (name := _predicted(context)) is None:
        return None
    change = context.change(name)
    return _verdict(context, name, change.detail if change else _UNSENT[name](context))


def _verdict(context: RuleContext, name: str, because: str, **found: Any) -> Verdict:
    match = context.match
    origin = (match.record.origin or TurnId("", match.record.number)) if match else None
    return Verdict(
        name=name,
        because=because,
        changes=context.names,
        predecessor=origin.number if origin else None,
        predecessor_run=origin.run if origin else "",
        reusable=reusable(context) if match else None,
        **found,
    )


def _predicted(context: RuleContext) -> str | None:
    """Another transport is no reason by itself, nor a habit, nor an edit after which almost all can still be read."""
    if context.match is None:
        return "cold"
    harmless = ("transport_changed",) if _loses_much(context) else ("transport_changed", "input_changed")
    changed = [name for name in context.names if name not in harmless and not _is_harmless(context, name)]
    likely = [name for name in ("idle", "key_overloaded") if _UNSENT[name](context)]
    return min([*changed, *likely], key=VERDICTS.index, default=None)


def _is_harmless(context: RuleContext, name: str) -> bool:
    return name in CONDITIONS and context.is_habit(name)


def _loses_much(context: RuleContext) -> bool:
    """Return True if clearly less than all of the predecessor's prompt can be read, and the turn does not go back."""
    assert context.match is not None
    usage = context.other.usage
    goes_back = context.match.shared_items == len(context.record.prompt.items)
    return usage is not None and not goes_back and usage.input - reusable(context) > slack(usage.input)


def reusable(context: RuleContext) -> int:
    """Return how many tokens of the predecessor's prompt this one repeats from the start."""
    usage = context.other.usage
    breaks = [change.before.estimate for change in context.changes if change.before and change.name in PROMPT]
    return min([usage.input if usage else 0, *breaks])


def _resent(context: RuleContext) -> int:
    """Return the tokens that had been sent before, were in this prompt again, and were not read.

    What is new is none of them, and what the backend rounds down is not missing.
    """
    assert context.match is not None
    again = repeated(context.record, context.match) - left_out(context)
    resent = min(context.expected, again) - context.cached
    return resent if resent >= ROUNDING else 0


def _blame(context: RuleContext, cause: Cause) -> str:
    """Return whose doing a miss was: a fork or a rewind was asked for, and what was served otherwise was not."""
    if cause.change and cause.change.served:
        return "outside"
    if cause.name in ("prompt_cache_key_changed", "session_changed") and is_fork(context):
        return "expected"
    if cause.name == "input_changed" and _is_rewind(context):
        return "expected"
    return blame_of(cause.name)


def _is_rewind(context: RuleContext) -> bool:
    """Return True if the history was cut, and what followed does not come again: the user asks something else there.

    Where answers follow, these were rewritten.
    """
    assert context.match is not None
    shared, items = context.match.shared_items, context.record.prompt.items
    if context.match.whole or not shared or answers_in(context.record, shared):
        return False
    return set(context.other.prompt.items.digests(shared)).isdisjoint(items.digests(shared))


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


_UNCOUNTED = {
    CANCELLED: "its client gave it up before its response was complete",
    CUT: "its connection was lost before its response was complete",
}
_UNKNOWN = "it was cut or cancelled, or they were stripped"
"""Why a turn has no counters, by how it ended."""


def _no_usage(context: RuleContext) -> str:
    usage, status = context.record.usage, context.record.status
    if usage is None:
        answered = f"the backend answered with status {_status_line(status)}" if status not in (None, 200) else ""
        reason = answered or context.record.cut_short or _UNCOUNTED.get(context.record.ended, _UNKNOWN)
        return f"the turn ended without usage counters: {reason}"
    if usage.cached is None:
        return "the response does not say how many tokens were cached"
    if usage.cached > usage.input:
        return f"its counters are inconsistent: {usage.cached:,} tokens cached of {usage.input:,}"
    return "" if usage.input or context.record.warm_up else "its counters say 0 input tokens, which no turn has"


def _warm_up(context: RuleContext) -> str:
    return "it was sent ahead, without an answer, so that the next turn is quicker" if context.record.warm_up else ""


def _below_minimum(context: RuleContext) -> str:
    usage = context.usage
    if usage.input < MINIMUM:
        return f"{usage.input:,} input tokens are fewer than the {MINIMUM:,} from which on anything is cached"
    if context.match and context.expected < _VISIBLE and not usage.cached:
        return f"at most {context.expected:,} of its tokens had been sent before, which are too few to be surely cached"
    return ""


def _cold(context: RuleContext) -> str:
    if context.match:
        return ""
    cached = context.usage.cached if context.record.usage else None
    read = f"; {cached:,} tokens were read all the same{_origin(context)}" if cached else ""
    sibling = None if context.record.unread or (cached and context.attempt) else context.sibling
    shared = f"; it shares the opening of turn {_first_of(sibling)}" if sibling else ""
    return f"no earlier turn of this conversation is known{shared}{read}"


def _origin(context: RuleContext) -> str:
    """Return what is known of who had sent what a turn without a predecessor read."""
    if context.record.unread:
        return ""
    if attempt := context.attempt:
        return f", which its own earlier attempt, turn {_number(attempt)}, had sent"
    sender, known = context.sender
    if sender and context.cached <= _sent(context.record, sender):
        return f", which turn {_number(sender)}{_of_another(context, sender)} had sent"
    if known and not sender:
        return ", which others had sent"
    return ", from an earlier run of this conversation or from another that shares its head"


def _sent(record: Record, sender: Record) -> int:
    """Return how many tokens of a turn another one had sent, at most; a head is measured by its bytes alone."""
    if sender.usage is None or not sender.usage.input:
        return record.usage.input if record.usage else 0
    before = Measure(sender).before(match_of(record, sender).shared_items)
    return min(before.high, before.estimate + max(MINIMUM, before.estimate // 2))


def _of_another(context: RuleContext, sender: Record) -> str:
    """Return of which conversation a turn is; one that cannot be its predecessor may be of its own."""
    one, other = context.record, sender
    is_own = (one.conversation_run, one.conversation) == (other.conversation_run, other.conversation)
    return "" if is_own else " of another conversation"


def _number(record: Record | None) -> str:
    return str((record.origin or TurnId("", record.number)).number) if record else ""


def _first_of(sibling: Record) -> str:
    """Return the number of the first turn of a conversation, or of another one where another start counted that."""
    return _number(sibling) if sibling.conversation_run else str(sibling.conversation)


def _hit(context: RuleContext) -> str:
    cached, expected = context.cached, context.expected
    if cached >= expected - slack(expected):
        return _read(context, cached, expected)
    return _went_back(context) or _instructions_last(context)


def _went_back(context: RuleContext) -> str:
    """Return what is said of a turn that goes back to an earlier one and reads all of that."""
    if context.change("context_compacted") or not _is_rewind(context):
        return ""
    assert context.match is not None
    measured = Measure(context.other).before(context.match.shared_items).low
    if not measured or context.cached < measured - slack(measured):
        return ""
    return f"{context.cached:,} tokens were read: all of the earlier turn to which the conversation goes back"


def _read(context: RuleContext, cached: int, expected: int) -> str:
    if cached <= expected:
        return f"{cached:,} tokens were read, of some {expected:,} that could be"
    attempt = context.attempt
    own = f", which its own earlier attempt, turn {_number(attempt)}, had sent" if attempt else ""
    return f"{cached:,} tokens were read: all of its predecessor's {expected:,}, and more{own}"


def _instructions_last(context: RuleContext) -> str:
    """Return what is said of a turn that read all but its instructions, where these stand behind the input."""
    changed = {*context.names} & {*PROMPT} - {"instructions_changed"}  # it does not matter there
    if changed or not is_short_of_instructions(context.record, context.other, context.unread):
        return ""
    return (
        f"{context.cached:,} tokens were read: all but about its instructions, which this model is reported to put "
        "behind the input, where they are never read"
    )


SETTLED: dict[str, Callable[[RuleContext], str]] = {
    "rejected": _rejected,
    "no_usage": _no_usage,
    "warm_up": _warm_up,
    "below_minimum": _below_minimum,
    "cold": _cold,
    "hit": _hit,
}
"""The rules of the verdicts before any cause, in the order of their precedence."""

_UNSENT: dict[str, Callable[[RuleContext], str]] = {"cold": _cold, "idle": idle, "key_overloaded": overload}
"""What is said of a turn that has not left, where no change says it."""
