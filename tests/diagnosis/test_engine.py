"""The engine is told when turns are sent and when they have ended, in any order, and forgets what it need not know."""

from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Verdict
from codexcache.diagnosis.engine import Engine, FirstTurns
from codexcache.turn.record import Record, Usage
from codexcache.turn.rejected_params import Refusal
from codexcache.turn.request import read_turn
from codexcache.turn.response import ResponseInfo
from support.records import record, route
from support.turns import client_headers, conversation, turn, user

ITEMS = conversation("a", "b", "c", "d", "e")


def response_info(given: Json = 10_000, cached: Json = 10_000, **members: object) -> ResponseInfo:
    details: Object = {"cached_tokens": cached}
    made = ResponseInfo(status=200, usage={"input_tokens": given, "input_tokens_details": details})
    for name, value in members.items():
        setattr(made, name, value)
    return made


def sent(engine: Engine, at: float, items: list[Json], named: Record | None = None, **members: Json) -> Record:
    made = turn(None, members, input=items)
    return engine.turn_sent(made, route(), flow="f", at=at, named=named)


def played(engine: Engine, at: float, items: list[Json], given: ResponseInfo | None = None) -> Verdict:
    """Play a turn that takes five seconds."""
    record = sent(engine, at, items)
    return engine.turn_ended(record, given or response_info(), at + 5)[0]


def test_turns_belong_to_the_conversation_of_their_first() -> None:
    engine = Engine()
    first = sent(engine, 0, ITEMS[:1])
    engine.turn_ended(first, response_info(), 5)
    other, second = sent(engine, 10, [user("x")]), sent(engine, 10, ITEMS[:3])

    assert (first.conversation, other.conversation, second.conversation) == (1, 2, 1)


@pytest.mark.parametrize("usage", [{}, {"input_tokens": None}, {"input_tokens": "7"}, {"input_tokens": True}])
def test_a_turn_without_usage_is_no_predecessor(usage: Object) -> None:
    engine = Engine()

    assert played(engine, 0, ITEMS[:1], ResponseInfo(status=200, usage=usage)).name == "no_usage"
    assert played(engine, 10, ITEMS[:3]).name == "cold"


@pytest.mark.parametrize(
    ("given", "cached", "output"),
    [
        pytest.param({}, None, None, id="the input alone"),
        pytest.param({"input_tokens_details": None}, None, None, id="null for the details"),
        pytest.param({"input_tokens_details": {"cached_tokens": 0}}, 0, None, id="a cached count of 0"),
        pytest.param({"input_tokens_details": {"cached_tokens": None}, "output_tokens": 2}, None, 2, id="null cached"),
    ],
)
def test_an_absent_counter_is_not_zero(given: Object, cached: int | None, output: int | None) -> None:
    engine = Engine()
    record = sent(engine, 0, ITEMS)
    engine.turn_ended(record, ResponseInfo(status=200, usage={"input_tokens": 5, **given}), 5)

    assert record.usage == Usage(input=5, cached=cached, output=output)


def test_a_turn_that_was_named_names_no_other_itself() -> None:
    """A chain of names would keep every turn of a socket in memory."""
    engine = Engine()
    warm = sent(engine, 0, ITEMS[:1], generate=False)
    engine.turn_ended(warm, response_info(), 1)
    named = sent(engine, 4, ITEMS[1:3], named=warm, previous_response_id="r")

    assert (named.named, len(named.prompt.items)) == (None, 3)


def test_deltas_behind_an_unknown_response_are_compared_among_themselves() -> None:
    engine = Engine()
    first = sent(engine, 0, ITEMS[:1], previous_response_id="unknown")
    engine.turn_ended(first, response_info(), 1)
    second = sent(engine, 2, ITEMS[1:3], named=first, previous_response_id="r1")

    assert engine.turn_ended(second, response_info(), 3)[0].name == "hit"
    assert not second.complete


def test_what_the_response_said_is_written_into_the_record() -> None:
    engine = Engine()
    record = sent(engine, 0, ITEMS)
    error: Object = {"detail": "Unsupported parameter: seed"}
    refusal = Refusal("seed", "client")
    engine.turn_ended(record, response_info(error=error, response_id="r", echoed_key="k", challenge=True), 5, refusal)

    assert (record.response_id, record.echoed_key, record.challenge) == ("r", "k", True)
    assert (record.refused, record.failed) == (refusal, "the response says why")
    assert (record.ended_at, record.status) == (5, 200)


def test_a_turn_that_was_held_is_compared_again_as_it_leaves() -> None:
    engine = Engine()
    played(engine, 0, ITEMS[:3])
    held = sent(engine, 10, [user("x")])
    predicted = [engine.predict(held)]
    engine.turn_released(held, turn(input=ITEMS), route(), at=400)
    predicted.append(engine.predict(held))

    assert [found and found.verdict.name for found in predicted] == ["cold", "idle"]
    assert engine.turn_ended(held, response_info(cached=0), 410)[0].name == "idle"


def test_what_is_predicted_has_a_sentence() -> None:
    engine = Engine()
    played(engine, 0, ITEMS[:3])

    assert forecast(engine, ITEMS) == "None"
    assert forecast(engine, [user("x")]) == "cold: no earlier turn of this conversation is known"
    assert forecast(engine, ITEMS, tools=[{"name": "t"}]) == "tools_changed: tool t was added"


def forecast(engine: Engine, items: list[Json], **members: Json) -> str:
    """Return what a turn is heading for, with its sentence."""
    found = engine.predict(sent(engine, 10, items, None, **members))
    return str(found and found.verdict)


def test_a_first_turn_that_fails_is_of_the_conversation_that_its_retry_opens() -> None:
    engine = Engine()
    refused = ResponseInfo(status=500)
    records = [sent(engine, at, ITEMS[:1]) for at in (0, 10)]
    for failed in records:
        engine.turn_ended(failed, refused, failed.sent_at + 1)
    records.append(sent(engine, 20, ITEMS[:1]))
    engine.turn_ended(records[2], response_info(), 25)
    records.append(sent(engine, 30, ITEMS[:3]))

    assert [record.conversation for record in records] == [1, 1, 1, 1]


def test_a_first_turn_is_of_the_conversation_of_its_warm_up_and_a_warm_up_differs_from_nothing() -> None:
    engine = Engine()
    warm = sent(engine, 0, [], generate=False)
    engine.turn_ended(warm, response_info(0, 0), 1)
    first = sent(engine, 2, ITEMS[:1], warm)
    assert engine.turn_ended(first, response_info(), 5).verdict.name == "cold"
    resumed = sent(engine, 10, ITEMS[:3], generate=False, model="another")
    told = engine.turn_ended(resumed, response_info(), 11)

    assert (warm.conversation, first.conversation, resumed.conversation) == (1, 1, 1)
    assert (told.verdict.name, told.verdict.predecessor, told.changes) == ("warm_up", 2, ())


def test_a_turn_that_cannot_be_remembered_keeps_no_other_from_being_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    played(engine, 0, ITEMS[:1])
    monkeypatch.setattr("codexcache.diagnosis.history.History.add", failing)
    with pytest.raises(ValueError, match="in this test"):
        sent(engine, 10, ITEMS[:3])
    monkeypatch.undo()

    assert [played(engine, at, ITEMS[:n]).name for at, n in ((20, 3), (30, 5))] == ["cold", "hit"]


def failing(*_: object) -> tuple[()]:
    raise ValueError("in this test")


def test_nothing_is_kept_of_turns_that_have_ended_but_their_history() -> None:
    engine = Engine()
    for number in range(20):
        played(engine, number * 10, [user(str(number))])

    assert engine.held == 1


def test_a_turn_that_was_not_read_is_compared_with_nothing_nor_anything_with_it() -> None:
    """Its prompt is not empty, but unknown."""
    engine = Engine()
    unread = read_turn(client_headers(), {}, transport="http", host="h", endpoint="responses", unread="it is odd")
    record = engine.turn_sent(unread, route(), flow="f", at=0)
    verdict = engine.turn_ended(record, response_info(), 5).verdict

    assert (verdict.name, verdict.predecessor) == ("cold", None)
    assert verdict.because.endswith("; its request was not read: it is odd")
    assert played(engine, 10, ITEMS[:1]).name == "cold"
    assert played(engine, 20, []).predecessor is None


def test_a_turn_is_compared_with_what_had_ended_when_it_left_however_late_it_is_read_again() -> None:
    engine = Engine()
    played(engine, 0, ITEMS[:1])
    record = sent(engine, 10, [user("x")])
    played(engine, 11, ITEMS[:3])
    engine.turn_released(record, turn(input=ITEMS), route(), at=record.sent_at)

    assert engine.turn_ended(record, response_info(), 30).verdict.predecessor == 1


# The conversation that a turn opens.


@pytest.mark.parametrize(
    ("items", "via", "body"),
    [
        pytest.param("b", {}, {}, id="another opening"),
        pytest.param("a", {"key": "l"}, {}, id="another key"),
        pytest.param("a", {"session": "t"}, {}, id="another session"),
        pytest.param("a", {"thread": "t"}, {}, id="another agent of one session"),
        pytest.param("a", {"caller": b"d"}, {}, id="another caller"),
        pytest.param("a", {}, {"instructions": "Give it a title."}, id="another kind of request"),
    ],
)
def test_what_differs_in_anything_opens_another(items: str, via: dict[str, Any], body: Object) -> None:
    known = FirstTurns()
    known.conversation(record(1, [user("a")]))

    assert known.conversation(record(2, [user(items)], via=route(**via), body=body)) == 2


def test_openings_are_bounded() -> None:
    known = FirstTurns(limit=2)
    for number in range(1, 4):
        known.conversation(record(number, [user(str(number))]))

    assert known.conversation(record(4, [user("3")])) == 3
    assert known.conversation(record(5, [user("1")])) == 5
