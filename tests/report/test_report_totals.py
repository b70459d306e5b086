"""What turns come to: totals, causes, and the blame for what was re-sent."""

import random
from collections import Counter

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.report.totals import OTHER, PARTS, Totals, median
from support.journals import entry, long_journal
from support.reported import miss, reported, rows_of


def totals_of(*entries: Object) -> Totals:
    return reported(*entries).totals


def test_the_cached_share_is_weighted_by_tokens_and_the_median_is_not() -> None:
    totals = totals_of(entry(1, given=9_000), entry(2, given=1_000, cached=500), entry(3, given=1_000, cached=900))

    assert (totals.share, totals.median) == (1_400 / 11_000, 0.5)


def test_turns_without_counters_are_turns_but_in_no_share() -> None:
    totals = totals_of(entry(1, given=None), entry(2, given=5_000, cached=None), entry(3, given=100, cached=50))
    none = totals_of(entry(1, given=None), entry(2, given=0))

    assert (totals.turns, totals.counted, totals.input, totals.share) == (3, 1, 100, 0.5)
    assert (none.share, none.median, none.warm_share, none.resent_share) == (None, None, None, None)


def test_the_parts_of_the_input_add_up() -> None:
    totals = totals_of(*long_journal(300))

    assert totals.cached + totals.resent + totals.fresh == totals.input
    assert 0 < totals.resent < totals.input


def resent(turn: int, tokens: int, blame: str, **fields: object) -> Object:
    """Return a turn that re-sent so many tokens."""
    return miss(turn, resent_tokens=tokens, blame=blame, **fields)


def test_what_was_re_sent_is_told_by_blame_and_altered_turns_are_counted() -> None:
    totals = totals_of(
        resent(1, 10_000, "avoidable", changed=["session-id"]),
        resent(2, 2_000, "expected", verdict="context_compacted"),
        resent(3, 300, "outside", verdict="upstream"),
        entry(4, verdict="hit", resent_tokens=0),
    )

    assert (totals.resent, totals.avoidable, totals.expected, totals.outside) == (12_300, 10_000, 2_000, 300)
    assert (totals.misses, totals.altered) == (3, 1)


def test_older_lines_are_said_to_be_estimated() -> None:
    """One of a hit, of which nothing has to be worked out, is not."""
    found = reported(miss(1, reusable_tokens=5_000), entry(2, verdict="hit"), resent(3, 10, "avoidable"))

    assert (found.totals.resent, found.estimated) == (5_010, 1)


ODD: tuple[Json, ...] = (None, "", "odd", "avoidable", "hit", 0, 7, -1, 1.5, True, [], ["x"], {}, 1 << 52, "1970")


def with_odd_values(entries: list[Object], seed: int) -> list[Object]:
    """Return the entries, half of them with a value that is not of the addon's making."""
    chance = random.Random(seed)
    names = sorted({*entries[0], "resent_tokens", "blame", "warm_up"} - {"turn"})
    return [{**each, chance.choice(names): chance.choice(ODD)} if chance.random() < 0.5 else each for each in entries]


@pytest.mark.parametrize(
    "entries", [long_journal(900), *(with_odd_values(long_journal(900), seed) for seed in range(5))]
)
def test_sums_are_those_of_the_rows(entries: list[Object]) -> None:
    """However odd an entry is: that most are read on a quicker way changes nothing."""
    found = reported(*entries)
    rows, totals = rows_of(found), found.totals

    assert totals.turns + found.warm_ups + found.skipped.total() == 900
    assert totals.turns == len(rows)
    assert totals.resent == sum(row.resent for row in rows) == sum(each.resent for each in found.causes)
    assert totals.resent == sum(each.resent for each in found.conversations.values())
    assert totals.avoidable == sum(each.resent for each in found.causes if each.blame == "avoidable")
    assert totals.input == sum(row.input or 0 for row in rows if row.cached is not None)
    assert [time.timestamp() for time in found.period] == [rows[0].time, rows[-1].time]
    assert {name: each.turns for name, each in found.modes.items()} == Counter(row.mode for row in rows)
    assert {(each.verdict.name, each.blame): each.turns for each in found.causes} == Counter(
        (row.verdict, row.blame) for row in rows
    )
    assert totals.altered == sum(row.altered for row in rows)
    assert totals.warm == sum(row.warm and row.cached is not None and bool(row.input) for row in rows)
    assert found.estimated == sum(row.is_estimate for row in rows)
    assert totals.conversations == len({row.conversation for row in rows})


def test_causes_are_ranked_by_tokens_then_misses_then_turns() -> None:
    found = reported(
        resent(2, 1_000, "expected", verdict="idle"),
        resent(3, 9_000, "avoidable"),
        resent(4, 500, "outside", verdict="model_changed"),
        resent(5, 800, "expected", verdict="model_changed"),
        miss(6, verdict="upstream", resent_tokens=0),
        entry(7, verdict="hit"),
        entry(8, verdict="hit"),
        entry(9, verdict="cold"),
    ).causes

    assert [(cause.verdict.name, cause.blame, cause.turns, cause.resent) for cause in found] == [
        ("tools_changed", "avoidable", 1, 9_000),
        ("idle", "expected", 1, 1_000),
        ("model_changed", "expected", 1, 800),
        ("model_changed", "outside", 1, 500),
        ("upstream", "outside", 1, 0),
        ("hit", "", 2, 0),
        ("cold", "", 1, 0),
    ]


def test_a_cause_knows_the_conversations_and_clients_that_it_touched() -> None:
    cause, *_ = reported(
        resent(1, 10, "avoidable", client="one/1", conversation="a"),
        resent(2, 30, "avoidable", client="two/2", conversation="a"),
        resent(3, 30, "avoidable", client="two/2", conversation="b"),
        resent(4, 0, "avoidable", client="three/3", conversation="c"),
    ).causes

    assert (cause.turns, cause.conversations, cause.clients) == (4, 2, {"one/1": 10, "two/2": 60})


def test_a_cause_keeps_what_the_turn_says_that_resent_the_most() -> None:
    cause, *_ = reported(
        resent(1, 10, "avoidable", because="the first"),
        resent(2, 30, "avoidable", because="the largest"),
        resent(3, 30, "avoidable", because="another as large"),
    ).causes

    assert cause.worst == (30, "the largest")


def test_a_journal_that_makes_up_names_has_a_few_of_them_and_others() -> None:
    """It has no more modes, verdicts or clients than can be shown, and all its turns are counted."""
    found = reported(
        *(resent(n, 1, "avoidable", verdict=f"v{n}", mode=f"m{n}") for n in range(1, 301)),
        *(resent(n, 1, "avoidable", client=f"c{n}") for n in range(301, 1_001)),
    )
    clients = found.causes[0].clients

    assert (len(found.modes), found.modes[OTHER].turns) == (14, 288)  # and fill, which always counts by itself
    assert 90 < len(found.causes) <= 102
    assert (len(clients), clients.total()) == (201, 700)
    assert found.totals.turns == sum(each.turns for each in found.causes) == 1_000


@pytest.mark.parametrize(
    ("shares", "middle"), [([], None), ([0.5], 0.5), ([0, 1], 0.5), ([0, 0.25, 1], 0.25), ([0.5, 0.5, 1, 1], 0.75)]
)
def test_the_median_is_of_the_middle_or_between_the_two(shares: list[float], middle: float | None) -> None:
    assert median([sum(round(share * PARTS) == parts for share in shares) for parts in range(PARTS + 1)]) == middle
