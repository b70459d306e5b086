"""What tells the kinds of edits apart comes out of a store as it went in, and is not missed where it is not stored."""

import struct

import orjson
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.edits import edits_sentence, find_edits
from codexcache.diagnosis.prefix_edits import instructions_difference, tools_difference
from codexcache.state.codec import decode, encode
from codexcache.turn.cache_key import CacheKey, EarlierTurn
from codexcache.turn.record import Record
from support.records import record
from support.turns import said, user

EARLIER = EarlierTurn(
    cache_key=CacheKey(key="k", source="session"),
    ids=(None, "s", None),
    own_id="s",
    opening=1,
    instructions=2,
    input_digest=3,
    line=b"line",
)
TOOL: Object = {"type": "function", "name": "shell", "parameters": {"a": 1, "b": 2}}
TURNED: Object = {"type": "function", "name": "shell", "parameters": {"b": 2, "a": 1}}


def items(date: str) -> list[Json]:
    return [user("one"), said("assistant", "two"), user(f"It is {date}."), said("assistant", "four")]


WAS = record(1, items("2026-11-20"), body={"instructions": "It is 2026-11-20.", "tools": [TOOL]})
NOW = record(2, items("2026-11-21"), body={"instructions": "It is 2026-11-21.", "tools": [TURNED]})


def decoded(data: bytes) -> Record:
    found = decode(data, -1)
    assert found
    assert found.record
    return found.record


def of_an_older_version(data: bytes) -> bytes:
    """Return a stored turn without what was added."""
    (length,) = struct.unpack_from("<I", data)
    document = orjson.loads(data[4 : 4 + length])
    shaped = document.pop("shaped") * struct.calcsize("=Iqq")
    stored = document["record"]["prefix"]
    stored["tools"] = [tool[:3] for tool in stored["tools"]]
    stored["instructions"] = stored["instructions"][:3]
    text = orjson.dumps(document)
    return struct.pack("<I", len(text)) + text + data[4 + length : -shaped]


def test_edits_are_told_by_kind_after_a_restart_too() -> None:
    stored = decoded(encode(EARLIER, WAS, "run"))
    new, old = NOW.prompt.prefix, stored.prompt.prefix

    assert edits_sentence(find_edits(NOW.prompt.items, stored.prompt.items)) == (
        "a user message was rewritten at input[2]: only a date differs"
    )
    assert tools_difference(new.tools, old.tools).volatile == ("order",)
    assert instructions_difference(new.instructions, old.instructions).volatile == ("date",)


def test_what_an_older_version_stored_is_compared_without_shapes() -> None:
    stored = decoded(of_an_older_version(encode(EARLIER, WAS, "run")))
    new, old = NOW.prompt.prefix, stored.prompt.prefix

    assert old == WAS.prompt.prefix
    assert edits_sentence(find_edits(NOW.prompt.items, stored.prompt.items)) == (
        "a user message was rewritten at input[2]"
    )
    assert tools_difference(new.tools, old.tools).detail == "tool shell was edited"
    assert instructions_difference(new.instructions, old.instructions).volatile == ()
