"""What stands in a journal."""

import orjson
import pytest
from codex_soak.counters import Counters, Kind, read_journal


def entry(turn: int, **members: object) -> bytes:
    """Return a line of the journal."""
    return orjson.dumps({"turn": turn, "endpoint": "responses", "transport": "http", "status": 200, **members})


def test_turns_are_counted_by_their_kind() -> None:
    written = read_journal([entry(1), entry(2, transport="websocket"), entry(3)])

    assert written.kinds == {Kind("responses", "http", 200): 2, Kind("responses", "websocket", 200): 1}
    assert written.doubled == 0


def test_a_turn_that_is_written_again_is_counted_as_such() -> None:
    assert read_journal([entry(1), entry(2), entry(1), entry(1)]).doubled == 2


def test_an_empty_journal_has_no_turns() -> None:
    assert read_journal([]).numbers.total() == 0


def test_a_line_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        read_journal([b"{"])


def test_the_total_is_that_of_all_kinds() -> None:
    counters = Counters()
    counters.turns.update({Kind("compact", "http", 200): 2, Kind("responses", "http", 429): 1})

    assert counters.total == 3
