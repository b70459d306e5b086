"""What the benchmark makes of its figures: summaries, aims, the table and the result file."""

from collections.abc import Mapping

import orjson
import pytest
from codex_bench import __main__ as program
from codex_bench.figures import Figures, Spread, Summary, ratios, reached, spread, summarize
from codex_bench.plan import Scenario

TURNS = Scenario(kind="turns", size=40_000, rounds=2, warm=5)
GROWN = Scenario(kind="conversation", size=12_000, until=1_000_000, rounds=1, warm=30)
FRAMES = Scenario(kind="frames", size=40_000, rounds=2, warm=1, events=500)


def figures(factor: float, *, wait: float = 0.001) -> Figures:
    """Return the figures of an arm that takes `factor` times what the bare proxy takes."""
    cpu = [0.010 * factor, 0.012 * factor]
    return Figures(cold=list(cpu), warm=cpu, first_byte=[wait, wait], event=[wait / 10, wait / 10], memory=80_000_000)


def frames(factor: float) -> Figures:
    return Figures(frame=[0.0002 * factor, 0.0003 * factor])


MEASURED: Mapping[Scenario, Mapping[str, Figures]] = {
    TURNS: {
        "bare": figures(1),
        "naive": figures(1.04),
        "ours": figures(1.06),
    },
    GROWN: {"bare": figures(1), "naive": figures(1.3), "ours": figures(1.1)},
    FRAMES: {"bare": frames(1), "naive": frames(1), "ours": frames(1.05)},
}
SUMMARIES: Mapping[Scenario, Mapping[str, Summary]] = {one: summarize(arms) for one, arms in MEASURED.items()}


def test_ratios_are_those_to_the_bare_proxy_in_the_same_round() -> None:
    ours = SUMMARIES[TURNS]["ours"]

    assert (str(ours.ratio["warm"]), str(ours.to_naive)) == ("1.060 (1.060 to 1.060)", "1.019 (1.019 to 1.019)")


def test_aims_are_held_against_turns_of_their_size_alone() -> None:
    found = reached(SUMMARIES)

    assert [(one.name, one.met) for one in found] == [("40 kB, to bare", True), ("40 kB, to naive", True)]
    assert reached({GROWN: SUMMARIES[GROWN]}) == []


def test_an_aim_names_its_size_as_the_table_does_and_one_that_is_missed_is_said_to_be() -> None:
    large = Scenario(kind="turns", size=1_000_000, rounds=2, warm=5)
    summaries = {large: summarize({"bare": figures(1), "ours": figures(1.2)})}
    text = program.render(summaries, reached(summaries))

    assert large.name == "1 MB"
    assert "1 MB, to bare  at most 1.15  1.200 (1.200 to 1.200)  MISSED" in text


def test_the_table_has_a_row_for_each_arm() -> None:
    text = program.render(SUMMARIES, reached(SUMMARIES))
    rows = [line.split() for line in text.splitlines()]

    assert ["40", "kB", "bare", "11.00", "1", "11.00", "1", "1.00", "100", "80"] in rows
    assert "  ours   262 us CPU a frame  ratio to bare 1.050 (1.050 to 1.050)" in text
    assert text.endswith(program.NOTE)
    assert "cold turn" not in program.render({FRAMES: SUMMARIES[FRAMES]}, [])


def test_the_result_file_has_all_that_the_table_has_and_each_round() -> None:
    document = orjson.loads(program.to_json(SUMMARIES, MEASURED, reached(SUMMARIES)))
    turns = document["scenarios"][0]

    assert (document["format"], turns["name"], turns["events"]) == (program.FORMAT, "40 kB", 100)
    assert turns["arms"]["ours"]["ratio"]["warm"]["median"] == pytest.approx(1.06)
    assert turns["arms"]["ours"]["rounds"]["warm"] == pytest.approx([0.0106, 0.01272])
    assert document["aims"][0]["met"] is True


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([3.0], Spread(3, 3, 3), id="one"),
        pytest.param([1.0, 3.0], Spread(2, 1.5, 2.5), id="between two"),
        pytest.param([5.0, 1.0, 4.0, 2.0, 3.0], Spread(3, 2, 4), id="in any order"),
        pytest.param([1.0, 1.0, 1.0, 1.0, 900.0], Spread(1, 1, 1), id="one that is far off"),
    ],
)
def test_a_spread_is_the_median_and_the_quartiles(figures: list[float], expected: Spread | None) -> None:
    assert spread(figures) == expected


def test_rounds_are_compared_with_the_same_round_unless_the_base_has_nothing_there() -> None:
    assert ratios([2.0, 9.0, 9.0], [1.0, 0.0, 3.0]) == [2, 3]
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [1.0, 2.0])
