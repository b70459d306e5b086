"""What happens in conversations, and what their clients are like."""

import base64
from itertools import pairwise

import orjson
import pytest
from codex_soak.scenario import Profile, Step, profile, scenario

SCENARIOS = [list(scenario(number)) for number in range(500)]


def test_a_conversation_has_the_same_scenario_each_time() -> None:
    assert [list(scenario(number)) for number in range(500)] == SCENARIOS


def test_everything_that_can_happen_does_between_a_first_and_a_last_turn() -> None:
    steps = [step for steps in SCENARIOS for step in steps]

    assert {step.event for step in steps} == {"turn", "resume", "branch", "compact"}
    assert {step.fate for step in steps} == {"answered", "429", "500", "left"}
    assert any(step.agent for step in steps)
    assert {steps[0].event for steps in SCENARIOS} == {"turn"}
    assert {(steps[-1].event, steps[-1].fate) for steps in SCENARIOS} == {("turn", "answered")}


def test_a_client_that_leaves_comes_back_over_a_new_connection() -> None:
    followed = [after for steps in SCENARIOS for before, after in pairwise(steps) if before.fate == "left"]

    assert followed
    assert set(followed) == {Step(event="resume")}


def test_nothing_is_compacted_before_it_was_answered() -> None:
    for steps in SCENARIOS:
        answered = 0
        for step in steps:
            assert step.event != "compact" or answered > 1
            answered += step.fate == "answered" and step.event == "turn" and not step.agent


def test_every_way_to_connect_meets_every_identity_and_coding() -> None:
    kinds = {(one.transport, one.identity, one.coding) for one in map(profile, range(45))}

    assert len(kinds) == 3 * 5 * 3


def of_kind(identity: str) -> Profile:
    """Return the first client of a kind."""
    return next(one for one in map(profile, range(45)) if one.identity == identity)


@pytest.mark.parametrize(
    ("identity", "names", "has_key"),
    [
        ("native", {"session-id", "thread-id", "originator"}, True),
        ("keyed", set(), True),
        ("session", {"session_id"}, False),
        ("fresh", {"x-session-id"}, False),
        ("silent", set(), False),
    ],
)
def test_a_client_identifies_itself_as_its_kind_does(identity: str, names: set[str], has_key: bool) -> None:
    one = of_kind(identity)
    common = {"authorization", "chatgpt-account-id", "user-agent"}

    assert one.fields(0, 0).keys() - common == names
    assert (one.key is not None) == has_key


def test_a_session_stays_the_same_unless_it_is_fresh_and_a_sub_agent_says_that_it_is_one() -> None:
    assert len({of_kind("fresh").fields(request, 0)["x-session-id"] for request in range(5)}) == 5
    one = of_kind("native")
    main, other = one.fields(0, 0), one.fields(1, 2)

    assert (main["session-id"], "x-openai-subagent" in main) == (other["session-id"], False)
    assert (other["thread-id"] != main["thread-id"], other["x-openai-subagent"]) == (True, "review")


def test_a_token_names_its_user() -> None:
    claims = profile(7).fields(0, 0)["authorization"].split(".")[1]

    assert b'"user-7"' in base64.urlsafe_b64decode(claims + "==")
    assert orjson.loads(base64.urlsafe_b64decode(claims + "=="))
