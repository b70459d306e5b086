"""What is different between a turn and its predecessor: every difference, whether or not it explains anything.

Each is called by the verdict that it would lead to. OpenAI's names are used where it has one (developers.openai.com,
"Prompt caching diagnostics"). What is said of a difference names tools, items and offsets, and never quotes a prompt.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..text import ascii_only
from ..turn.prompt import Tool
from ..turn.record import Record
from .predecessor import Match


class Change(NamedTuple):
    """One difference: its verdict's name, a sentence about it, and how many tokens of the predecessor precede it.

    `preceding_tokens` is None for what is no part of the prompt.
    """

    name: str
    detail: str
    preceding_tokens: int | None = None


type Finder = Callable[[Record, Match], Change | None]
"""Finds a difference, if there is one."""


def find_changes(record: Record, match: Match) -> tuple[Change, ...]:
    """Return all differences, in the order in which verdicts are considered."""
    is_plain = match.same_route and record.route.session is not None
    finders = _ITEM_FINDERS if is_plain else _FINDERS
    return tuple([change for find in finders if (change := find(record, match))])


def tokens_before(match: Match, size: int) -> int:
    """Return an estimate of the predecessor's tokens in the first `size` bytes of its prompt, by proportion."""
    usage = match.record.usage
    total = match.record.prompt.size
    return usage.input * min(size, total) // total if usage and total else 0


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
    """Return the finder of a plain value: a text is shown as it is, any other is only said to differ."""

    def find(record: Record, match: Match) -> Change | None:
        if (new := read(record)) == (old := read(match.record)):
            return None
        detail = f"{what} differs from the predecessor's"
        if isinstance(old, str) and isinstance(new, str):
            detail = f"{what} went from {ascii_only(old, 48) or 'unset'} to {ascii_only(new, 48) or 'unset'}"
        return Change(name=name, detail=detail, preceding_tokens=0)

    return find


def _session(record: Record, match: Match) -> Change | None:
    new, old = record.route.session, match.record.route.session
    if not new:
        return Change(name="session_missing", detail="it left without a session header, which the backend routes by")
    if new == old:
        return None
    detail = "its session header is not the predecessor's" if old else "its predecessor had no session header"
    return Change(name="session_changed", detail=detail)


def _key(record: Record, match: Match) -> Change | None:
    new, old = record.route.key, match.record.route.key
    if new == old:
        return None
    given = "its prompt_cache_key is not the predecessor's" if old else "its predecessor had no prompt_cache_key"
    detail = given if new else "it left without the prompt_cache_key that its predecessor had"
    return Change(name="prompt_cache_key_changed", detail=detail)


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
    return Change(name="key_replaced", detail="the backend replaced the prompt_cache_key that was sent by its own")


def _tools(record: Record, match: Match) -> Change | None:
    new, old = record.prompt.prefix.tools, match.record.prompt.prefix.tools
    if new == old or not match.record.prompt.size:  # an empty warm-up had none that could have been changed
        return None
    same = next((n for n, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), None)
    same = min(len(new), len(old)) if same is None else same
    preceding = tokens_before(match, sum(tool.size for tool in old[:same]))
    return Change(name="tools_changed", detail=_tools_detail(new, old), preceding_tokens=preceding)


def _tools_detail(new: tuple[Tool, ...], old: tuple[Tool, ...]) -> str:
    """Name the tools that were edited, added, removed or moved."""
    now, was = {tool.name: tool.digest for tool in new}, {tool.name: tool.digest for tool in old}
    found = [
        _list_names("was edited", [name for name in now if name in was and now[name] != was[name]]),
        _list_names("was added", [name for name in now if name not in was]),
        _list_names("was removed", [name for name in was if name not in now]),
    ]
    other = "came in another order" if len(new) == len(old) else "are listed a different number of times"
    return ", ".join(filter(None, found)) or f"the same {len(now)} tools {other}"


def _list_names(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"tool {ascii_only(names[0], 48)}{more} {what}"


def _instructions(record: Record, match: Match) -> Change | None:
    new, old = record.prompt.prefix, match.record.prompt.prefix
    if new.instructions == old.instructions or not match.record.prompt.size:
        return None
    offset = new.instructions.common_length(old.instructions)
    preceding = tokens_before(match, sum(tool.size for tool in old.tools) + offset)
    detail = f"the instructions differ from about character {offset:,} on"
    return Change(name="instructions_changed", detail=detail, preceding_tokens=preceding)


def _compaction(record: Record, match: Match) -> Change | None:
    if record.prompt.items.compactions <= match.record.prompt.items.compactions:
        return None
    detail = "history was compacted, so its cache has to be rebuilt"
    return Change(name="context_compacted", detail=detail, preceding_tokens=_shared_tokens(match))


def _input(record: Record, match: Match) -> Change | None:
    if match.whole:
        return None
    items, old_items, index = record.prompt.items, match.record.prompt.items, match.shared_items
    if index < len(items):
        item = items[index]
        detail = f"input[{item.input_index}] ({ascii_only(item.kind, 48)}) is not what stood there before"
    else:
        detail = f"history was cut at input[{old_items[index].input_index}]"
    return Change(name="input_changed", detail=detail, preceding_tokens=_shared_tokens(match))


def _shared_tokens(match: Match) -> int:
    """Return how many tokens of the predecessor's precede its first item that is not shared."""
    prompt = match.record.prompt
    return tokens_before(match, prompt.prefix.size + prompt.items.size(match.shared_items))


_ITEM_FINDERS: tuple[Finder, ...] = (_echo, _compaction, _input)
"""The only ones that can find anything in turns with the same route and the same prompt prefix."""

_FINDERS: tuple[Finder, ...] = (
    _account,
    _value("model_changed", "the model", lambda record: record.prompt.prefix.model),
    _key,
    _session,
    _value("service_tier_changed", "the service tier", lambda record: record.prompt.prefix.service_tier),
    _transport,
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
)
