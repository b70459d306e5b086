"""The engine is told when turns are sent and when they have ended, in any order, and forgets what it need not know."""

import pytest
from codexcache.causes.explain import Explainer
from codexcache.causes.history import History
from codexcache.causes.verdict import Verdict
from codexcache.turns.outcome import Outcome
from codexcache.turns.record import Record, Usage
from codexcache.turns.refusal import Refusal
from codexcache.wire.document import Json, Object
from support.records import route
from support.turns import conversation, turn, user

ITEMS = conversation("a", "b", "c", "d", "e")


def outcome(given: Json = 10_000, cached: Json = 10_000, **members: object) -> Outcome:
    details: Object = {"cached_tokens": cached}
    made = Outcome(status=200, usage={"input_tokens": given, "input_tokens_details": details})
    for name, value in members.items():
        setattr(made, name, value)
    return made


def sent(explainer: Explainer, at: float, items: list[Json], named: Record | None = None, **members: Json) -> Record:
    made = turn(None, members, input=items)
    return explainer.sent(made, route(), flow="f", at=at, named=named)


def played(explainer: Explainer, at: float, items: list[Json], given: Outcome | None = None) -> Verdict:
    """Play a turn that takes five seconds."""
    record = sent(explainer, at, items)
    return explainer.ended(record, given or outcome(), at + 5)[0]


def test_a_conversation_is_explained_turn_by_turn() -> None:
    explainer = Explainer(history := History())
    verdicts = [played(explainer, at, ITEMS[:n]) for at, n in ((0, 1), (10, 3), (20, 5))]

    assert [(verdict.name, verdict.predecessor) for verdict in verdicts] == [("cold", None), ("hit", 1), ("hit", 2)]
    assert len(history) == 2


def test_turns_belong_to_the_conversation_of_their_first() -> None:
    explainer = Explainer()
    first = sent(explainer, 0, ITEMS[:1])
    explainer.ended(first, outcome(), 5)
    other, second = sent(explainer, 10, [user("x")]), sent(explainer, 10, ITEMS[:3])

    assert (first.conversation, other.conversation, second.conversation) == (1, 2, 1)


def test_turns_that_overlap_are_no_predecessors() -> None:
    explainer = Explainer()
    first, second = sent(explainer, 0, ITEMS[:1]), sent(explainer, 1, ITEMS[:1])

    assert explainer.ended(second, outcome(), 5)[0].name == "cold"
    assert explainer.ended(first, outcome(), 6)[0].name == "cold"


@pytest.mark.parametrize("usage", [{}, {"input_tokens": None}, {"input_tokens": "7"}, {"input_tokens": True}])
def test_a_turn_without_usage_is_no_predecessor(usage: Object) -> None:
    explainer = Explainer()

    assert played(explainer, 0, ITEMS[:1], Outcome(status=200, usage=usage)).name == "no_usage"
    assert played(explainer, 10, ITEMS[:3]).name == "cold"


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
    explainer = Explainer()
    record = sent(explainer, 0, ITEMS)
    explainer.ended(record, Outcome(status=200, usage={"input_tokens": 5, **given}), 5)

    assert record.usage == Usage(input=5, cached=cached, output=output)


def test_a_warm_up_is_a_predecessor_only_where_it_is_named() -> None:
    explainer = Explainer()
    warm = sent(explainer, 0, ITEMS[:1], generate=False)
    explainer.ended(warm, outcome(), 1)

    assert explainer.ended(sent(explainer, 2, ITEMS[:3]), outcome(), 3)[0].predecessor is None
    named = sent(explainer, 4, ITEMS[1:3], named=warm, previous_response_id="r")
    assert named.named is None  # a chain of names would keep every turn of a socket in memory
    assert len(named.prompt.items) == 3
    assert explainer.ended(named, outcome(), 5)[0].predecessor in (warm.number, 2)


def test_a_turn_that_names_an_unknown_response_is_compared_with_nothing_nor_anything_with_it() -> None:
    explainer = Explainer()
    played(explainer, 0, ITEMS[:3])
    delta = sent(explainer, 10, ITEMS[:1], previous_response_id="unknown")

    assert explainer.ended(delta, outcome(), 11)[0].name == "cold"
    assert explainer.ended(sent(explainer, 20, [*ITEMS[:1], user("x")]), outcome(), 21)[0].predecessor != delta.number


def test_deltas_behind_an_unknown_response_are_compared_among_themselves() -> None:
    explainer = Explainer()
    first = sent(explainer, 0, ITEMS[:1], previous_response_id="unknown")
    explainer.ended(first, outcome(), 1)
    second = sent(explainer, 2, ITEMS[1:3], named=first, previous_response_id="r1")

    assert explainer.ended(second, outcome(), 3)[0].name == "hit"
    assert not second.complete


def test_what_the_response_said_is_written_into_the_record() -> None:
    explainer = Explainer()
    record = sent(explainer, 0, ITEMS)
    error: Object = {"detail": "Unsupported parameter: seed"}
    refusal = Refusal("seed", "client")
    explainer.ended(record, outcome(error=error, response_id="r", echoed_key="k", challenge=True), 5, refusal)

    assert (record.response_id, record.echoed_key, record.challenge) == ("r", "k", True)
    assert (record.refused, record.failed) == (refusal, "the response says why")
    assert (record.ended_at, record.status) == (5, 200)


def test_a_keys_load_counts_a_minute_of_turns() -> None:
    explainer = Explainer()
    for second in range(15):
        played(explainer, second * 2, [user(str(second))])
    played(explainer, 31, ITEMS[:1])

    assert played(explainer, 37, ITEMS[:3], outcome(cached=0)).name == "key_overloaded"
    assert played(explainer, 99, ITEMS[:5], outcome(cached=0)).name == "upstream"


def test_a_turn_that_was_held_is_compared_again_as_it_leaves() -> None:
    explainer = Explainer()
    played(explainer, 0, ITEMS[:3])
    held = sent(explainer, 10, [user("x")])
    foreseen = [explainer.outlook(held)]
    explainer.released(held, turn(input=ITEMS), route(), at=400)
    foreseen.append(explainer.outlook(held))

    assert [found and found.verdict.name for found in foreseen] == ["cold", "idle"]
    assert explainer.ended(held, outcome(cached=0), 410)[0].name == "idle"


def test_what_is_foreseen_has_a_sentence() -> None:
    explainer = Explainer()
    played(explainer, 0, ITEMS[:3])

    assert forecast(explainer, ITEMS) == "None"
    assert forecast(explainer, [user("x")]) == "cold: no earlier turn of this conversation is known"
    assert forecast(explainer, ITEMS, tools=[{"name": "t"}]) == "tools_changed: tool t was added"


def forecast(explainer: Explainer, items: list[Json], **members: Json) -> str:
    """Return what a turn is heading for, with its sentence."""
    found = explainer.outlook(sent(explainer, 10, items, None, **members))
    return str(found and found.verdict)


def test_a_first_turn_that_fails_is_of_the_conversation_that_its_retry_opens() -> None:
    explainer = Explainer()
    refused = Outcome(status=500)
    records = [sent(explainer, at, ITEMS[:1]) for at in (0, 10)]
    for record in records:
        explainer.ended(record, refused, record.sent_at + 1)
    records.append(sent(explainer, 20, ITEMS[:1]))
    explainer.ended(records[2], outcome(), 25)
    records.append(sent(explainer, 30, ITEMS[:3]))

    assert [record.conversation for record in records] == [1, 1, 1, 1]


def test_a_turn_that_cannot_be_remembered_keeps_no_other_from_being_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer()
    played(explainer, 0, ITEMS[:1])
    monkeypatch.setattr("codexcache.causes.explain.read_outputs", failing)
    with pytest.raises(ValueError, match="in this test"):
        sent(explainer, 10, ITEMS[:3])
    monkeypatch.undo()

    assert [played(explainer, at, ITEMS[:n]).name for at, n in ((20, 3), (30, 5))] == ["cold", "hit"]


def failing(*_: object) -> tuple[()]:
    raise ValueError("in this test")


def test_nothing_is_kept_of_turns_that_have_ended_but_their_history() -> None:
    explainer = Explainer()
    for number in range(20):
        played(explainer, number * 10, [user(str(number))])

    assert explainer.held == 1
