"""The prompt of a turn, split into the parts that the backend's cache distinguishes.

The backend renders tools, then instructions, then the items of the input, and reuses the longest prefix that it has
seen before. Model, effort, verbosity, format, tier and parallel tool calls each have caches of their own (OpenAI,
"Prompt caching"). So each part is kept as a digest, with what names it: the name of a tool, kind and index of an item.

An item is hashed as the model sees it. Its id, its status and the client's notes on it are not part of the prompt, the
order of its members means nothing, and text written as a string equals the same text written as a list of parts. The
schema of a tool is shown to the model as it is, so there the order of members counts.

Requests in the "responses lite" shape carry tools and instructions as the first items of their input (openai/codex,
`core/src/client.rs`); here these count as tools and instructions, but only at the start of the input. Tools that are
added later, and a second developer message, leave what precedes them unchanged, so they are items like any other.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..body.json_splice import Json, Object, as_list, as_text
from ..static_frozen import static_frozen
from .item_list import Item, Items, digest
from .items import CALLS, FILE_SIZE, answer_digest, canonical, given_items, texts, to_json
from .shape import NO_SHAPE, Shape, shape_of, shape_of_arguments
from .text_digest import EMPTY, TextDigest, digest_text

PREFIX_MEMBERS = frozenset(
    {"model", "service_tier", "reasoning", "text", "parallel_tool_calls", "tools", "instructions"}
)
"""The members of a request body that a PromptPrefix is read from."""

_MESSAGES = {role: f"{role} message" for role in ("user", "assistant", "developer", "system")}

_FILE = re.compile(rb'"data:[^"\\]{8000,}+"')
_CALL = "function_call"
_SHAPED = {"user message": 8_000, "developer message": 64_000, "system message": 64_000, _CALL: 8_000}
"""The items that have a shape, and up to which size in bytes: the messages of a client, and calls, whose arguments some
clients write again. A context that is new for each request is short, but for instructions in a developer message."""

_LONG = 2_000
"""Characters from which on the texts of other items are hashed apart, which is faster."""

_LATEST_MADE, _LONGEST_MADE = 128, 4_000
"""Items of responses that are kept for the inputs in which they come again, and the longest in bytes."""

_DEEPEST = 64
"""Levels of a tool in which lists of names are sorted."""

_MOST_TOOLS = 4096
"""Tools of which is kept how they look with their members sorted, some 250 bytes each."""

_LONGEST_NAME = 200
"""Characters of a name that are kept; each tool of a namespace repeats the name of the namespace."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its name, its digest, and its size in bytes.

    `members` is the digest of it with its members sorted, and the shape is that of the sorted members. They say what
    two tools differ in. Older versions do not store them, so they are not compared.
    """

    name: str
    digest: int
    size: int
    members: int = field(default=0, compare=False)
    shape: Shape = field(default=NO_SHAPE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True, repr=False)
class PromptPrefix:
    """All of a prompt but its items.

    The last `carried_tools` of the tools, and the instructions if `carries_instructions`, came in the input.
    """

    model: str
    service_tier: str
    reasoning_effort: str
    verbosity: str
    text_format: int
    parallel_tool_calls: bool | None
    tools: tuple[Tool, ...]
    instructions: TextDigest
    carried_tools: int = 0
    carries_instructions: bool = False

    @property
    def size(self) -> int:
        """The size in bytes of tools and instructions, which precede the items."""
        return sum(tool.size for tool in self.tools) + self.instructions.length


@static_frozen
class Prompt:
    """A whole prompt. `length` is the number of members of the whole input, those that carry tools included."""

    prefix: PromptPrefix
    items: Items
    length: int

    @property
    def size(self) -> int:
        """The size in bytes of the whole prompt, as far as it can be counted."""
        return self.prefix.size + self.items.size()

    def __repr__(self) -> str:
        return f"Prompt({self.prefix.model!r}, {len(self.prefix.tools)} tools, {len(self.items)} items)"


def read_prompt(document: Object, base: Prompt | None = None, outputs: Sequence[Item] = ()) -> Prompt:
    """Return the prompt of a request body.

    The input of a WebSocket delta extends the prompt of the turn that it names (`base`) and the output of that turn.
    """
    given, start = given_items(document), base.length + len(outputs) if base else 0
    explicit, lead = digest_text(as_text(document.get("instructions"))), _leading_items(document, given, base)
    tools = (*_tools(as_list(document.get("tools"))), *lead.tools)
    items = [_item(start + index, item) for index, item in enumerate(given) if index >= lead.length]
    prefix = PromptPrefix(
        model=_short(document.get("model")),
        service_tier=_short(document.get("service_tier")),
        reasoning_effort=_short(_member_of(document.get("reasoning"), "effort")),
        verbosity=_short(_member_of(document.get("text"), "verbosity")),
        text_format=digest(to_json(_member_of(document.get("text"), "format"))),
        parallel_tool_calls=value if isinstance(value := document.get("parallel_tool_calls"), bool) else None,
        tools=tools,
        instructions=explicit if explicit.length else lead.instructions,
        carried_tools=len(lead.tools),
        carries_instructions=bool(lead.instructions.length and not explicit.length),
    )
    whole = base.items.followed_by([*outputs, *items]) if base else Items(items)
    return Prompt(prefix=_interned(prefix), items=whole, length=start + len(given))


def extend_prompt(document: Object, base: Prompt) -> Prompt:
    """Return the prompt of a body that has more items than `base` and no change in any of `PREFIX_MEMBERS`."""
    if not (base.items or base.prefix.carries_instructions):  # tools and instructions may still follow in the input
        return read_prompt(document, base)
    given = given_items(document)
    items = [_item(index, item) for index, item in enumerate(given, base.length)]
    return Prompt(prefix=base.prefix, items=base.items.followed_by(items), length=base.length + len(given))


def read_outputs(outputs: Iterable[Json], prompt: Prompt) -> tuple[Item, ...]:
    """Return the items of a response, with the indexes that they have in the input of a turn that extends it."""
    return tuple(_made(index, item) for index, item in enumerate(outputs, prompt.length))


_prefixes: WeakValueDictionary[int, PromptPrefix] = WeakValueDictionary()


def _interned(prefix: PromptPrefix) -> PromptPrefix:
    """Return an equal prefix that is in use already, if there is one: the turns of an agent share it."""
    known = _prefixes.setdefault(hash(prefix), prefix)
    return known if known == prefix else prefix


class _LeadingItems(NamedTuple):
    """The tools and instructions in the first items of an input, and how many of the given items these are."""

    tools: tuple[Tool, ...]
    instructions: TextDigest
    length: int


def _leading_items(document: Object, given: list[Json], base: Prompt | None) -> _LeadingItems:
    """Return the tools and instructions that the input begins with; a delta begins as the turn that it names."""
    tools = base.prefix.tools[len(base.prefix.tools) - base.prefix.carried_tools :] if base else ()
    if base and (base.items or base.prefix.carries_instructions):
        return _LeadingItems(tools, base.prefix.instructions if base.prefix.carries_instructions else EMPTY, 0)
    count = next((n for n, item in enumerate(given) if _kind(item) != "additional_tools"), len(given))
    tools = (*tools, *(tool for item in given[:count] for tool in _tools(as_list(_member_of(item, "tools")))))
    if document.get("instructions") or count == len(given) or not _is_developer(given[count]):
        return _LeadingItems(tools, EMPTY, count)
    instructions = digest_text("\n".join(texts(_member_of(given[count], "content"))))
    return _LeadingItems(tools, instructions, count + 1)


_latest_made: dict[bytes, Item] = {}
"""The latest items of responses by their text, until they come again in an input, as nearly all do."""


def _made(index: int, item: Json) -> Item:
    """Return an item of a response, and keep it if its text alone identifies it."""
    kind = _named_kind(item)
    text, more = canonical(item, _SHAPED.get(kind, _LONG))
    made = _measured(index, item, kind, text, more)
    if len(text) + more <= _LONGEST_MADE and not (made.kind in CALLS and _member_of(item, "call_id") is None):
        _latest_made[text] = made
        if len(_latest_made) > _LATEST_MADE:
            _latest_made.pop(next(iter(_latest_made)), None)  # another thread may have been first
    return made


def _item(index: int, item: Json) -> Item:
    kind = _named_kind(item)
    text, more = canonical(item, _SHAPED.get(kind, _LONG))
    if known := _latest_made.pop(text, None):
        return Item(known.digest, known.kind, known.size, index, known.answer, known.shape)
    return _measured(index, item, kind, text, more)


def _measured(index: int, item: Json, kind: str, text: bytes, more: int) -> Item:
    """Return an item of a kind from its canonical text, and the bytes of its long texts, which are not in that."""
    has_shape = kind in _SHAPED and not more and len(text) <= _SHAPED[kind]
    shape = _shape(kind, item, text) if has_shape else NO_SHAPE
    size = len(text) if len(text) <= FILE_SIZE else _size_with_files(text)
    return Item(digest(text), kind, size + more, index, answer_digest(item), shape)


def _shape(kind: str, item: Json, text: bytes) -> Shape:
    """Return the shape of an item; of a call, it says how the arguments are spelled, which are JSON in a string."""
    if kind != _CALL:
        return shape_of(text)
    arguments = as_text(_member_of(item, "arguments")).encode("utf-8", "surrogatepass")
    call = as_text(_member_of(item, "name")) + as_text(_member_of(item, "call_id"))
    return shape_of_arguments(call, arguments) if arguments else NO_SHAPE


def _size_with_files(text: bytes) -> int:
    """Return the size of an item for estimates of its tokens: the bytes of its text, with files at a fixed size."""
    if text.find(b'"data:') < 0:
        return len(text)
    return len(text) - sum(len(file) - FILE_SIZE for file in _FILE.findall(text))


def _tools(tools: Iterable[Json]) -> Iterator[Tool]:
    """Yield each tool, those of a namespace one by one; there are no namespaces within namespaces."""
    for tool in tools:
        if isinstance(tool, dict) and tool.get("type") == "namespace":
            space = _short(tool.get("name"))
            yield from (_tool(inner, f"{space}.") for inner in as_list(tool.get("tools")))
        else:
            yield _tool(tool)


def _tool(tool: Json, space: str = "") -> Tool:
    text = to_json(tool)
    identity = digest(text)
    return Tool(space + _tool_name(tool), identity, len(text), *_sorted_members(identity, text))


_known_members: dict[int, tuple[int, Shape]] = {}
_known_meanings: dict[int, int] = {}


def what_it_says(tool: Tool) -> int | None:
    """Return a digest of a tool as JSON, the same for all spellings; None where the tool was not seen of late."""
    return _known_meanings.get(tool.digest)


def _sorted_members(known_as: int, tool: bytes) -> tuple[int, Shape]:
    """Return digest and shape of a tool with its members sorted, found out once, because tools come with each turn."""
    if known := _known_members.get(known_as):
        return known
    if len(_known_members) >= _MOST_TOOLS:
        _known_members.clear()
        _known_meanings.clear()
    value = json.loads(tool)
    _known_meanings[known_as] = digest(to_json(value, sort=True))
    text = to_json(_with_sorted_names(value), sort=True)
    return _known_members.setdefault(known_as, (digest(text), shape_of(text)))


def _with_sorted_names(value: Json, levels: int = _DEEPEST) -> Json:
    """Return a value with its lists of strings sorted: names that are required come in the order of their members."""
    if levels and isinstance(value, dict):
        return {name: _with_sorted_names(inner, levels - 1) for name, inner in value.items()}
    if levels and isinstance(value, list):
        names = [each for each in value if isinstance(each, str)]
        inner: list[Json] = [_with_sorted_names(each, levels - 1) for each in value]
        return [*sorted(names)] if len(names) == len(value) else inner
    return value


def _tool_name(tool: Json) -> str:
    names = [_member_of(tool, "name"), _member_of(tool, "server_label"), _member_of(tool, "type")]
    return next(filter(None, map(_short, names)), "?")


def _kind(item: Json) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    return kind[:_LONGEST_NAME] if isinstance(kind, str) else "message"


def _named_kind(item: Json) -> str:
    """Return the kind of an item to show: its type, for a message with its role."""
    if (kind := _kind(item)) != "message":
        return kind
    role = _member_of(item, "role")
    return _MESSAGES.get(role, kind) if isinstance(role, str) else kind


def _is_developer(item: Json) -> bool:
    return _kind(item) == "message" and _member_of(item, "role") in ("developer", "system")


def _member_of(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _short(value: Json) -> str:
    """Return a string, shortened to the longest name that is kept; empty for anything else."""
    return as_text(value)[:_LONGEST_NAME]
