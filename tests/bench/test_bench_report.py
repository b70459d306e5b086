"""What the benchmark makes of its figures: second bests, ratios, the table and the result file."""

from collections.abc import Mapping

import orjson
import pytest
from codex_bench import __main__ as program
from codex_bench.figures import Figures, Ratio, compared, ratio, second_best
from codex_bench.plan import Scenario

TURNS = Scenario(kind="turns", size=40_000, spelling="spaced", rounds=3, warm=5)
FRAMES = Scenario(kind="frames", size=40_000, rounds=2, warm=1, events=500)


def turns(factor: float) -> Figures:
    """Return the figures of an arm that takes `factor` times what the bare proxy takes, and now and then more."""
    cpu = [0.010 * factor, 0.012 * factor, 0.9]
    return {"cold": list(cpu), "warm": cpu, "memory": [80e6 * factor]}


def frames(factor: float) -> Figures:
    return {"frame": [0.0002 * factor, 0.0003 * factor]}


MEASURED: Mapping[Scenario, Mapping[str, Figures]] = {
    TURNS: {"bare": turns(1), "naive": turns(1.25), "ours": turns(1.5), "old": turns(2)},
    FRAMES: {"bare": frames(1), "ours": frames(1.05)},
}


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        pytest.param([3.0], 3, id="one"),
        pytest.param([3.0, 1.0], 3, id="two"),
        pytest.param([5.0, 1.0, 900.0, 2.0, 3.0], 2, id="in any order"),
    ],
)
def test_of_many_rounds_the_second_best_counts(figures: list[float], expected: float) -> None:
    assert second_best(figures) == expected


def test_each_arm_is_compared_with_bare_and_this_addon_with_each_other() -> None:
    found = {name: one.best for name, one in compared(MEASURED[TURNS], "warm").items()}

    assert found == pytest.approx(
        {
            "naive/bare": 1.25,
            "ours/bare": 1.5,
            "old/bare": 2,
            "ours/naive": 1.2,
            "ours/old": 0.75,
            "added, ours/old": 0.5,
        }
    )


def test_the_spread_is_that_of_the_rounds_own_ratios() -> None:
    found = ratio([2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 1.0, 1.0, 1.0])

    assert (found, str(found)) == (Ratio(3, 3, 5), "3.000 (3.00 to 5.00)")


def test_a_round_in_which_the_base_has_nothing_has_no_ratio_of_its_own() -> None:
    assert ratio([2.0, 9.0, 9.0], [1.0, 0.0, 3.0]) == Ratio(9, 2.25, 2.75)
    assert ratio([2.0], [0.0]) is None
    assert ratio([3.0, 3.0], [1.0, 1.0], [1.0, 1.0]) is None
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0], [1.0, 2.0])


def test_the_table_has_a_row_for_each_quantity_and_a_column_for_each_comparison() -> None:
    lines = program.render(MEASURED).splitlines()
    titles, first, later, memory, of_frames = (
        [cell.strip() for cell in line.split("  ") if cell] for line in lines[:5]
    )

    assert titles == [
        "body",
        "bare",
        "naive/bare",
        "ours/bare",
        "old/bare",
        "ours/naive",
        "ours/old",
        "added, ours/old",
    ]
    assert first[:5] == ["40 kB spaced", "CPU, first turn", "12.00 ms", "1.250 (1.12 to 1.25)", "1.500 (1.25 to 1.50)"]
    assert (later[0], memory[:2]) == ("CPU, later turn", ["peak memory", "80.00 MB"])
    assert of_frames[1:] == ["CPU, a frame", "300.00 us", "-", "1.050 (1.05 to 1.05)", *["-"] * 4]
    assert "\n".join(lines).endswith(program.NOTE)


def test_the_result_file_has_all_that_the_table_has_and_each_round() -> None:
    document = orjson.loads(program.to_json(MEASURED))
    found = document["scenarios"][0]

    assert (document["format"], found["name"], found["events"]) == (program.FORMAT, "40 kB spaced", 100)
    assert found["ratios"]["warm"]["ours/bare"]["best"] == pytest.approx(1.5)
    assert found["rounds"]["ours"]["warm"] == pytest.approx([0.015, 0.018, 0.9])
