"""The demo's counters and what they say."""

import pytest
from codex_demo.usage import Arm, TurnFailed, Usage, is_shown, rate, read_usage, warm_rate

COLD, WARM, MISSED = Usage(1000, 0), Usage(1000, 950), Usage(1000, 100)


def test_the_counters_are_the_last_events() -> None:
    usage = {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 950}}

    assert read_usage({"type": "response.completed", "response": {"usage": usage}}) == WARM


def test_any_other_ending_is_a_failure() -> None:
    with pytest.raises(TurnFailed, match="400"):
        read_usage({"type": "error", "status": 400})


def test_the_first_turn_does_not_count_as_warm() -> None:
    assert (rate([COLD, WARM]), warm_rate([COLD, WARM])) == (0.475, 0.95)


def test_no_turns_are_no_rate() -> None:
    assert rate([]) == 0.0


@pytest.mark.parametrize(
    ("bare", "kept", "shown"), [(MISSED, WARM, True), (WARM, WARM, False), (MISSED, Usage(1000, 900), False)]
)
def test_the_difference_has_to_be_clear_on_every_transport(bare: Usage, kept: Usage, shown: bool) -> None:
    clear = [Arm(transport="A", addon=addon, turns=(COLD, warm)) for addon, warm in ((False, MISSED), (True, WARM))]
    other = [Arm(transport="B", addon=addon, turns=(COLD, warm)) for addon, warm in ((False, bare), (True, kept))]

    assert is_shown(clear + other) is shown
