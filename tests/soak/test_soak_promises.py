"""Which promises were kept, by what was observed."""

import sys
from dataclasses import replace

import orjson
import pytest
from codex_soak.promises import (
    BLOCKS_A_TURN,
    BYTES_A_TURN,
    IN_FLIGHT,
    Journal,
    Kind,
    Observed,
    Point,
    judge,
    read_journal,
    settled,
    slope,
    when_full,
)
from codexcache.addon import CodexContinuity
from support.observed import SENT, TASKS, after, observed, written

JOURNAL = "every turn is in the journal once"
COMPACTED = Kind("compact", "http", 200)
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
    assert [promise.kept for promise in judge(observed())] == [True] * 8


def allocating(bytes_a_turn: int | None, memory: float = 0) -> Observed:
    """Return a soak that uses so many bytes more a turn, None where the C library does not tell."""
    seen = observed(memory=memory)
    used = {one.turns: None if bytes_a_turn is None else 30_000_000 + bytes_a_turn * one.turns for one in seen.quiet}
    return replace(seen, quiet=[replace(one, allocated=used[one.turns]) for one in seen.quiet])


@pytest.mark.parametrize(
    ("seen", "names"),
    [
        (observed(memory=BYTES_A_TURN * 1.1), ["the process does not grow"]),
        (observed(blocks=BLOCKS_A_TURN + 0.1), ["no object is left by a turn"]),
        (allocating(200), ["memory that is used is flat"]),
        (allocating(0, memory=200), []),
        (allocating(None, memory=200), ["memory that is used is flat"]),
    ],
    ids=["the process", "a forgotten number", "large objects", "free memory", "memory that nothing tells of"],
)
def test_what_grows_with_each_turn_breaks_a_promise(seen: Observed, names: list[str]) -> None:
    assert broken(seen) == names


def test_what_grows_before_the_memories_are_full_breaks_none() -> None:
    growing = observed()
    early = [replace(one, memory=one.memory - 1_000_000 * (10 - place)) for place, one in enumerate(growing.quiet[:9])]

    assert broken(replace(growing, quiet=[*early, *growing.quiet[9:]])) == []


def test_no_sample_and_memories_that_never_fill_or_at_the_very_end_leave_nothing_to_be_said_of_a_slope() -> None:
    seen = observed(fills_at=1_000_000)

    for too_short in (seen, observed(fills_at=2_000), replace(observed(), quiet=[])):
        assert broken(too_short) == [*TOO_SHORT_FOR]
    assert found(seen, "all memories fill") == "never: history 2 of 1,000, bodies 2 of 1,000"
    assert when_full(observed(fills_at=1_000).quiet)[0].turns == 900


@pytest.mark.parametrize(
    ("members", "name", "what"),
    [
        ({"descriptors": 9}, "no descriptor is left", "8 before, 9 after"),
        ({"tasks": (*TASKS, "Layer.wait")}, "no task is left", "2 before, 3 after; 1 Layer.wait"),
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


@pytest.mark.parametrize(
    ("journal", "end"),
    [
        (written(SENT, doubled=3), "2,000 sent, 2,000 written, 3 of them again"),
        (written({**SENT, COMPACTED: 9}), "1,999 written, 0 of them again; 1 compact over http with 200"),
        (written({**SENT, COMPACTED: 11}), "2,001 written, 0 of them again"),
    ],
    ids=["twice", "missing", "one too many"],
)
def test_a_turn_that_is_not_in_the_journal_once_breaks_the_promise(journal: Journal, end: str) -> None:
    seen = replace(observed(), written=journal)

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
