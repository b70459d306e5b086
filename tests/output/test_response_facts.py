"""The page of a turn says what served it, how it ended, and what became of the rate limits."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.output.journal import Entries, Pseudonyms
from codexcache.output.response_facts import limit_lines, response_facts
from codexcache.output.turn_page import page
from codexcache.output.turn_summary import turn_summary as summary_of
from codexcache.text import NARROWEST
from support.diagnoses import Harness
from support.turn_summaries import turn_summary
from support.turns import user


@pytest.mark.parametrize(
    ("members", "facts"),
    [
        ({}, []),
        ({"served_model": "gpt-5.5", "served_service_tier": "default", "ended": "completed"}, []),
        ({"served_model": "gpt-5.5-mini"}, ["served by gpt-5.5-mini"]),
        ({"served_service_tier": "flex", "ended": "closed 1008"}, ["served at tier flex", "ended: closed 1008"]),
        ({"served_model": ["x"], "served_service_tier": 7, "ended": None}, []),
    ],
)
def test_only_what_is_not_as_it_was_asked_for_or_mostly_is_worth_a_word(members: Object, facts: list[str]) -> None:
    shown = turn_summary(**members)

    assert [*response_facts(shown)] == facts
    assert all(fact in page(shown) for fact in facts)


def test_limits_stand_below_what_was_sent_again_with_what_was_used_before() -> None:
    limits: Json = [["primary", 41.0, 44.25], ["secondary", None, 7]]
    lines = page(turn_summary(limits=limits)).split("\n")
    below = lines.index("  primary limit 41 % -> 44.2 % · secondary limit 7 %")

    assert [line.split()[0] for line in lines[below - 2 : below]] == ["re-sent", "output"]


def test_no_limit_is_broken_and_none_is_no_line() -> None:
    limits: Json = [[f"model-{number}-primary", 1, 2] for number in range(3)]

    assert [*limit_lines({"limits": limits}, NARROWEST)] == [
        f"  model-{number}-primary limit 1 % -> 2 %" for number in range(3)
    ]
    assert [*limit_lines({}, NARROWEST)] == [*limit_lines({"limits": []}, NARROWEST)] == []


@pytest.mark.parametrize(
    "limit",
    [None, "primary", [], ["primary", 1], [7, 1, 2], ["primary", 1, None], ["primary", 1, True], ["p", 1, 1e308]],
)
def test_what_is_no_limit_is_left_out(limit: Json) -> None:
    assert [*limit_lines({"limits": [limit]}, NARROWEST)] == []


def test_a_summary_has_the_limits_of_its_turn_with_those_of_the_one_before() -> None:
    harness = Harness()
    for used in (41.0, 44.0):
        sent = harness.send(input=[user("a")])
        sent.response_info.limits = {"primary": used}
        harness.end(sent)
    prints, shown = Pseudonyms(b"0" * 32), list[Json]()
    for diagnosis in harness.diagnoses:
        shown.append(summary_of(diagnosis, Entries(prints, "run").entry(diagnosis), prints)["limits"])

    assert shown == [[["primary", None, 41.0]], [["primary", 41.0, 44.0]]]
