"""What is said of a turn wherever it is said."""

import pytest
from support.findings import Harness
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


def test_a_client_without_a_name_has_none() -> None:
    assert Harness().turn(headers={}, input=ITEMS).client == ""


def test_the_cached_share_is_of_the_whole_input() -> None:
    """Cached tokens are part of the input (getagentseal/codeburn#21, langfuse/langfuse#10592)."""
    assert Harness().turn(input=ITEMS, given=1000, cached=250).cached_share == 0.25


@pytest.mark.parametrize(("given", "cached"), [(1000, None), (0, 0), (None, 5)])
def test_a_share_that_is_not_known_is_none(given: int | None, cached: int | None) -> None:
    assert Harness().turn(input=ITEMS, given=given, cached=cached).cached_share is None


def test_times_are_measured_from_the_moment_at_which_the_turn_left() -> None:
    harness = Harness()
    sent = harness.send(input=ITEMS)
    sent.first_byte_at = harness.at + 1.5
    found = harness.end(sent)

    assert (found.duration, found.wait) == (5.0, 1.5)


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    harness = Harness()
    sent = harness.send(input=ITEMS)
    sent.first_byte_at, harness.at = harness.at - 60, harness.at - 90
    found = harness.end(sent)

    assert (found.duration, found.wait) == (0.0, 0.0)


def test_changes_are_those_from_the_predecessor() -> None:
    harness = Harness()
    first, second = harness.turn(input=ITEMS[:1]), harness.turn(input=ITEMS, tools=[{"name": "t"}])

    assert first.changes == ()
    assert [change.name for change in second.changes] == ["tools_changed"]
