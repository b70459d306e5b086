"""What is different between a turn and its predecessor: every difference, whether or not it explains anything.

Each is called by the verdict that it would lead to. OpenAI's names are used where it has one (developers.openai.com,
"Prompt caching diagnostics").
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..text import ascii_only
from ..turn.prompt import Tool
from ..turn.record import Record
from .predecessor import Match, same_route


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: its verdict's name, what to say of it, and how many tokens of the predecessor precede it.

    `before` is None for what is no part of the prompt.
    """

    name: str
    detail: str
    before: int | None = None


type Finder = Callable[[Record, Match], Change | None]
"""Finds a difference, if it is there."""


def find_changes(record: Record, match: Match) -> tuple[Change, ...]:
    """Return all differences, in the order in which verdicts are considered."""
    is_plain = same_route(record, match.record) and record.route.session is not None
    finders = _IN_THE_REST if is_plain else _FINDERS
    return tuple([change for find in finders if (change := find(record, match))])


def tokens_before(match: Match, size: int) -> int:
    """Return an estimate of the predecessor's tokens in the first `size` bytes of its prompt, by proportion."""
    usage = match.record.usage
    total = match.record.prompt.size
    return usage.input * min(size, total) // total if usage and total else 0


def _account(record: Record, match: Match) -> Change | None:
    mine, theirs = record.route, match.record.route
    if mine.account and theirs.account and mine.account != theirs.account:
        return Change(name="account_changed", detail="another account sent it, and accounts share no cache")
    if mine.caller != theirs.caller:
        return Change(name="account_changed", detail="another user sent it, and accounts share no cache")
    return None


def _value(name: str, what: str, read: Callable[[Record], str]) -> Finder:
    """Return the finder of a plain value that is shown as it is."""

    def find(record: Record, match: Match) -> Change | None:
        if (now := read(record)) == (was := read(match.record)):
            return None
        detail = f"{what} went from {ascii_only(was, 48) or 'unset'} to {ascii_only(now, 48) or 'unset'}"
        return Change(name=name, detail=detail, before=0)

    return find


def _hidden(name: str, what: str, read: Callable[[Record], object]) -> Finder:
    """Return the finder of a value that is only said to differ."""

    def find(record: Record, match: Match) -> Change | None:
        if read(record) == read(match.record):
            return None
        return Change(name=name, detail=f"{what} differs from the predecessor's", before=0)

    return find


def _session(record: Record, match: Match) -> Change | None:
    mine, theirs = record.route, match.record.route
    if not mine.session:
        return Change(name="session_missing", detail="it left without a session header, which the backend routes by")
    if mine.session == theirs.session:
        return None
    given = "its session header is not the predecessor's"
    return Change(name="session_changed", detail=given if theirs.session else "its predecessor had no session header")


def _key(record: Record, match: Match) -> Change | None:
    mine, theirs = record.route.key, match.record.route.key
    if mine == theirs:
        return None
    given = "its prompt_cache_key is not the predecessor's" if theirs else "its predecessor had no prompt_cache_key"
    detail = given if mine else "it left without the prompt_cache_key that its predecessor had"
    return Change(name="prompt_cache_key_changed", detail=detail)


def _transport(record: Record, match: Match) -> Change | None:
    mine, theirs = record.route, match.record.route
    if mine.transport != theirs.transport:
        detail = f"it came over {_named(mine.transport)}, its predecessor over {_named(theirs.transport)}"
        return Change(name="transport_changed", detail=detail)
    if mine.host != theirs.host:
        return Change(name="transport_changed", detail="it went to another host than its predecessor")
    if mine.socket != theirs.socket:
        return Change(name="transport_changed", detail="it came over another WebSocket than its predecessor")
    return None


def _echo(record: Record, _: Match) -> Change | None:
    if not record.echoed_key or not record.route.key or record.echoed_key == record.route.key:
        return None
    return Change(
        name="key_replaced", detail="the backend put a prompt_cache_key of its own in the place of the one sent"
    )


def _tools(record: Record, match: Match) -> Change | None:
    mine, theirs = record.prompt.prefix.tools, match.record.prompt.prefix.tools
    if mine == theirs or not match.record.prompt.size:  # an empty warm-up had none that could have been changed
        return None
    same = next((n for n, (one, other) in enumerate(zip(mine, theirs, strict=False)) if one != other), None)
    same = min(len(mine), len(theirs)) if same is None else same
    before = tokens_before(match, sum(tool.size for tool in theirs[:same]))
    return Change(name="tools_changed", detail=_tools_detail(mine, theirs), before=before)


def _tools_detail(mine: tuple[Tool, ...], theirs: tuple[Tool, ...]) -> str:
    """Name the tools that were edited, added, removed or moved."""
    now, was = {tool.name: tool.digest for tool in mine}, {tool.name: tool.digest for tool in theirs}
    said = [
        _list_names("was edited", [name for name in now if name in was and now[name] != was[name]]),
        _list_names("was added", [name for name in now if name not in was]),
        _list_names("was removed", [name for name in was if name not in now]),
    ]
    other = "came in another order" if len(mine) == len(theirs) else "are listed a different number of times"
    return ", ".join(part for part in said if part) or f"the same {len(now)} tools {other}"


def _list_names(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"tool {ascii_only(names[0], 48)}{more} {what}"


def _instructions(record: Record, match: Match) -> Change | None:
    mine, theirs = record.prompt.prefix, match.record.prompt.prefix
    if mine.instructions == theirs.instructions or not match.record.prompt.size:
        return None
    offset = common_prefix_length(mine.instructions, theirs.instructions)
    before = tokens_before(match, sum(tool.size for tool in theirs.tools) + offset)
    return Change(
        name="instructions_changed", detail=f"the instructions differ from character {offset} on", before=before
    )


def common_prefix_length(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _compaction(record: Record, match: Match) -> Change | None:
    if record.prompt.items.compactions <= match.record.prompt.items.compactions:
        return None
    before = tokens_before(match, match.record.prompt.prefix.size + match.record.prompt.items.size(match.head))
    return Change(name="context_compacted", detail="history was compacted, so its cache is built anew", before=before)


def _input(record: Record, match: Match) -> Change | None:
    if match.whole:
        return None
    items, theirs = record.prompt.items, match.record.prompt.items
    if match.head < len(items):
        item = items[match.head]
        detail = f"input[{item.input_index}] ({ascii_only(item.kind, 48)}) is not what stood there before"
    else:
        detail = f"history was cut at input[{theirs[match.head].input_index}]"
    before = tokens_before(match, match.record.prompt.prefix.size + theirs.size(match.head))
    return Change(name="input_changed", detail=detail, before=before)


def _named(transport: str) -> str:
    return {"http": "HTTP", "websocket": "a WebSocket"}[transport]


def _format_of(record: Record) -> int:
    return record.prompt.prefix.text_format


_IN_THE_REST: tuple[Finder, ...] = (_echo, _compaction, _input)
"""Those that find something in turns that leave alike, with the same head of the prompt."""

_FINDERS: tuple[Finder, ...] = (
    _account,
    _value("model_changed", "the model", lambda record: record.prompt.prefix.model),
    _key,
    _session,
    _value("service_tier_changed", "the service tier", lambda record: record.prompt.prefix.service_tier),
    _transport,
    _echo,
    _tools,
    _hidden("text_format_changed", "the text format", _format_of),
    _value("reasoning_effort_changed", "the reasoning effort", lambda record: record.prompt.prefix.reasoning_effort),
    _value("verbosity_changed", "the verbosity", lambda record: record.prompt.prefix.verbosity),
    _hidden(
        "parallel_tool_calls_changed", "parallel_tool_calls", lambda record: record.prompt.prefix.parallel_tool_calls
    ),
    _instructions,
    _compaction,
    _input,
)
