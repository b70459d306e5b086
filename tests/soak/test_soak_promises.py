"""Which promises were kept, by what was observed."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from codex_soak.counters import Kind
from codex_soak.promises import (
    BLOCKS_A_TURN,
    BYTES_A_TURN,
    IN_FLIGHT,
    Observed,
    Point,
    Promise,
    judge,
    second_half,
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


def test_memories_that_never_fill_leave_nothing_to_be_said_of_a_slope() -> None:
    seen = observed(fills_at=1_000_000)

    assert broken(seen) == [*TOO_SHORT_FOR]
    assert found(seen, "all memories fill") == "never: history 2 of 1,000, bodies 2 of 1,000"


def test_memories_that_fill_at_the_very_end_do_not_either() -> None:
    assert broken(observed(fills_at=2_000)) == [*TOO_SHORT_FOR]


def test_the_memories_are_full_once_the_last_of_them_is() -> None:
    assert when_full(observed(fills_at=1_000).quiet)[0].turns == 900


def test_a_descriptor_that_is_left_is_found() -> None:
    seen = observed()
    left = after(seen, descriptors=9)

    assert broken(left) == ["no descriptor is left"]
    assert found(left, "no descriptor is left") == "8 before, 30 at the most, 9 after"


def test_a_task_that_is_left_is_named() -> None:
    seen = observed()
    left = after(seen, tasks=(*TASKS, "Layer.wait"))

    assert broken(left) == ["no task is left"]
    assert found(left, "no task is left").endswith("3 after; 1 Layer.wait")


@pytest.mark.parametrize("kind", ["HTTPFlow", "Socket", "BodyBuffer"])
def test_what_a_turn_or_a_connection_leaves_is_named(kind: str) -> None:
    seen = observed()
    left = after(seen, types={kind: 2})

    assert broken(left) == ["no flow, turn or socket is left"]
    assert found(left, "no flow, turn or socket is left") == f"2 after; 2 {kind}"


def test_the_turn_of_the_latest_diagnosis_may_stay() -> None:
    seen = observed()

    assert seen.after.types["Exchange"] == 1
    assert broken(after(seen, types={"Exchange": 2})) == ["no flow, turn or socket is left"]


def test_a_turn_that_is_in_the_journal_twice_breaks_the_promise() -> None:
    seen = replace(observed(), written=written(SENT, doubled=3))

    assert broken(seen) == [JOURNAL]
    assert found(seen, JOURNAL) == "2,000 sent, 2,000 written, 3 of them again"


def test_a_turn_that_is_missing_there_is_named_by_its_kind() -> None:
    seen = replace(observed(), written=written({**SENT, Kind("compact", "http", 200): 9}))

    assert broken(seen) == [JOURNAL]
    assert found(seen, JOURNAL).endswith("1,999 written, 0 of them again; 1 compact over http with 200")


def test_a_turn_that_was_not_sent_breaks_the_promise_too() -> None:
    assert broken(replace(observed(), written=written({**SENT, Kind("compact", "http", 200): 11}))) == [JOURNAL]


def test_without_any_sample_nothing_is_promised() -> None:
    empty = replace(observed(), quiet=[])

    assert broken(empty) == [*TOO_SHORT_FOR]
    assert when_full([sample(1, filled=0.5)]) == []


def test_what_is_looked_for_in_flight_exists() -> None:
    assert CodexContinuity.__module__ in sys.modules
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith(("codexcache.", "mitmproxy."))]

    assert [name for name in IN_FLIGHT if not any(isinstance(module.get(name), type) for module in modules)] == []


def test_a_line_has_its_own_slope_and_a_flat_figure_none() -> None:
    assert slope([(0, 5), (10, 25), (20, 45)]) == 2
    assert slope([(turns, 7) for turns in range(0, 100, 10)]) == 0


def test_a_sample_taken_at_a_bad_moment_does_not_count() -> None:
    points: list[Point] = [(turns, turns) for turns in range(20)]
    points[10] = (10, 1_000_000)

    assert slope(points) == pytest.approx(1)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)]])
def test_a_slope_needs_two_points_apart(points: list[Point]) -> None:
    assert slope(points) is None


def test_the_second_half_is_that_of_the_way_not_of_the_points() -> None:
    assert second_half([(0, 0), (1, 0), (2, 0), (60, 1), (100, 2)]) == [(60, 1), (100, 2)]
    assert second_half([]) == []
