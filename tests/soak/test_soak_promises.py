"""Which promises were kept, by what was observed."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest
from codex_soak.observed import Kind, Observed, read_journal
from codex_soak.promises import (
    BLOCKS_A_TURN,
    BYTES_A_TURN,
    IN_FLIGHT,
    Point,
    Promise,
    judge,
    settled,
    slope,
    when_full,
)
from codexcache.addon import CodexContinuity
from support.observed import SENT, TASKS, after, observed, sample, written

JOURNAL = "every turn is in the journal once"
TOO_SHORT_FOR = (
    "all memories fill",
    "the process does not grow",
    "memory that is used is flat",
    "no object is left by a turn",
)


def broken(seen: Observed) -> list[str]:
    """Return the names of the promises that were broken."""
    return [promise.name for promise in judge(seen) if not promise.kept]


def found(seen: Observed, name: str) -> str:
    """Return what was found about a promise."""
    return next(promise.found for promise in judge(seen) if promise.name == name)


def test_a_proxy_that_is_as_it_was_keeps_every_promise() -> None:
    promises: Sequence[Promise] = judge(observed())

    assert [promise.name for promise in promises if not promise.kept] == []
    assert len(promises) == 8


def test_memory_that_grows_with_each_turn_breaks_a_promise() -> None:
    assert broken(observed(memory=BYTES_A_TURN * 1.1)) == ["the process does not grow"]


def test_large_objects_that_are_left_break_a_promise() -> None:
    seen = observed()
    growing = [replace(one, allocated=30_000_000 + 200 * one.turns) for one in seen.quiet]

    assert broken(replace(seen, quiet=growing)) == ["memory that is used is flat"]


def test_where_the_c_library_does_not_tell_the_memory_of_the_process_is_judged() -> None:
    seen = observed(memory=200)
    silent = [replace(one, allocated=None) for one in seen.quiet]

    assert (broken(seen), broken(replace(seen, quiet=silent))) == ([], ["memory that is used is flat"])


def test_a_forgotten_number_a_turn_breaks_a_promise() -> None:
    assert broken(observed(blocks=BLOCKS_A_TURN + 0.1)) == ["no object is left by a turn"]


def test_what_grows_before_the_memories_are_full_breaks_none() -> None:
    growing = observed()
    early = [replace(one, memory=one.memory - 1_000_000 * (10 - place)) for place, one in enumerate(growing.quiet[:9])]

    assert broken(replace(growing, quiet=[*early, *growing.quiet[9:]])) == []


def test_memories_that_never_fill_or_at_the_very_end_leave_nothing_to_be_said_of_a_slope() -> None:
    seen = observed(fills_at=1_000_000)

    assert broken(seen) == broken(observed(fills_at=2_000)) == [*TOO_SHORT_FOR]
    assert found(seen, "all memories fill") == "never: history 2 of 1,000, bodies 2 of 1,000"
    assert when_full(observed(fills_at=1_000).quiet)[0].turns == 900


@pytest.mark.parametrize(
    ("members", "name", "what"),
    [
        ({"descriptors": 9}, "no descriptor is left", "8 before, 30 at the most, 9 after"),
        ({"tasks": (*TASKS, "Layer.wait")}, "no task is left", "2 before, 22 at the most, 3 after; 1 Layer.wait"),
        ({"types": {"HTTPFlow": 2}}, "no flow, turn or socket is left", "2 after; 2 HTTPFlow"),
        ({"types": {"Socket": 2}}, "no flow, turn or socket is left", "2 after; 2 Socket"),
        ({"types": {"Exchange": 2}}, "no flow, turn or socket is left", "2 after; 2 Exchange"),
    ],
)
def test_what_is_left_is_named(members: dict[str, object], name: str, what: str) -> None:
    """The turn of the latest diagnosis may stay, a second may not."""
    left = after(observed(), **members)

    assert observed().after.types["Exchange"] == 1
    assert (broken(left), found(left, name)) == ([name], what)


def test_a_turn_that_is_in_the_journal_twice_breaks_the_promise() -> None:
    seen = replace(observed(), written=written(SENT, doubled=3))

    assert broken(seen) == [JOURNAL]
    assert found(seen, JOURNAL) == "2,000 sent, 2,000 written, 3 of them again"


@pytest.mark.parametrize(
    ("number", "end"), [(9, "1,999 written, 0 of them again; 1 compact over http with 200"), (11, "0 of them again")]
)
def test_a_turn_that_is_missing_there_is_named_by_its_kind_and_one_too_many_is_noticed(number: int, end: str) -> None:
    seen = replace(observed(), written=written({**SENT, Kind("compact", "http", 200): number}))

    assert broken(seen) == [JOURNAL]
    assert found(seen, JOURNAL).endswith(end)


def test_the_turns_of_a_journal_are_counted_by_their_kind() -> None:
    turns = [(1, "http"), (2, "websocket"), (1, "http"), (3, "http"), (1, "http")]
    entries = [{"turn": turn, "endpoint": "responses", "transport": way, "status": 200} for turn, way in turns]
    journal = read_journal(map(orjson.dumps, entries))

    assert journal.kinds == {Kind("responses", "http", 200): 4, Kind("responses", "websocket", 200): 1}
    assert (journal.doubled, read_journal([]).numbers.total()) == (2, 0)
    with pytest.raises(ValueError, match="unexpected"):
        read_journal([b"{"])


def test_without_any_sample_nothing_is_promised() -> None:
    empty = replace(observed(), quiet=[])

    assert broken(empty) == [*TOO_SHORT_FOR]
    assert when_full([sample(1, filled=0.5)]) == []


def test_what_is_looked_for_in_flight_exists() -> None:
    assert CodexContinuity.__module__ in sys.modules
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith(("codexcache.", "mitmproxy."))]

    assert [name for name in IN_FLIGHT if not any(isinstance(module.get(name), type) for module in modules)] == []


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 5), (10, 25), (20, 45)], 2),
        ([(turns, 7) for turns in range(0, 100, 10)], 0),
        ([(turns, 1_000_000 if turns == 10 else turns) for turns in range(20)], pytest.approx(1)),
        ([], None),
        ([(1, 1), (1, 2)], None),
    ],
)
def test_a_slope_is_that_of_most_points_and_needs_two_apart(points: list[Point], expected: float | None) -> None:
    assert slope(points) == expected


def test_the_last_two_thirds_are_those_of_the_way_not_of_the_points() -> None:
    assert settled([(0, 0), (1, 0), (2, 0), (40, 1), (100, 2)]) == [(40, 1), (100, 2)]
    assert settled([]) == []
