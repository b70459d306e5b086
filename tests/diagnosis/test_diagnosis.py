"""What is said of a turn wherever it is said."""

import pytest
from support.diagnoses import Clerk
from support.turns import conversation

TALK = conversation("a", "b", "c")


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
    assert Clerk().turn(headers={"user-agent": agent}, input=TALK).client == client


def test_a_client_without_a_name_has_none() -> None:
    assert Clerk().turn(headers={}, input=TALK).client == ""


def test_the_cached_share_is_of_the_whole_input() -> None:
    """Cached tokens are part of the input (getagentseal/codeburn#21, langfuse/langfuse#10592)."""
    assert Clerk().turn(input=TALK, given=1000, cached=250).cached_share == 0.25


@pytest.mark.parametrize(("given", "cached"), [(1000, None), (0, 0), (None, 5)])
def test_a_share_that_is_not_known_is_none(given: int | None, cached: int | None) -> None:
    assert Clerk().turn(input=TALK, given=given, cached=cached).cached_share is None


def test_times_are_measured_from_the_moment_at_which_the_turn_left() -> None:
    clerk = Clerk()
    sent = clerk.send(input=TALK)
    sent.first_byte_at = clerk.at + 1.5
    found = clerk.end(sent)

    assert (found.duration, found.wait) == (5.0, 1.5)


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    clerk = Clerk()
    sent = clerk.send(input=TALK)
    sent.first_byte_at, clerk.at = clerk.at - 60, clerk.at - 90
    found = clerk.end(sent)

    assert (found.duration, found.wait) == (0.0, 0.0)


def test_changes_are_those_from_the_predecessor() -> None:
    clerk = Clerk()
    first, second = clerk.turn(input=TALK[:1]), clerk.turn(input=TALK, tools=[{"name": "t"}])

    assert first.changes == ()
    assert [change.name for change in second.changes] == ["tools_changed"]
