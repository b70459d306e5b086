"""The prompt of a turn, cut into the parts that the backend's cache can tell apart.

The backend renders tools, then instructions, then the input's items, and reuses the longest head that it has seen
before; model, effort, verbosity, format, tier and parallel tool calls each have caches of their own (OpenAI, "Prompt
caching"). So a part is kept as a digest, with what is needed to name it: a tool's name, an item's kind and place.

An item is hashed as the model sees it. Its id, its status and the client's own notes on it are no part of the prompt,
the order of its members means nothing, and a text written as a string is the same as one written as a list of parts.
A tool's schema is shown to the model as it stands, so there the order of members does count.

Requests in the "responses lite" shape carry tools and instructions as the first items of their input (openai/codex,
`core/src/client.rs`); they are taken for what they are. Only at the very head: tools that are added further on, and a
second developer message, leave what stands before them as it was, so they are items like any other.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..body.json_splice import Json, Object, as_list, as_text
from ..static_frozen import static_frozen
from .item_list import Item, Items, digest
from .items import as_model_sees, given_items, texts, to_json

PREFIX_MEMBERS = frozenset(
    {"model", "service_tier", "reasoning", "text", "parallel_tool_calls", "tools", "instructions"}
)
"""The members of a request body that a prompt's head is read from."""

_MESSAGES = {role: f"{role} message" for role in ("user", "assistant", "developer", "system")}

_FILE = re.compile(rb'"data:[^"\\]{8000,}+"')
_FILE_SIZE = 8000
"""A picture is worth some 2,000 tokens, however many bytes it has (openai/codex, `core/src/context_manager`)."""

_LONGEST_NAME = 200
"""Characters of a name that are remembered; each tool of a namespace repeats the namespace's."""


class Tool(NamedTuple):
    """One tool: its name, its digest, and its size in bytes."""

    name: str
    digest: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
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
    instructions: str
    carried_tools: int = 0
    carries_instructions: bool = False

    @property
    def size(self) -> int:
        """The bytes of tools and instructions, which come before the items."""
        return sum(tool.size for tool in self.tools) + len(self.instructions)

    def __repr__(self) -> str:
        return f"Head({self.model!r}, {len(self.tools)} tools)"


@static_frozen
class Prompt:
    """A whole prompt. `length` counts the members of the whole input, those that carry tools included."""

    prefix: PromptPrefix
    items: Items
    length: int

    @property
    def size(self) -> int:
        """The bytes of the whole prompt, as far as they can be counted."""
        return self.prefix.size + self.items.size()

    def __repr__(self) -> str:
        return f"Prompt({self.prefix.model!r}, {len(self.prefix.tools)} tools, {len(self.items)} items)"


def read_prompt(document: Object, base: Prompt | None = None, outputs: Sequence[Item] = ()) -> Prompt:
    """Return the prompt of a request body.

    A WebSocket delta stands for the prompt of the turn that it names (`base`), that turn's output, and its own input.
    """
    given, start = given_items(document), base.length + len(outputs) if base else 0
    told, lead = as_text(document.get("instructions")), _lead(document, given, base)
    tools = (*_tools(as_list(document.get("tools"))), *lead.tools)
    items = [_item(start + place, item) for place, item in enumerate(given) if place >= lead.taken]
    head = PromptPrefix(
        model=_short(document.get("model")),
        service_tier=_short(document.get("service_tier")),
        reasoning_effort=_short(_member(document, "reasoning", "effort")),
        verbosity=_short(_member(document, "text", "verbosity")),
        text_format=digest(to_json(_member(document, "text", "format"))),
        parallel_tool_calls=value if isinstance(value := document.get("parallel_tool_calls"), bool) else None,
        tools=tools,
        instructions=told or lead.instructions,
        carried_tools=len(lead.tools),
        carries_instructions=bool(lead.instructions and not told),
    )
    whole = base.items.followed_by([*outputs, *items]) if base else Items(items)
    return Prompt(prefix=_shared(head), items=whole, length=start + len(given))


def extend_prompt(document: Object, base: Prompt) -> Prompt:
    """Return the prompt of a body that has more items than `base`, and in `HEAD_MEMBERS` nothing that is new."""
    if not (base.items or base.prefix.carries_instructions):  # what sets the agent up may still come
        return read_prompt(document, base)
    given = given_items(document)
    items = [_item(place, item) for place, item in enumerate(given, base.length)]
    return Prompt(prefix=base.prefix, items=base.items.followed_by(items), length=base.length + len(given))


def read_outputs(outputs: Iterable[Json], prompt: Prompt) -> tuple[Item, ...]:
    """Return a response's items, in the places that they have in the input of a turn which goes on with them."""
    return tuple(_item(place, item) for place, item in enumerate(outputs, prompt.length))


_prefixes: WeakValueDictionary[int, PromptPrefix] = WeakValueDictionary()


def _shared(head: PromptPrefix) -> PromptPrefix:
    """Return the head that is remembered already, if there is an equal one: an agent's turns have it in common."""
    known = _prefixes.setdefault(hash(head), head)
    return known if known == head else head


class _Lead(NamedTuple):
    """What the head of an input carries, and how many of the given items that takes."""

    tools: tuple[Tool, ...]
    instructions: str
    taken: int


def _lead(document: Object, given: list[Json], base: Prompt | None) -> _Lead:
    """Return what the input carries at its head, which for a delta is the head of the turn that it names."""
    tools = base.prefix.tools[len(base.prefix.tools) - base.prefix.carried_tools :] if base else ()
    if base and (base.items or base.prefix.carries_instructions):
        return _Lead(tools, base.prefix.instructions if base.prefix.carries_instructions else "", 0)
    count = next((n for n, item in enumerate(given) if _kind(item) != "additional_tools"), len(given))
    tools = (*tools, *(tool for item in given[:count] for tool in _tools(as_list(_member_of(item, "tools")))))
    if document.get("instructions") or count == len(given) or not _is_developer(given[count]):
        return _Lead(tools, "", count)
    return _Lead(tools, "\n".join(texts(_member_of(given[count], "content"))), count + 1)


def _item(place: int, item: Json) -> Item:
    text = to_json(as_model_sees(item), sort=True)
    return Item(digest(text), _named_kind(item), _weight(text), place)


def _weight(text: bytes) -> int:
    """Return the size of an item's text, from which its share of the tokens is estimated."""
    if len(text) <= _FILE_SIZE or text.find(b'"data:') < 0:
        return len(text)
    return len(text) - sum(len(file) - _FILE_SIZE for file in _FILE.findall(text))


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
    return Tool(name=space + _tool_name(tool), digest=digest(text), size=len(text))


def _tool_name(tool: Json) -> str:
    names = [_member_of(tool, "name"), _member_of(tool, "server_label"), _member_of(tool, "type")]
    return next(filter(None, map(_short, names)), "?")


def _kind(item: Json) -> str:
    kind = _member_of(item, "type")
    return kind[:_LONGEST_NAME] if isinstance(kind, str) else "message"


def _named_kind(item: Json) -> str:
    """Return what an item is called: its type, for a message with its role."""
    kind = _kind(item)
    role = _member_of(item, "role") if kind == "message" else None
    return _MESSAGES.get(role, kind) if isinstance(role, str) else kind


def _is_developer(item: Json) -> bool:
    return _kind(item) == "message" and _member_of(item, "role") in ("developer", "system")


def _member(document: Object, name: str, inner: str) -> Json:
    return _member_of(document.get(name), inner)


def _member_of(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _short(value: Json) -> str:
    """Return a name, as far as it is remembered."""
    return as_text(value)[:_LONGEST_NAME]
