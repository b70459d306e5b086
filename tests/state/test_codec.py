"""A turn comes out of a store as it went in; of what is no turn, nothing does."""

import struct
from typing import Any

import orjson
import pytest
from codexcache.state.codec import decode, encode
from codexcache.turn.cache_key import CacheKey, EarlierTurn
from codexcache.turn.ledger import EMPTY, Boundary, Condition, Count, Ledger
from codexcache.turn.record import Record, Usage
from support.records import record
from support.turns import conversation

EARLIER = EarlierTurn(
    cache_key=CacheKey(key="k", source="session"),
    ids=(None, "s", None),
    own_id="s",
    opening=1,
    instructions=2,
    input_digest=3,
    line=b"line",
)
LEDGER = Ledger(
    boundaries=(Boundary(3, 9_000), Boundary(5, 10_000)),
    floor=8_192,
    causes=(Count("input_changed", 2), Count("date", 1)),
    conditions=(Condition("session_missing", 3, 2),),
    turns=2,
    reasoning=640,
)
NEW_MEMBERS = ("ledger", "served_model", "served_service_tier")


def record_in(data: bytes) -> Record:
    """Return the record of a stored turn."""
    found = decode(data, -1)
    assert found
    assert found.record
    return found.record


def stored(**given: Any) -> Record:
    """Return a turn as it comes out of a store."""
    return record_in(encode(EARLIER, record(7, conversation("a", "b", "c"), **given), "run"))


def edited(data: bytes, without: tuple[str, ...] = (), **members: Any) -> bytes:
    """Return a stored turn with members of its record changed, and without some."""
    (length,) = struct.unpack_from("<I", data)
    document = orjson.loads(data[4 : 4 + length])
    changed = {**document["record"], **members}
    document["record"] = {name: value for name, value in changed.items() if name not in without}
    text = orjson.dumps(document)
    return struct.pack("<I", len(text)) + text + data[4 + length :]


def test_what_a_conversation_had_measured_comes_back_as_it_was() -> None:
    ledger = stored(ledger=LEDGER).ledger
    condition = ledger.condition("session_missing")

    assert ledger == LEDGER
    assert [boundary.tokens for boundary in ledger.boundaries] == [9_000, 10_000]
    assert condition
    assert (ledger.count("date"), condition.is_habit, stored().ledger) == (1, True, EMPTY)


def test_no_turn_of_a_stored_ledger_was_counted_by_this_start() -> None:
    counted = LEDGER._replace(boundaries=(Boundary(3, 9_000, turn=5),))

    assert stored(ledger=counted).ledger.boundaries == (Boundary(3, 9_000),)


def test_what_the_response_said_of_itself_comes_back() -> None:
    usage = Usage(input=9, cached=8, output=7, reasoning=6)
    found = stored(served_model="m-2", served_service_tier="flex", usage=usage)

    assert (found.served_model, found.served_service_tier, found.usage) == ("m-2", "flex", usage)


def test_a_turn_that_an_earlier_version_stored_comes_back_without_what_that_did_not_know() -> None:
    data = encode(EARLIER, record(7, conversation("a"), ledger=LEDGER, served_model="m-2"), "run")
    found = record_in(edited(data, NEW_MEMBERS, usage={"input": 9, "cached": 8, "output": 7}))

    assert (found.ledger, found.served_model, found.served_service_tier) == (EMPTY, "", "")
    assert found.usage == Usage(input=9, cached=8, output=7)


def test_a_ledger_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    data = encode(EARLIER, record(7, conversation("a")), "run")
    later = {
        **orjson.loads(orjson.dumps(LEDGER._asdict(), default=tuple)),
        "boundaries": [3, 9_000, 5, 10_000],
        "more": 1,
    }

    assert record_in(edited(data, ledger=later)).ledger == LEDGER


@pytest.mark.parametrize("ledger", [{"boundaries": [1]}, {"causes": [1]}, {"boundaries": 7}, [1], "ledger"])
def test_a_turn_whose_ledger_is_none_is_no_turn(ledger: Any) -> None:
    assert decode(edited(encode(EARLIER, record(7, conversation("a")), "run"), ledger=ledger), -1) is None
