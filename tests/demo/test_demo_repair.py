"""The demo of codex_repair: what it sends, and that it shows what it is to show."""

import itertools
import sys
from dataclasses import replace
from typing import Any

import pytest
from codex_demo import repair
from codex_demo.repair import ARMS, Arm, closing, is_shown, unsteady
from toolkit.conversation import Usage
from toolkit.process import finished


def arms(with_it: int, without: int) -> list[Arm]:
    """Return arms that read so much of 1,000 tokens on a warm turn."""
    return [replace(arm, turns=[Usage(1_000, 0), Usage(1_000, with_it if arm.repair else without)]) for arm in ARMS]


async def test_a_repaired_agent_reads_more_than_95_percent_and_the_same_agent_without_does_not() -> None:
    demo = await finished([sys.executable, "-m", "codex_demo", "--repair"])

    assert demo.status == 0
    assert demo.out.splitlines()[-1].startswith("The same agent read at most ")


@pytest.mark.parametrize(("with_it", "without", "shown"), [(960, 0, True), (950, 0, False), (990, 700, False)])
def test_it_is_shown_where_repair_makes_the_difference(with_it: int, without: int, shown: bool) -> None:
    assert is_shown(arms(with_it, without)) is shown
    assert ("did not make the difference" in closing(arms(with_it, without), "label")) is not shown


def test_nothing_is_shown_where_nothing_was_measured() -> None:
    assert not is_shown([])


def test_the_agent_says_the_same_in_other_bytes_on_each_turn() -> None:
    def sorted_tools(turn: dict[str, Any]) -> list[dict[str, Any]]:
        return sorted(turn["tools"], key=lambda tool: str(tool["name"]))

    first, second, *_, later = turns = [*itertools.islice(unsteady(seed=1), 6)]
    assert len({str(turn["tools"]) for turn in turns}) == 6
    assert len({turn["instructions"] for turn in turns}) == 6
    assert sorted_tools(first) == sorted_tools(later)
    assert str(sorted_tools(first)) == str(sorted_tools(second))
    assert str(sorted_tools(first)) != str(sorted_tools(later)), repair.__doc__
