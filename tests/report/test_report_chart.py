"""Where everything stands in a conversation's drawing, and how numbers and times are shown on the page."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from codexcache import text as formatting
from codexcache.body.json_splice import Object
from codexcache.report.chart import FLOOR, PLOT, TOP, Timeline, lay_out
from support.journals import entry, long_journal
from support.reported import conversations, miss


def drawn(*entries: Object) -> Timeline:
    """Return the drawing of a journal with one conversation."""
    [conversation] = conversations(*entries)
    return lay_out(conversation.turns)


def paused(*times: float) -> Timeline:
    """Return the drawing of turns that were sent at these times and ended at once."""
    return drawn(*(entry(number, at=at, duration_ms=0) for number, at in enumerate(times, 1)))


def test_a_bar_is_made_of_what_was_read_re_sent_and_new_from_the_floor_up() -> None:
    parts = drawn(entry(1, given=10_000), miss(given=20_000, cached=5_000, resent_tokens=5_000)).bars[1].segments

    assert [(part.kind, part.height) for part in parts] == [("cached", 30.0), ("resent", 30.0), ("fresh", 60.0)]
    assert [part.y for part in parts] == [FLOOR - 30, FLOOR - 60, FLOOR - 120]
    assert drawn(entry(1, given=7), entry(2, given=7_777)).bars[1].top == FLOOR - PLOT == TOP


@pytest.mark.parametrize(
    ("given", "cached", "height"),
    [
        pytest.param(None, 0, 10.0, id="no counters"),
        pytest.param(0, 0, 10.0, id="no input"),
        pytest.param(100, None, PLOT, id="an input of which it is not known what was cached"),
    ],
)
def test_a_turn_of_which_not_all_is_known_is_drawn_as_such(given: int, cached: int | None, height: float) -> None:
    """As a stump at least, and not as new."""
    [part] = drawn(entry(1, given=given, cached=cached)).bars[0].segments

    assert (part.kind, part.height) == ("untold", height)


def test_turns_stand_side_by_side_in_their_order() -> None:
    bars = paused(0, 5, 10).bars

    assert [bar.turn.row.turn for bar in bars] == [1, 2, 3]
    assert all(left.x + left.width < right.x for left, right in itertools.pairwise(bars))


def test_a_gap_beyond_the_idle_limit_shows_where_it_lies() -> None:
    """One up to it has no limit in it, and a short one is not drawn."""
    [short], [long] = paused(0, 150).gaps, paused(0, 1_020).gaps

    assert paused(0, 20).gaps == ()
    assert (short.width, short.limit, short.label) == (7.0, None, "")
    assert (long.limit, long.label) == (long.x + 14, "17 min")


def test_a_longer_gap_is_wider_but_not_without_end() -> None:
    widths = [paused(0, seconds).gaps[0].width for seconds in (60, 300, 301, 3_000, 10**6, 10**8)]

    assert widths == sorted(widths)
    assert widths[-1] == 80.0


def test_long_conversations_are_wider_and_no_turn_is_too_narrow_to_be_hit() -> None:
    short, long = paused(*range(0, 50, 5)), paused(*range(0, 10_000, 5))

    assert short.width < 400
    assert not short.is_wide
    assert 2_000 * 7 < long.width < 2_000 * 7 + 100
    assert min(bar.width for bar in long.bars) == 6.0
    assert long.is_wide


@pytest.mark.parametrize(
    ("given", "labels"),
    [(1, ["1"]), (9_000, ["2k", "4k", "6k", "8k"]), (10_000, ["5k", "10k"]), (260_000, ["100k", "200k"])],
)
def test_heights_are_round_numbers(given: int, labels: list[str]) -> None:
    assert [line.label for line in drawn(entry(1, given=given)).heights] == labels


def test_times_are_told_at_the_start_and_behind_long_gaps_and_another_day_once() -> None:
    assert [line.label for line in paused(0, 10, 20, 1_000, 2_000).times] == ["08:00", "08:16", "08:33"]
    assert [line.label for line in paused(0, 86_400, 88_000, 99_000).times] == ["08:00", "2026-11-21 08:00", "11:30"]


def test_times_do_not_overlap_and_stay_in_the_drawing() -> None:
    for conversation in conversations(*long_journal(600)):
        timeline = lay_out(conversation.turns)
        ends = [line.at + 6.5 * len(line.label) for line in timeline.times]
        starts = [line.at for line in timeline.times[1:]]

        assert all(end < start for end, start in zip(ends, starts, strict=False))
        assert ends[-1] < timeline.width


MOMENT = 1795161600.0
"""2026-11-20 08:00:00 UTC."""


@pytest.mark.parametrize(
    ("shown", "numbers"),
    [
        (formatting.share, {None: "n/a", 0: "0.0%", 0.00001: "0.1%", 0.5: "50.0%", 0.9999: "99.9%", 1: "100.0%"}),
        (formatting.span, {0.2: "under 1 s", 9: "9 s", 61: "1 min", 3600: "60 min", 7200: "2 h", 200_000: "2 days"}),
        (formatting.short, {0: "0", 500: "500", 20_000: "20k", 1_500_000: "1.5M", 2 * 10**9: "2G"}),
    ],
)
def test_numbers_are_short_and_what_is_not_quite_all_or_nothing_does_not_read_like_it(
    shown: Callable[[Any], str], numbers: dict[float | None, str]
) -> None:
    """Shares, spans in their largest unit, and the round numbers of an axis."""
    assert {number: shown(number) for number in numbers} == numbers


def test_times_are_utc_and_a_period_names_its_second_day_only_where_it_is_another() -> None:
    assert (formatting.day(MOMENT), formatting.clock(MOMENT + 61)) == ("2026-11-20", "08:01")
    assert formatting.clock_to_the_second(MOMENT + 61) == "08:01:01"
    assert formatting.period(MOMENT, MOMENT + 600) == "2026-11-20 08:00 to 08:10 UTC"
    assert formatting.period(MOMENT, MOMENT + 90_000) == "2026-11-20 08:00 to 2026-11-21 09:00 UTC"
