"""The verdict on a turn, and what it is heading for."""

import pytest
from codexcache.body.json_splice import Json
from support.records import match, predicted, record
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c", "d", "e", "f", "g", "h", "i")


LONG = conversation(*(str(n) for n in range(99)))


@pytest.mark.parametrize(
    ("before", "tokens", "items"),
    [
        pytest.param(ITEMS[:7], 20_000, ITEMS, id="a pure append"),
        pytest.param(ITEMS[:7], 20_000, ITEMS[:3], id="a turn that goes back"),
        pytest.param(LONG, 100_000, [*LONG[:98], user("x")], id="an edit near the end"),
    ],
)
def test_nothing_is_predicted_for(before: list[Json], tokens: int, items: list[Json]) -> None:
    first, mine = record(1, before, tokens=tokens), record(2, items, at=10.0, took=None)

    assert predicted(mine, match(mine, first), 1) is None


def test_what_is_predicted_is_said_with_its_reason() -> None:
    first = record(1, ITEMS[:7], tokens=20_000, body={"model": "one"})
    mine = record(2, ITEMS, at=10.0, took=None, body={"model": "two"})

    assert str(predicted(mine, match(mine, first), 1)) == "model_changed: the model went from one to two"
    assert str(predicted(mine, None)) == "cold: no earlier turn of this conversation is known"
