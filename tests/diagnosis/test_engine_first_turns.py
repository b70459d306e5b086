"""The conversation that a turn opens."""

from typing import Any

import pytest
from codexcache.body.json_splice import Object
from codexcache.diagnosis.engine import FirstTurns
from support.records import record, route
from support.turns import user


def test_a_first_turn_that_is_tried_again_is_of_one_conversation() -> None:
    known = FirstTurns()

    assert [known.conversation(record(number, [user("a")])) for number in (3, 4, 5)] == [3, 3, 3]


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
