"""The items of a turn's input, normalised to what the model sees.

Clients write the same history in different ways: first as a bare string and later as a list, text as a string or as
parts, members in another order. Items also carry members that are not part of the prompt: id, status, notes of the
client. So an item is normalised before it is compared or hashed.

What a model made, its answers, is evidence: it makes up call ids, encrypted reasoning and texts, so an input that holds
one of them continues the conversation in which it was made, whatever the client rewrote around it. A message is
recognized by its text alone, a call and its output by the call's id. An item of a type that is not listed here proves
nothing, and a short text ("Done."), which is said in many conversations, counts only together with the opening, the
first message of the user.
"""

import functools
import json
import operator
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..body.json_splice import Json, Object, as_text
from .item_list import digest

CALLS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "web_search_call",
        "file_search_call",
        "tool_search_call",
    }
)
_OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "tool_search_output",
    }
)
ENCRYPTED = frozenset({"reasoning", "compaction", "compaction_summary", "context_compaction"})
"""Items with a content that only the account can use for which it was made."""

_IDENTIFYING = {**dict.fromkeys(ENCRYPTED, "encrypted_content"), **dict.fromkeys(CALLS | _OUTPUTS, "call_id")}
"""The member that no two items of a type have in common; a call may have an id in its place."""

_SHORTEST = 16
"""Characters from which on a text or an id counts without an equal opening."""

TEXT = 2
"""The bit of an answer's digest that is set for a message: a sentence may be said in several conversations."""

SHORT = 1
"""The bit of an answer's digest that is set where the text is short: it counts only together with the opening."""

_LONGEST_ID = 64
"""Characters of an id, which is hashed once for all items that have it."""

_LINE, _QUOTED = 32, 100_000
"""Characters from which on a line is one text's own, and characters of a text that are looked at."""

_LINES_SAID, _LINES_HELD = 4, 32
"""Lines of an answer by which it is known, and lines of a message that may quote one: wrappers have lines too."""

EARLY = 12
"""Items at the front of an input of which it is asked whether they quote."""

FILE_SIZE = 8000
"""Bytes that a file counts for: an image costs some 2,000 tokens, however large it is (openai/codex,
`core/src/context_manager`)."""

_LEVELS = 2
"""Levels of parts in which long texts are looked for."""

_SAMPLE = 2_000
"""Characters of a long text by which its size in bytes is estimated."""

_CHECKSUM, _NARROW, _WIDE = AESGCM(b"codex continuity"), bytes(12), b"\1" + bytes(11)

_HIDDEN_MEMBERS = frozenset({"id", "status", "internal_chat_message_metadata_passthrough"})
_HIDDEN_PART_MEMBERS = frozenset({"annotations", "logprobs"})


def given_items(document: Object) -> list[Json]:
    """Return the items of the input; a bare string is one user message (OpenAI, Responses API)."""
    given = document.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}] if given else []
    return given if isinstance(given, list) else []


def as_model_sees(item: Json) -> Json:
    """Return an item as the model sees it."""
    if not isinstance(item, dict):
        return item
    kept = item if _HIDDEN_MEMBERS.isdisjoint(item) and None not in item.values() else _visible_members(item)
    if kept.get("type", "message") != "message":
        return kept
    content = kept.get("content")
    parts = parts_as_model_sees(content, kept.get("role"))
    return kept if parts is content and "type" in kept else {**kept, "type": "message", "content": parts}


def parts_as_model_sees(content: Json, role: Json) -> list[Json]:
    """Return the content of a message as a list of parts, without what the model does not see."""
    if isinstance(content, str):
        return [{"type": "output_text" if role == "assistant" else "input_text", "text": content}] if content else []
    if not isinstance(content, list):
        return []
    parts = [_visible_part(part) for part in content]
    return content if all(map(operator.is_, parts, content)) else parts


def first_user_message(given: list[Json]) -> str | None:
    """Return the whole content of the first user message that has any, as JSON text, None if there is none."""
    users = (item for item in given if isinstance(item, dict) and item.get("role") == "user")
    contents = (parts_as_model_sees(item.get("content"), "user") for item in users)
    return next((to_json(content, sort=True).decode() for content in contents if content), None)


def first_developer_message(given: list[Json]) -> str:
    """Return the text of the first developer message that has any: the instructions of a "responses lite" request."""
    messages = (item for item in given if isinstance(item, dict) and item.get("role") in ("developer", "system"))
    return next(filter(None, ("".join(texts(item.get("content"))) for item in messages)), "")


def texts(content: Json) -> Iterator[str]:
    """Yield the texts in the content of a message."""
    if isinstance(content, str) and content:
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text


def lines_said(outputs: Iterable[Json]) -> tuple[int, ...]:
    """Return the digests of the longest lines in the messages of a response, by which a quote of it is recognized."""
    return _longest(chain.from_iterable(map(_long_lines, outputs)), _LINES_SAID)


def lines_at_front(given: Sequence[Json], start: int = 0) -> tuple[tuple[int, ...], ...]:
    """Return the digests of the longest lines of each item up to item `EARLY`; the first given is item `start`."""
    return tuple(_longest(_long_lines(item), _LINES_HELD) for item in given[: max(0, EARLY - start)])


def _longest(lines: Iterable[str], count: int) -> tuple[int, ...]:
    longest = sorted(dict.fromkeys(lines), key=len, reverse=True)[:count]
    return tuple(digest(line.encode("utf-8", "surrogatepass")) for line in longest)


def _long_lines(item: Json) -> Iterator[str]:
    if isinstance(item, dict) and item.get("type", "message") == "message":
        for text in texts(item.get("content")):
            yield from (line for line in map(str.strip, text[:_QUOTED].splitlines()) if len(line) >= _LINE)


def answer_digest(item: Json) -> int:
    """Return what identifies a model's item, the same for all spellings of it; 0 for an item that is not a model's."""
    if not isinstance(item, dict) or not (text := _identifying_text(item)):
        return 0
    kind = SHORT if len(text) < _SHORTEST else TEXT if item.get("role") else 0
    known = _digest_of_id(text) if len(text) <= _LONGEST_ID else digest(text.encode("utf-8", "surrogatepass"))
    return known & ~(SHORT | TEXT) | kind


@functools.lru_cache(maxsize=256)
def _digest_of_id(text: str) -> int:
    """Return the digest of the id of a call, which comes again with the call's output."""
    return digest(text.encode("utf-8", "surrogatepass"))


def _identifying_text(item: Object) -> str:
    """Return the text that no other answer has; empty for an item that is not a model's."""
    kind = item.get("type", "message")
    if kind == "message":
        return "".join(texts(item.get("content"))).strip() if item.get("role") == "assistant" else ""
    member = _IDENTIFYING.get(kind) if isinstance(kind, str) else None
    if member is None:
        return ""
    return as_text(item.get(member)) or (as_text(item.get("id")) if kind in CALLS else "")


def canonical(item: Json, longest: int) -> tuple[bytes, int]:
    """Return an item as the model sees it, as JSON: the same bytes for all spellings of it.

    A text of more than `longest` characters is replaced by its digest; the second value is the size of those in bytes.
    """
    seen = as_model_sees(item)
    short, size = _without_long_texts(seen, longest) if isinstance(seen, dict) else (seen, 0)
    return to_json(short, sort=True), size


def _without_long_texts(item: Object, longest: int, levels: int = _LEVELS) -> tuple[Object, int]:
    """Return an item without its long texts, or those in its parts, and their size in bytes."""
    changed: Object = {}
    total = 0
    for name, value in item.items():
        if isinstance(value, str):
            if len(value) > longest:
                changed[name], size = _text_digest(value)
                total += size
        elif value and levels and isinstance(value, list):
            parts = [
                _without_long_texts(part, longest, levels - 1) if isinstance(part, dict) else (part, 0)
                for part in value
            ]
            if size := sum(size for _, size in parts):
                changed[name] = [part for part, _ in parts]
                total += size
    return ({**item, **changed} if changed else item), total


def _text_digest(text: str) -> tuple[str, int]:
    """Return what stands for a long text, and its size in bytes; of a file, what it counts for.

    An authentication tag (GMAC, NIST SP 800-38D) under a key that is no secret is used as a checksum of 128 bits:
    processors have instructions for it, with which it takes a tenth of the time that SHA-256 takes.
    """
    is_narrow = text.isascii()
    data = text.encode("ascii") if is_narrow else text.encode("utf-16-le", "surrogatepass")  # as it is in memory
    nonce = _NARROW if is_narrow else _WIDE  # a text of each kind can have the same bytes
    return "\0" + _CHECKSUM.encrypt(nonce, b"", data).hex(), _size_of_text(text)


def _size_of_text(text: str) -> int:
    """Return the size of a long text in UTF-8, estimated by how it begins: to encode all of it takes longer than that.

    A file counts as `FILE_SIZE`.
    """
    size = len(text)
    if not text.isascii():
        begin = text[:_SAMPLE]
        size = size * len(begin.encode("utf-8", "surrogatepass")) // len(begin)
    return min(size, FILE_SIZE) if text.startswith("data:") else size


def to_json(value: Json, *, sort: bool = False) -> bytes:
    """Return a value as JSON without white space, the same for all spellings of it; `sort` ignores member order too."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None)
    except (TypeError, orjson.JSONEncodeError):  # lone surrogates and integers beyond 64 bits
        return json.dumps(value, sort_keys=sort).encode()


def _visible_members(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in _HIDDEN_MEMBERS and value is not None}


def _visible_part(part: Json) -> Json:
    if not isinstance(part, dict) or _HIDDEN_PART_MEMBERS.isdisjoint(part):
        return part
    return {name: value for name, value in part.items() if name not in _HIDDEN_PART_MEMBERS}
