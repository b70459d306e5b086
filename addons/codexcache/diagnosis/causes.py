"""Which of several changes explains what a turn did not read.

Theory. The counters say how much was read; the changes say why, but only together with the counters. So each change is
asked how many of the missing tokens it explains:

- One of identity or routing, or of a setting that has a cache of its own, explains all of them, unless as many turns
  hit with it as missed (a habit), or the read went on into the conversation: to where another change stands, or
  although it is the first change of its kind, so that no earlier turn was sent as this one.
- One of the prompt explains all that follows it, if the read ends where it stands. If the read went clearly past it, it
  explains nothing; if it ended clearly before it, only what follows it.
- GPT-5.6 and later look at the last 20 endings only: an edit further back explains all that was not read.

"Clearly" is measured against proven bounds, less the slack of the counters. Of the changes that explain everything,
the first in the table of verdicts is the cause; a compaction comes before what it brings along. If none does, a pause,
another connection or the load may explain it, and a change that explains the larger part is still the cause.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..text import minutes, span_to_the_second
from ..turn.items import ENCRYPTED
from ..turn.response import PREFIX_MISMATCH, TURN_BOUNDARY
from ..verdicts import PROMPT, VERDICTS
from .context import CONDITIONS, RuleContext
from .learned import POSSIBLY_SECONDS
from .prompt_diff import Change
from .tokens import TEXT_BYTES, granularity, is_past, looks_back_past, most_behind_input, place_of_read, slack

TURNS_A_MINUTE = 15
"""Turns of one key from which on some overflow to other servers (OpenAI, "Prompt caching")."""

_CLEAR = 512
"""Tokens of reasoning whose absence shows in a count."""

_LONG = 600
"""Seconds from which on a pause is told in whole minutes: an entry lives for five to ten (OpenAI, "Prompt caching")."""

_MUCH = 8192
"""Tokens that clearly were not read, also where only sizes say how many there are."""

_COMPACTED = "context_compacted"
_BROUGHT_ALONG = frozenset({*PROMPT, "model_changed", "service_tier_changed"}) - {_COMPACTED}
"""What a compaction may bring along: another model renders the prompt in another way."""

IN_PROMPT = frozenset({"tools_changed", "instructions_changed", _COMPACTED, "input_changed"})
"""Changes with a place in the prompt; any other breaks all of it."""

_IN_INPUT = frozenset({_COMPACTED, "input_changed"})
"""Changes with a place in the input, which instructions may stand behind."""


class Cause(NamedTuple):
    """Why a turn missed: a verdict's name, a sentence, and how many of the tokens that were not read it explains."""

    name: str
    because: str
    explained: int
    change: Change | None = None


def find_cause(context: RuleContext) -> Cause:
    """Return why a turn missed."""
    found = list(_explaining(context))
    if whole := [cause for cause in found if cause.explained >= context.unread]:
        cause = min(whole, key=lambda cause: VERDICTS.index(cause.name))
        return cause._replace(because=f"{cause.because}{_doubt(context, cause)}")
    part = max(found, key=lambda cause: cause.explained, default=None)
    if part and 2 * part.explained >= context.unread:
        rest = f"{context.unread - part.explained:,} tokens before it were not read either"
        return part._replace(because=f"{part.because}; {rest}, for a reason that is not known")
    return _likely(context, part)


def _doubt(context: RuleContext, cause: Cause) -> str:
    """Return what is to be added where only sizes, and no count, tell that the read ended far before an edit."""
    before = cause.change.before if cause.name == "input_changed" and cause.change else None
    if (
        not before
        or before.estimate <= 4 * context.cached + _MUCH
        or looks_back_past(context.record, context.shared_items)
    ):
        return ""
    return "; by its size, most of what precedes it was not read either"


def _explaining(context: RuleContext) -> Iterator[Cause]:
    """Yield the changes that explain something of what was not read."""
    ends = any(_ends_at(context, change) for change in context.changes if change.name in IN_PROMPT)
    compacted = context.change(_COMPACTED)
    for change in context.changes:
        if change.name == "transport_changed" or (compacted and change.name in _BROUGHT_ALONG):
            continue
        explained = _in_prompt(context, change) if change.name in IN_PROMPT else _of_routing(context, change, ends)
        if explained > 0:
            yield Cause(change.name, _sentence(context, change), explained, change)


def _of_routing(context: RuleContext, change: Change, ends_elsewhere: bool) -> int:
    """Return how much a change explains that has no place in the prompt, and breaks all of it or nothing."""
    if change.name in CONDITIONS and context.is_habit(change.name):
        return 0
    if _reads_own_items(context) and (ends_elsewhere or not _was_there_before(context, change)):
        return 0
    if change.name == "session_missing" and not _is_news(context):
        return 0
    return context.unread


def _is_news(context: RuleContext) -> bool:
    """Return True if a missing session header can be the cause of a miss: it always comes before lesser changes.

    The predecessor had one, or nothing of it was read either; and nothing of the prompt changed.
    """
    other = context.other
    had = other.route.session is not None or not (other.usage and other.usage.cached)
    return had and not _reads_own_items(context) and not context.change(*PROMPT)


def _reads_own_items(context: RuleContext) -> bool:
    """Return True if more was read than the conversation's first turn had, so no other one's prompt was read."""
    known = [boundary.tokens for boundary in context.other.ledger.boundaries] or [context.expected]
    return context.cached > known[0] + slack(known[0])


def _was_there_before(context: RuleContext, change: Change) -> bool:
    """Return True if the conversation changed so before: then it may go back, and read what it left then."""
    return context.other.ledger.condition(change.name) is not None


def _in_prompt(context: RuleContext, change: Change) -> int:
    """Return how much a change explains that has a place in the prompt."""
    before = change.before
    if before is None or is_past(context.cached, before):
        return 0
    if _ends_at(context, change) or change.name == _COMPACTED:
        return context.unread
    return max(0, min(context.unread, context.expected - before.estimate))


def _ends_at(context: RuleContext, change: Change) -> bool:
    """Return True if a read may have ended where a change stands, by proven bounds."""
    if (before := change.before) is None or is_past(context.cached, before):
        return False
    tolerance = max(slack(before.low), granularity(context.record))
    behind = most_behind_input(context.other) if change.name in _IN_INPUT else 0
    return context.cached >= before.low - tolerance - behind or _is_far_back(context, change)


def _is_far_back(context: RuleContext, change: Change) -> bool:
    """Return True if an edit is so far back that the backend looks for nothing that ends before it."""
    return change.name == "input_changed" and looks_back_past(context.record, context.shared_items)


_IDS = ("prompt_cache_key_changed", "session_changed")


def is_fork(context: RuleContext) -> bool:
    """Return True if another agent of the official client continues the conversation."""
    new, old = context.record.route.thread, context.other.route.thread
    return bool(new and old and new != old)


def _sentence(context: RuleContext, change: Change) -> str:
    """Return what is said of a change that is the cause."""
    if change.name == "prompt_cache_key_changed" and context.record.route.pinnable:
        return f"{change.detail}; codex_mode=pin would hold the client to its first key"
    if change.name in _IDS and is_fork(context):
        return f"it is a fork: {change.detail}"
    if change.name == "input_changed" and PREFIX_MISMATCH in context.record.transformations:
        return f"{change.detail}, and the backend left out the reasoning behind it (prefix_mismatch)"
    if _is_far_back(context, change) and change.before and context.cached < change.before.estimate // 2:
        return f"{change.detail}, further back than the 20 endings at which the backend looks"
    return change.detail


def _likely(context: RuleContext, part: Cause | None) -> Cause:
    """Return what likely explains a miss that no change explains; `part` is the change that explains most of it."""
    found = ((name, rule(context)) for name, rule in _LIKELY.items())
    name, reason = next((one for one in found if one[1]), ("upstream", _upstream(context, part)))
    if part:
        of_all = f"at most {part.explained:,} of the {context.unread:,} tokens that were not read"
        reason = f"{part.because}, which explains {of_all}; {reason}"
    return Cause(name, reason, context.unread)


def _mismatch(context: RuleContext) -> str:
    if PREFIX_MISMATCH not in context.record.transformations or context.change("input_changed"):
        return ""
    return "the backend says that the history was edited (prefix_mismatch), though it is as it was here"


def idle(context: RuleContext) -> str:
    """Return what is said of a long pause, "" where it was not long."""
    likely, possibly = context.idle_after
    if context.gap <= possibly:
        return ""
    passed = f"{_in_words(context.gap)} passed since its predecessor was sent"
    if context.gap > likely:
        return f"{passed}: the cache likely expired"
    return f"{passed}: the cache possibly expired, as it likely has after {_in_words(likely)}"


def _in_words(pause: float) -> str:
    """Return a pause to the second where seconds matter: near the limits."""
    return span_to_the_second(pause) if pause < _LONG else minutes(pause)


def _transport(context: RuleContext) -> str:
    change = context.change("transport_changed")
    if change is None or context.is_habit("transport_changed") or context.change(*PROMPT):
        return ""
    return f"nothing of the prompt changed, but {change.detail}"


def overload(context: RuleContext) -> str:
    """Return what is said of a key's load, "" where it was low."""
    load = context.load
    if load.a_minute > TURNS_A_MINUTE:
        carried = f"the key carried {load.a_minute} turns within a minute"
    elif load.in_flight > 1 and load.none_ended:
        carried = f"{load.in_flight} other turns of its key were in flight, of which none had ended"
    else:
        return ""
    return f"{carried}: it likely overflowed to another server"


_LIKELY: dict[str, Callable[[RuleContext], str]] = {
    "input_changed": _mismatch,
    "idle": idle,
    "transport_changed": _transport,
    "key_overloaded": overload,
}
"""What else explains a miss, the first that holds; `upstream` if none does."""


def _upstream(context: RuleContext, part: Cause | None) -> str:
    place = place_of_read(context.cached, context.other, context.other.ledger)
    known = _what_changed(context, part), place, _company(context)
    if context.match and context.match.whole and looks_back_past(context.record, context.shared_items):
        last = "more endings were added than the 20 at which the backend looks, so it found no earlier one"
    else:
        last = f"{_short_pause(context)}: likely the server's side"
    return "; ".join(filter(None, (*known, last)))


def _short_pause(context: RuleContext) -> str:
    if context.gap <= POSSIBLY_SECONDS:
        return f"it left {_in_words(context.gap)} after its predecessor"
    passed = span_to_the_second(context.gap)
    return f"its predecessor was sent {passed} before, after which turns of this model were read"


def _company(context: RuleContext) -> str:
    """Return what is said of a key that several conversations share, "" for one with a single one."""
    shared = context.load.conversations
    return f"its key carried {shared} conversations within an hour" if shared > 1 else ""


def _what_changed(context: RuleContext, part: Cause | None) -> str:
    """Return what is said of changes that do not explain a miss."""
    if tokens := left_out(context):
        return f"nothing was taken out here, but the backend left out earlier reasoning, some {tokens:,} tokens"
    if part:
        return ""
    names = [name for name in context.names if not (name in CONDITIONS and context.is_habit(name))]
    if names:
        return f"what changed ({', '.join(names)}) does not explain that so little was read"
    if context.names:
        return f"everything comparable is the same but for {' and '.join(context.names)}, as on turns that hit"
    if context.record.endpoint != context.other.endpoint:
        return f"everything comparable is the same, but its predecessor did not go to /{context.record.endpoint}"
    if is_fork(context):
        return "it came with another thread id, but everything else that can be compared is the same"
    return "everything comparable is the same"


def left_out(context: RuleContext) -> int:
    """Return how many tokens of earlier reasoning the backend left out by itself, about; 0 where it left out none.

    It says so, or the input counts clearly less than it should (openai/codex#6161, tmustier/pine-of-glass#63).
    """
    other, match = context.other, context.match
    if not (match and match.whole and other.usage and "reasoning" in other.prompt.items.kinds()):
        return 0
    known = max(0, other.ledger.reasoning - (other.usage.reasoning or 0))
    missing = other.usage.input + _new_text(context) // TEXT_BYTES - context.usage.input
    if TURN_BOUNDARY in context.record.transformations:
        return known or max(1, missing)
    if context.usage.input < other.usage.input:
        return max(known, other.usage.input - context.usage.input)
    return known if known >= _CLEAR and 2 * missing >= known else 0


def _new_text(context: RuleContext) -> int:
    """Return the bytes of the items that a turn has added, without what is encrypted."""
    items = context.record.prompt.items
    added = (items[index] for index in range(context.shared_items, len(items)))
    return sum(item.size for item in added if item.kind not in ENCRYPTED)
