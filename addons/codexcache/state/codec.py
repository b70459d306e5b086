"""Turns as bytes: what is remembered of one for its key, and its record for the verdicts on later ones.

No text is in them: of items, tools and instructions only digests and sizes. The bytes are a JSON object, after its
length, and the arrays of the items as they lie in memory. What is not as it should be is taken for absent: a store may
hold anything.
"""

import functools
import struct
from array import array
from collections.abc import Sequence
from itertools import batched, chain
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from ..turn.cache_key import CacheKey, EarlierTurn
from ..turn.item_list import Item, Items
from ..turn.ledger import Boundary, Condition, Count, Ledger
from ..turn.prompt import Prompt, PromptPrefix, Tool
from ..turn.record import Record, Route, TurnId, Usage
from ..turn.shape import NO_SHAPE, Shape
from ..turn.text_digest import TextDigest

_LENGTH = struct.Struct("<I")
_COLUMNS, _SHAPES = "qqQIH", "Iqq"
"""Digests, answers, ends, indexes and kinds of the items, an array each; then indexes, skeletons and contents of those
with a shape.
"""

_EARLIER = ("own_id", "opening", "instructions", "input_digest", "new_ids", "continued", "place")
_ROUTE = ("key", "key_source", "session", "thread", "pinnable", "account", "transport", "socket", "host")
_PREFIX = (
    *("model", "service_tier", "reasoning_effort", "verbosity", "text_format", "parallel_tool_calls"),
    *("carried_tools", "carries_instructions"),
)
_SHARED = 64
"""Routes and prompt prefixes whose bytes are kept: the turns of an agent share both."""

_RECORD = ("endpoint", "sent_at", "ended_at", "status", "response_id", "echoed_key")
_SERVED = ("served_model", "served_service_tier")


class StoredTurn(NamedTuple):
    """A turn in a store. `record` is None for one that no later one can be compared with."""

    earlier: EarlierTurn
    record: Record | None


def encode(earlier: EarlierTurn, record: Record | None, run: str) -> bytes:
    """Return a turn as bytes. `run` names this start of the proxy."""
    document: dict[str, Any] = {"key": _encode_earlier(earlier)}
    items = b""
    if record:
        kinds, shapes = record.prompt.items.kinds(), record.prompt.items.shapes()
        names = [*dict.fromkeys(kinds)]
        document |= {"record": _encode_record(record, run), "kinds": names, "shaped": len(shapes[0])}
        items = _encode_items(record.prompt.items, kinds, names) + b"".join(column.tobytes() for column in shapes)
    text = orjson.dumps(document, default=tuple)
    return _LENGTH.pack(len(text)) + text + items


def decode(data: bytes, number: int) -> StoredTurn | None:
    """Return a turn, None for what is none. Its record gets this `number`."""
    try:
        (length,) = _LENGTH.unpack_from(data)
        end = _LENGTH.size + length
        document = orjson.loads(data[_LENGTH.size : end])
        found = document.get("record")
        items = _decode_items(data[end:], document["kinds"], document.get("shaped", 0)) if found else []
        record = _decode_record(found, items, number) if found else None
        return StoredTurn(_decode_earlier(document["key"]), record)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _encode_earlier(earlier: EarlierTurn) -> dict[str, Any]:
    known = {name: getattr(earlier, name) for name in _EARLIER}
    key = earlier.cache_key
    return {**known, "cache_key": [key.key, key.source], "ids": earlier.ids, "line": earlier.line.hex()}


def _decode_earlier(document: dict[str, Any]) -> EarlierTurn:
    key, source = document["cache_key"]
    return EarlierTurn(
        cache_key=CacheKey(key=key, source=source),
        ids=tuple(document["ids"]),
        line=bytes.fromhex(document["line"]),
        **{name: document[name] for name in _EARLIER},
    )


def _encode_items(items: Items, kinds: Sequence[str], names: Sequence[str]) -> bytes:
    arrays, count = items.arrays, len(items)
    numbers = {name: number for number, name in enumerate(names)}
    columns = (
        arrays.digests[:count],
        arrays.answers[:count],
        arrays.end_offsets[1 : count + 1],
        arrays.indexes[:count],
        array("H", map(numbers.__getitem__, kinds)),
    )
    return b"".join(column.tobytes() for column in columns)


def _decode_items(data: bytes, kinds: Sequence[str], shaped: int) -> list[Item]:
    """Return the items, the last `shaped` entries of which are shapes; a turn of an older version has none."""
    end = len(data) - shaped * _size(_SHAPES)
    count = end // _size(_COLUMNS)
    digests, answers, ends, indexes, numbers = _columns(data[:end], _COLUMNS, count)
    shapes = {index: Shape(*shape) for index, *shape in zip(*_columns(data[end:], _SHAPES, shaped), strict=True)}
    sizes = [end - before for before, end in zip((0, *ends), ends, strict=False)]
    each = (shapes.get(index, NO_SHAPE) for index in range(count))
    named = map(kinds.__getitem__, numbers)
    return [Item(*item) for item in zip(digests, named, sizes, indexes, answers, each, strict=True)]


def _columns(data: bytes, codes: str, count: int) -> list["array[int]"]:
    columns, start = [array(code) for code in codes], 0
    for column in columns:
        column.frombytes(data[start : (start := start + count * column.itemsize)])
    return columns


def _size(codes: str) -> int:
    """Return the bytes of one entry in columns of these types."""
    return sum(array(code).itemsize for code in codes)


def _decode_tool(name: str, digest: int, size: int, members: int = 0, *shape: int) -> Tool:
    return Tool(name, digest, size, members, Shape(*shape))


def _encode_record(record: Record, run: str) -> dict[str, Any]:
    return {
        "origin": record.origin or (run, record.number),
        "conversation": record.conversation,
        "conversation_run": record.conversation_run or run,
        "route": orjson.Fragment(_encode_route(record.route)),
        "prefix": orjson.Fragment(_encode_prefix(record.prompt.prefix)),
        "length": record.prompt.length,
        "usage": record.usage,
        "outputs": [output[:5] for output in record.outputs],
        "said": record.said,
        "ledger": _encode_ledger(record.ledger),
        **{name: getattr(record, name) for name in (*_RECORD, *_SERVED)},
    }


@functools.lru_cache(_SHARED)
def _encode_route(route: Route) -> bytes:
    return orjson.dumps({name: getattr(route, name) for name in _ROUTE} | {"caller": route.caller.hex()})


@functools.lru_cache(_SHARED)
def _encode_prefix(prefix: PromptPrefix) -> bytes:
    text = prefix.instructions
    document = {
        **{name: getattr(prefix, name) for name in _PREFIX},
        "tools": [(tool.name, tool.digest, tool.size, tool.members, *tool.shape) for tool in prefix.tools],
        "instructions": (text.digest, text.length, text.checksums.hex(), *text.shape),
    }
    return orjson.dumps(document, default=tuple)


def _decode_record(document: dict[str, Any], items: list[Item], number: int) -> Record:
    return Record(
        number=number,
        flow="",
        route=Route(**{**document["route"], "caller": bytes.fromhex(document["route"]["caller"])}),
        prompt=Prompt(prefix=_decode_prefix(document["prefix"]), items=Items(items), length=document["length"]),
        origin=TurnId(*document["origin"]),
        usage=Usage(**document["usage"]),
        outputs=tuple(Item(*item) for item in document["outputs"]),
        said=tuple(document.get("said", ())),
        ledger=_decode_ledger(document.get("ledger", {})),
        **{name: document[name] for name in (*_RECORD, "conversation", "conversation_run")},
        **{name: document.get(name, "") for name in _SERVED},
    )


def _encode_ledger(ledger: Ledger) -> dict[str, Any]:
    """Return a ledger as what is quickly written: a named tuple costs a call each, and a loop each of its steps."""
    ends = chain.from_iterable(map(itemgetter(0, 1), ledger.boundaries))
    return {**ledger._asdict(), "boundaries": [*ends]}


def _decode_ledger(document: dict[str, Any]) -> Ledger:
    """Return a ledger, of whose turns none was counted here; what an older one does not have is as in an empty one."""
    known = {name: value for name, value in document.items() if name in Ledger._fields and isinstance(value, int)}
    return Ledger(
        boundaries=tuple(Boundary(items, tokens) for items, tokens in batched(document.get("boundaries", ()), 2)),
        causes=tuple(Count(*count) for count in document.get("causes", ())),
        conditions=tuple(Condition(*condition) for condition in document.get("conditions", ())),
        **known,
    )


def _decode_prefix(document: dict[str, Any]) -> PromptPrefix:
    digest, length, checksums, *shape = document["instructions"]
    tools = tuple(_decode_tool(*tool) for tool in document["tools"])
    instructions = TextDigest(digest, length, bytes.fromhex(checksums), Shape(*shape))
    return PromptPrefix(**{**document, "tools": tools, "instructions": instructions})
