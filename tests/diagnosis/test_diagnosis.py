"""What is said of a turn wherever it is said."""

import pytest
from support.diagnoses import Harness
from support.turns import conversation

ITEMS = conversation("a", "b", "c")


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("codex_cli_rs/0.169.0 (Linux; x86_64) term", "codex_cli_rs/0.169.0"),
        ("OpenAI/Python 3.52.0", "OpenAI/Python"),
        ("", ""),
        (" leading", ""),
        ("\x1b[31mred", ""),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_client_is_the_agents_first_product(agent: str, client: str) -> None:
    assert Harness().turn(headers={"user-agent": agent}, input=ITEMS).client == client
    assert Harness().turn(headers={}, input=ITEMS).client == ""


def test_the_cached_share_is_of_the_whole_input() -> None:
    """Cached tokens are part of the input (getagentseal/codeburn#21, langfuse/langfuse#10592)."""
    assert Harness().turn(input=ITEMS, given=1000, cached=250).cached_share == 0.25


@pytest.mark.parametrize(("given", "cached"), [(1000, None), (0, 0), (None, 5)])
def test_a_share_that_is_not_known_is_none(given: int | None, cached: int | None) -> None:
    assert Harness().turn(input=ITEMS, given=given, cached=cached).cached_share is None


@pytest.mark.parametrize(("begins", "ends", "expected"), [(1.5, 0, (5.0, 1.5)), (-60, -90, (0.0, 0.0))])
def test_times_are_measured_from_when_the_turn_left(begins: float, ends: float, expected: tuple[float, float]) -> None:
    """A clock that was set back gives no negative time."""
    harness = Harness()
    sent = harness.send(input=ITEMS)
    sent.first_byte_at, harness.at = harness.at + begins, harness.at + ends
    found = harness.end(sent)

    assert (found.duration, found.wait) == expected


def test_changes_are_those_from_the_predecessor() -> None:
    harness = Harness()
    first, second = harness.turn(input=ITEMS[:1]), harness.turn(input=ITEMS, tools=[{"name": "t"}])

    assert first.changes == ()
    assert [change.name for change in second.changes] == ["tools_changed"]
