"""What turns show of pauses, of load and of shared keys is counted, bounded, and believed only when enough show it."""

from collections.abc import Sequence

import pytest
from codexcache.body.json_splice import Object
from codexcache.diagnosis.diagnosis import Verdict
from codexcache.diagnosis.engine import Engine
from codexcache.diagnosis.learned import NO_LOAD, NO_READS, IdleAfter, Learned, Load, Pauses, Reads
from codexcache.turn.ledger import Ledger
from codexcache.turn.response import ResponseInfo
from support.records import match, record, route
from support.turns import conversation, turn

HOST, MODEL = "chatgpt.com", "m"
DEFAULT = IdleAfter(likely=300, possibly=240)


def verdict(name: str) -> Verdict:
    return Verdict(name=name, because="")


def paused(learned: Learned, seconds: float, name: str = "hit", cached: int = 0, floor: int = 0, **given: str) -> None:
    """Have a turn end that left so long after its predecessor."""
    body: Object = {"model": given.get("model", MODEL)}
    via = route(host=given.get("host", HOST))
    before, later = record(1, at=0, body=body, via=via), record(2, at=seconds, body=body, via=via, cached=cached)
    later.ledger = Ledger(floor=floor)
    learned.turn_ended(later, match(later, before), verdict(name))


def after(read: Sequence[float] = (), not_read: Sequence[float] = ()) -> Learned:
    """Return what is learned from turns that were read after some pauses, and not after others."""
    learned = Learned()
    for seconds in read:
        paused(learned, seconds)
    for seconds in not_read:
        paused(learned, seconds, "idle")
    return learned


# The load of a key.


def sent(learned: Learned, number: int, at: float, key: str | None = "k", conversation: int = 1) -> Load:
    return learned.turn_sent(record(number, via=route(key=key), conversation=conversation), at)


def ended(learned: Learned, number: int, at: float, name: str = "hit") -> None:
    learned.turn_ended(record(number, at=at, took=0), None, verdict(name))


def test_a_key_carries_the_turns_of_the_last_minute() -> None:
    learned = Learned()

    assert [sent(learned, number, at).a_minute for number, at in enumerate((0, 30, 60, 61, 500), 1)] == [1, 2, 3, 3, 1]


def test_each_key_has_a_load_of_its_own_and_a_turn_without_one_has_none() -> None:
    learned = Learned()

    assert [sent(learned, n, 0, key).a_minute for n, key in enumerate(("k", "l", "k"), 1)] == [1, 1, 2]
    assert sent(learned, 4, 0, None) == NO_LOAD


def test_a_turn_is_in_flight_until_it_has_ended_or_was_withdrawn() -> None:
    learned = Learned()
    loads = [sent(learned, number, number).in_flight for number in (1, 2, 3)]
    ended(learned, 1, 4)
    learned.turn_withdrawn(record(2))

    assert loads == [0, 1, 2]
    assert sent(learned, 4, 5).in_flight == 1


def test_turns_sent_at_once_have_others_in_flight_of_which_none_has_ended() -> None:
    learned = Learned()
    sent(learned, 1, 0)
    ended(learned, 1, 5)

    assert [sent(learned, number, 6).none_ended for number in (2, 3, 4)] == [False, True, True]
    ended(learned, 3, 8)
    assert sent(learned, 5, 9)[1:3] == (2, False)


def test_a_turn_whose_end_is_never_heard_of_is_not_in_flight_for_good() -> None:
    learned = Learned()

    assert max(sent(learned, number, number).in_flight for number in range(200)) == 64


def test_the_conversations_of_a_key_are_counted_for_an_hour() -> None:
    learned = Learned()
    given = enumerate(((0, 1), (10, 1), (20, 2), (3_700, 3)), 1)

    assert [sent(learned, n, at, conversation=one).conversations for n, (at, one) in given] == [1, 1, 2, 1]


def test_conversations_of_two_starts_are_two() -> None:
    learned = Learned()
    learned.turn_sent(record(1, conversation=1, conversation_run="earlier"), 0)

    assert sent(learned, 2, 1, conversation=1).conversations == 2


def test_the_engine_judges_by_the_load_of_the_key() -> None:
    engine, items = Engine(), conversation("a", "b")
    first = engine.turn_sent(turn(input=items[:1]), route(), flow="f", at=0)
    usage: Object = {"input_tokens": 10_000, "input_tokens_details": {"cached_tokens": 0}}
    engine.turn_ended(first, ResponseInfo(status=200, usage=usage), 5)
    records = [engine.turn_sent(turn(input=items), route(), flow="f", at=10) for _ in range(16)]
    names = [engine.turn_ended(one, ResponseInfo(status=200, usage=usage), 15).verdict.name for one in records]

    assert (names[0], names[15]) == ("upstream", "key_overloaded")
    assert [reads.turns for reads in engine.learned.reads()] == [1, 2, 13]


# Pauses.


def test_pauses_are_told_with_the_turns_behind_them() -> None:
    learned = after(read=(90, 252, 120), not_read=(290, 400))

    assert learned.pauses(HOST, MODEL) == Pauses(longest_read=252, shortest_not=290, read=3, not_read=2)
    assert str(learned.pauses(HOST, MODEL)) == "read after up to 4 min 12 s (3 turns), not after 4 min 50 s (2 turns)"


def test_each_host_and_model_has_pauses_of_its_own() -> None:
    learned = after(read=(100,))
    paused(learned, 500, model="other")
    paused(learned, 600, host="gov.chatgpt.com")

    asked = ((HOST, MODEL), (HOST, "other"), ("gov.chatgpt.com", MODEL), ("gov.chatgpt.com", "other"))
    assert [learned.pauses(*place).longest_read for place in asked] == [100, 500, 600, None]


@pytest.mark.parametrize(
    ("seconds", "name", "cached", "floor", "not_read"),
    [
        pytest.param(100, "idle", 0, 0, 1, id="nothing was read after a pause"),
        pytest.param(100, "upstream", 0, 0, 1, id="nothing was read, and nothing explains it"),
        pytest.param(100, "upstream", 4_000, 4_000, 1, id="tools and instructions were read"),
        pytest.param(100, "upstream", 6_000, 4_000, 0, id="a part of the history was read"),
        pytest.param(100, "tools_changed", 0, 0, 0, id="a change explains it"),
        pytest.param(100, "transport_changed", 0, 0, 0, id="a new connection explains it"),
        pytest.param(60, "upstream", 0, 0, 0, id="a minute is no pause"),
        pytest.param(-100, "upstream", 0, 0, 0, id="two clocks that differ show no pause"),
    ],
)
def test_a_miss_shows_a_pause_only_where_nothing_else_explains_it(
    seconds: float, name: str, cached: int, floor: int, not_read: int
) -> None:
    learned = Learned()
    paused(learned, seconds, name, cached, floor)

    assert learned.pauses(HOST, MODEL).not_read == not_read


def test_a_turn_without_a_predecessor_shows_no_pause() -> None:
    learned = Learned()
    learned.turn_ended(record(1, at=1_000), None, verdict("hit"))

    assert learned.pauses(HOST, MODEL) == Pauses(None, None, 0, 0)


@pytest.mark.parametrize(
    ("read", "not_read", "expected"),
    [
        pytest.param((), (), DEFAULT, id="nothing is known"),
        pytest.param((700, 800), (), DEFAULT, id="two turns are not enough to be read"),
        pytest.param((), (100, 100), DEFAULT, id="two turns are not enough to be lost"),
        pytest.param((700, 800, 900), (), (700, 700), id="three were read after longer pauses"),
        pytest.param((70, 80, 90), (), DEFAULT, id="that short pauses are read is nothing new"),
        pytest.param((), (150, 160, 170), (170, 170), id="three were lost after shorter pauses"),
        pytest.param((), (270, 280, 290), (290, 240), id="three were lost between the documented limits"),
        pytest.param((), (700, 800, 900), DEFAULT, id="that long pauses are too long is nothing new"),
        pytest.param((250, 260, 270), (280, 290, 295), (295, 250), id="the limit lies between two pauses"),
        pytest.param((700, 800, 900), (1_000, 1_100, 1_200), (700, 700), id="both are longer than documented"),
        pytest.param((70, 80, 90), (100, 110, 120), (120, 120), id="both are shorter than documented"),
        pytest.param((600, 600, 600), (120, 120, 120, 120), DEFAULT, id="turns contradict one another"),
        pytest.param((600, 600, 600), (260, 280, 280, 280), (300, 280), id="they do so from a later pause on"),
        pytest.param((600,) * 9, (100,) * 3, (600, 600), id="a few that were lost early do not count against many"),
        pytest.param((600,) * 3, (100, 101, 102, 700, 701, 702, 703), (300, 240), id="many that were lost early do"),
        pytest.param((600,) * 9, (100, 101, 102, 700, 701, 702), (600, 600), id="nor do those lost late"),
        pytest.param((100, 200, 9_000), (), DEFAULT, id="one odd turn that was read is no limit"),
        pytest.param((), (70, 800, 900), DEFAULT, id="one odd turn that was lost is no limit"),
    ],
)
def test_a_pause_is_too_long_by_what_enough_turns_have_shown(
    read: Sequence[float], not_read: Sequence[float], expected: tuple[float, float]
) -> None:
    assert after(read, not_read).idle_after(HOST, MODEL) == expected


def test_the_latest_pauses_count() -> None:
    learned = after(read=(3_000,) * 10)
    for _ in range(500):
        paused(learned, 100)

    assert learned.pauses(HOST, MODEL) == Pauses(longest_read=100, shortest_not=None, read=500, not_read=0)


def test_models_are_bounded() -> None:
    learned = Learned(models=2)
    for name in ("a", "b", "c"):
        paused(learned, 100, model=name)

    assert [learned.pauses(HOST, name).read for name in ("a", "b", "c")] == [0, 1, 1]


# Reads.


def burst(learned: Learned, names: Sequence[str], key: str = "k", first: int = 1) -> None:
    """Have turns of a key leave at once, and end one after the other."""
    records = [record(number, via=route(key=key), conversation=1) for number in range(first, first + len(names))]
    for one in records:
        learned.turn_sent(one, 0)
    for one, name in zip(records, names, strict=True):
        learned.turn_ended(one, None, verdict(name))


def test_reads_are_counted_by_the_turns_that_were_in_flight() -> None:
    learned = Learned()
    burst(learned, ("hit", "hit", "upstream", "key_overloaded", "hit"))

    assert learned.reads() == (Reads(1, 0), Reads(1, 1), Reads(1, 1))
    assert [reads.rate for reads in learned.reads()] == [1, 0.5, 0.5]


def test_a_miss_that_a_change_explains_says_nothing_of_turns_in_flight() -> None:
    learned = Learned()
    burst(learned, ("cold", "tools_changed", "idle", "rejected"))

    assert learned.reads() == NO_READS
    assert [reads.rate for reads in NO_READS] == [None] * 3


def test_each_key_has_reads_of_its_own() -> None:
    learned = Learned()
    burst(learned, ("hit",))
    burst(learned, ("hit", "upstream"), "l", 2)

    assert learned.reads("k") == (Reads(1, 0), Reads(0, 0), Reads(0, 0))
    assert learned.reads("l") == (Reads(1, 0), Reads(0, 1), Reads(0, 0))
    assert learned.reads("unknown") == NO_READS
    assert learned.reads()[0] == Reads(2, 0)


def test_keys_are_bounded() -> None:
    learned = Learned(keys=2)
    for number, key in enumerate(("k", "l", "k", "n"), 1):
        burst(learned, ("hit",), key, number)

    assert [learned.reads(key)[0].hits for key in ("k", "l", "n")] == [2, 0, 1]


def test_a_turn_that_ends_when_its_key_is_forgotten_is_counted_all_the_same() -> None:
    learned, late = Learned(keys=1), record(1)
    learned.turn_sent(late, 0)
    learned.turn_sent(record(2, via=route(key="l")), 1)
    learned.turn_ended(late, None, verdict("hit"))

    assert learned.reads("k") == NO_READS


# What is shown.


def test_nothing_is_shown_where_nothing_is_known() -> None:
    learned = Learned()
    burst(learned, ("hit",))

    assert list(learned.lines()) == []


def test_pauses_are_shown_for_each_model() -> None:
    learned = after(read=(252,))
    paused(learned, 290, "idle", model="other\x1b[31m")

    assert list(learned.lines()) == [
        "pauses of m: read after up to 4 min 12 s (1 turn)",
        "pauses of other?[31m: not read after 4 min 50 s (1 turn)",
    ]


def test_the_host_is_shown_where_a_model_was_asked_of_two() -> None:
    learned = after(read=(120,))
    paused(learned, 9_000, host="gov.chatgpt.com")

    assert list(learned.lines()) == [
        "pauses of m at chatgpt.com: read after up to 2 min (1 turn)",
        "pauses of m at gov.chatgpt.com: read after up to 2 h (1 turn)",
    ]


def test_reads_are_shown_where_any_turn_had_others_in_flight() -> None:
    learned = Learned()
    burst(learned, ("hit", "hit", "upstream", "upstream"))

    assert list(learned.lines()) == [
        "turns read, by others of their key in flight: none 100% of 1, 1-2 50% of 2, 3 or more 0% of 1"
    ]


def conversations_on(*keys: str) -> Learned:
    """Return what is learned from as many conversations, each with the key that is given for it."""
    learned = Learned()
    for number, key in enumerate(keys, 1):
        sent(learned, number, 0, key, conversation=number)
    return learned


def test_keys_that_carry_several_conversations_are_shown() -> None:
    one, two = conversations_on("k", "k", "k", "l"), conversations_on("k", "k", "k", "l", "l")

    assert list(one.lines()) == ["keys with several conversations: 1 (3 conversations on one)"]
    assert list(two.lines()) == ["keys with several conversations: 2 (up to 3 conversations on one)"]


def test_the_conversations_of_a_key_are_bounded() -> None:
    assert list(conversations_on(*["k"] * 200).lines()) == [
        "keys with several conversations: 1 (64 conversations on one)"
    ]
