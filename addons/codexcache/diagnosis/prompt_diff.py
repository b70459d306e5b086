"""What is different between a turn and its predecessor: every difference, whether or not it explains anything.

Each is called by the verdict that it would lead to. OpenAI's names are used where it has one (developers.openai.com,
"Prompt caching diagnostics"). What is said of a difference names tools, items and offsets, and never quotes a prompt.

What describes an edit is imported with the first one: a proxy whose turns all hit needs none of it.
"""

from collections.abc import Callable
from itertools import dropwhile
from typing import TYPE_CHECKING, NamedTuple

from ..text import ascii_only
from ..turn.record import Record
from .match import Match, is_compacted, quoted
from .tokens import Measure, Span, is_past

if TYPE_CHECKING:
    from .alignment import Step


class Change(NamedTuple):
    """One difference: its verdict's name, a sentence about it, and the tokens of the predecessor that precede it.

    `before` is None for what is no part of the prompt. `edit` and `volatile` are those of `Verdict`; a difference was
    `served` if the response shows it and the request does not.
    """

    name: str
    detail: str
    before: Span | None = None
    edit: str = ""
    volatile: tuple[str, ...] = ()
    served: bool = False


type Finder = Callable[[Record, Match], Change | None]
"""Finds a difference, if there is one."""


def find_changes(record: Record, match: Match) -> tuple[Change, ...]:
    """Return all differences, in the order in which verdicts are considered."""
    is_plain = match.same_route and record.route.session is not None
    finders = _ITEM_FINDERS if is_plain else _FINDERS
    return tuple([change for find in finders if (change := find(record, match))])


def _account(record: Record, match: Match) -> Change | None:
    return account_change(record, match.record)


def account_change(record: Record, earlier: Record) -> Change | None:
    """Return the difference if two turns came from different accounts or users."""
    new, old = record.route, earlier.route
    if new.account and old.account and new.account != old.account:
        return Change(name="account_changed", detail="another account sent it, and accounts share no cache")
    if new.caller != old.caller:
        return Change(name="account_changed", detail="another user sent it, and accounts share no cache")
    return None


def _value(name: str, what: str, read: Callable[[Record], object]) -> Finder:
    """Return the finder of a plain value: a text or a switch is shown as it is, any other is only said to differ."""

    def find(record: Record, match: Match) -> Change | None:
        if (new := read(record)) == (old := read(match.record)):
            return None
        detail = f"{what} differs from the predecessor's"
        if isinstance(old, _SHOWN) and isinstance(new, _SHOWN):
            detail = f"{what} went from {_shown(old)} to {_shown(new)}"
        return Change(name=name, detail=detail, before=_START)

    return find


def _served(name: str, what: str, asked: Callable[[Record], str], served: Callable[[Record], str]) -> Finder:
    """Return the finder of a value that was asked for, or else served, otherwise than before."""
    find_asked = _value(name, what, asked)

    def find(record: Record, match: Match) -> Change | None:
        if change := find_asked(record, match):
            return change
        new, old = served(record), served(match.record)
        if new == old or not (new and old):
            return None
        detail = f"{what} that was served went from {_shown(old)} to {_shown(new)}, though the same was asked for"
        return Change(name=name, detail=detail, before=_START, served=True)

    return find


_SHOWN = (str, bool, type(None))


def _shown(value: str | bool | None) -> str:
    return ascii_only(value, 48) or "unset" if isinstance(value, str) else _SWITCHES[value]


_SWITCHES = {None: "unset", True: "true", False: "false"}


_START = Span(0, 0, 0)
"""The place of what has a cache of its own for each value."""


def _session(record: Record, match: Match) -> Change | None:
    new, old = record.route.session, match.record.route.session
    if not new:
        return Change(name="session_missing", detail="it left without a session header, which the backend routes by")
    if new == old:
        return None
    detail = "it came with another session" if old else "its predecessor had no session header"
    return Change(name="session_changed", detail=_each_time(detail, "a new session", "session_changed", match))


def _key(record: Record, match: Match) -> Change | None:
    new, old = record.route.key, match.record.route.key
    if new == old:
        return None
    if not (new and old):
        detail = (
            "it left without the key that its predecessor had" if old else "its predecessor had no prompt_cache_key"
        )
        return Change(name="prompt_cache_key_changed", detail=detail)
    source = _KEY_SOURCES.get(record.route.key_source, "opening")
    detail = _each_time(f"it came with another {source}", f"a new {source}", "prompt_cache_key_changed", match)
    return Change(name="prompt_cache_key_changed", detail=detail)


_KEY_SOURCES = {"prompt_cache_key": "prompt_cache_key", "session": "session", "idempotency_key": "Idempotency-Key"}
"""What the client sent that its key comes from; other keys are derived from how the conversation opens."""


def _each_time(detail: str, what: str, name: str, match: Match) -> str:
    """Return what is said of an id that changed: that it always does, where it does."""
    ledger = match.record.ledger
    known = ledger.condition(name)
    is_always = known is not None and known.turns > 0 and known.turns >= ledger.turns - 1
    return f"the client sends {what} on each request" if is_always else detail


def _transport(record: Record, match: Match) -> Change | None:
    new, old = record.route, match.record.route
    if new.transport != old.transport:
        detail = f"it came over {_TRANSPORTS[new.transport]}, its predecessor over {_TRANSPORTS[old.transport]}"
        return Change(name="transport_changed", detail=detail)
    if new.host != old.host:
        return Change(name="transport_changed", detail="it went to another host than its predecessor")
    if new.socket != old.socket:
        return Change(name="transport_changed", detail="it came over another WebSocket than its predecessor")
    return None


_TRANSPORTS = {"http": "HTTP", "websocket": "a WebSocket"}


def _echo(record: Record, _: Match) -> Change | None:
    if not record.echoed_key or not record.route.key or record.echoed_key == record.route.key:
        return None
    return Change(name="key_replaced", detail="the backend answered with another prompt_cache_key than was sent")


def _tools(record: Record, match: Match) -> Change | None:
    new, old = record.prompt.prefix.tools, match.record.prompt.prefix.tools
    if new == old or not match.record.prompt.size:  # an empty warm-up had none that could have been changed
        return None
    from .prefix_edits import tools_difference

    same = next((n for n, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), None)
    before = _in_head(match, sum(tool.size for tool in old[:same]))
    detail, edit, volatile = tools_difference(new, old)
    return Change(name="tools_changed", detail=detail, before=before, edit=edit, volatile=volatile)


def _instructions(record: Record, match: Match) -> Change | None:
    new, old = record.prompt.prefix, match.record.prompt.prefix
    if new.instructions == old.instructions or not match.record.prompt.size:
        return None
    from .prefix_edits import instructions_difference

    before = _in_head(match, sum(tool.size for tool in old.tools) + new.instructions.common_length(old.instructions))
    detail, edit, volatile = instructions_difference(new.instructions, old.instructions)
    return Change(name="instructions_changed", detail=detail, before=before, edit=edit, volatile=volatile)


def _compaction(record: Record, match: Match) -> Change | None:
    detail = "history was compacted, so its cache has to be rebuilt"
    if record.prompt.items.compactions <= match.record.prompt.items.compactions:
        if match.whole or not is_compacted(record, match):
            return None
        place = f"input[{quoted(record, match)[0]}]"
        detail = f"the client compacted the history: {place} holds a summary from an earlier answer"
    return Change(name="context_compacted", detail=detail, before=_before(match, match.shared_items))


def _input(record: Record, match: Match) -> Change | None:
    if match.whole:
        return None
    from .alignment import align
    from .edits import edits_of, edits_sentence

    new, old = record.prompt.items, match.record.prompt.items
    alignment = align(new, old)
    unread = _without_read(alignment.steps, record, match)
    edits = edits_of(alignment._replace(steps=unread), new, old)
    first, before = edits[0], _before(match, unread[0].at)
    detail = edits_sentence(edits)
    return Change(name="input_changed", detail=detail, before=before, edit=first.kind, volatile=first.volatile)


def _without_read(steps: "tuple[Step, ...]", record: Record, match: Match) -> "tuple[Step, ...]":
    """Return the edits which the turn did not read past, all of them where it read past each.

    What the model does not see can be edited and read all the same: earlier reasoning, white space that is trimmed.
    """
    if match.record.usage is None or record.usage is None or not record.usage.cached:
        return steps
    cached, measure = record.usage.cached, Measure(match.record)
    return tuple(dropwhile(lambda step: is_past(cached, measure.before(step.at)), steps)) or steps


def _before(match: Match, item: int) -> Span:
    """Return the predecessor's tokens before one of its items, by index."""
    return Measure(match.record).before(item) if match.record.usage else _START


def _in_head(match: Match, size: int) -> Span:
    return Measure(match.record).in_head(size) if match.record.usage else _START


_model = _served(
    "model_changed", "the model", lambda record: record.prompt.prefix.model, lambda record: record.served_model
)
_tier = _served(
    "service_tier_changed",
    "the service tier",
    lambda record: record.prompt.prefix.service_tier,
    lambda record: record.served_service_tier,
)

_ITEM_FINDERS: tuple[Finder, ...] = (_model, _tier, _echo, _compaction, _input)
"""The only ones that can find anything in turns with the same route and the same prompt prefix."""

_FINDERS: tuple[Finder, ...] = (
    _account,
    _model,
    _key,
    _session,
    _tier,
    _echo,
    _tools,
    _value("text_format_changed", "the text format", lambda record: record.prompt.prefix.text_format),
    _value("reasoning_effort_changed", "the reasoning effort", lambda record: record.prompt.prefix.reasoning_effort),
    _value("verbosity_changed", "the verbosity", lambda record: record.prompt.prefix.verbosity),
    _value(
        "parallel_tool_calls_changed", "parallel_tool_calls", lambda record: record.prompt.prefix.parallel_tool_calls
    ),
    _instructions,
    _compaction,
    _input,
    _transport,
)
