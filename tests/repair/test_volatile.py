"""What two texts differ in, and whether a model that was shown the first may keep being shown it."""

from collections import Counter

import pytest
from codexcache.repair.volatile import DAY, difference, difference_of_messages
from hypothesis import given
from hypothesis import strategies as st

SEEN = "You are an agent. {} Answer briefly."


def reason(shown: str, given: str, age: float = 60) -> str:
    """Return why a difference may not be passed over, "" if it may."""
    return difference(SEEN.format(shown), SEEN.format(given), age).reason


@pytest.mark.parametrize(
    ("shown", "given", "kind"),
    [
        ("It is 10:02:11.", "It is 10:05:33.", "time"),
        ("Epoch 1764460000.", "Epoch 1764460042.", "time"),
        ("Request 12 of this run.", "Request 13 of this run.", "counter"),
        ("Cost so far: $0.12.", "Cost so far: $1.07.", "counter"),
        ("<turn>4</turn>", "<turn>11</turn>", "counter"),
        ('{"step": 9}', '{"step": 10}', "counter"),
        ("Turn 3/40.", "Turn 4/40.", "counter"),
        ("- Tokens used: 9,800 tokens", "- Tokens used: 10,100 tokens", "counter"),
        ("Elapsed: 9s", "Elapsed: 31s", "counter"),
        ("X-Request-Id: 912", "X-Request-Id: 77", "counter"),
        ("Epoch 1764460000123 ms.", "Epoch 1764460042001 ms.", "time"),
        (
            "Run 6f1e3f60-8d2f-4c6e-9a55-1f0f6a3d9a01.",
            "Run 0b0f9f0a-3c4d-4a58-8a4b-7f3b0a9c1d22.",
            "UUID",
        ),
        ("Work in /tmp/agent-aaa/x.", "Work in /tmp/agent-bcd/y.", "path"),
        ("Now 2026-11-30T23:59:58Z.", "Now 2026-12-01T00:00:03Z.", "date"),
    ],
)
def test_what_changes_by_itself_is_passed_over(shown: str, given: str, kind: str) -> None:
    found = difference(SEEN.format(shown), SEEN.format(given), 60)

    assert (found.reason, kind in found.kinds) == ("", True)


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("Be kind.", "Be brief."),
        ("Be kind.", "Be  kind."),
        ("It is 10:02:11.", "It is 10:05:33!"),
        ("Work in /home/ada/x.", "Work in /home/bob/x."),
        ("A\\nB 1", "A\nB 2"),
        ("Now 10:02", "Now 2026-11-30 10:02"),
    ],
)
def test_anything_else_ends_it(shown: str, given: str) -> None:
    assert "differ in more" in reason(shown, given)


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("Answer in 3 sentences.", "Answer in 5 sentences."),
        ("Use at most 10 tools.", "Use at most 20 tools."),
        ("Max turns: 10.", "Max turns: 20."),
        ("max_turn=10", "max_turn=20"),
        ("max-turn: 10", "max-turn: 20"),
        ("Stop after turn 9.", "Stop after turn 12."),
        ("Do step 3 first.", "Do step 4 first."),
        ("Turn 90 degrees.", "Turn 180 degrees."),
        ("Run 3 tests.", "Run 5 tests."),
        ("Call 911.", "Call 999."),
        ("Request 3 reviews.", "Request 4 reviews."),
        ("Request 13 of this run.", "Request 12 of this run."),
        ("Python 3.12.", "Python 3.13."),
        ("The price is $10.", "The price is $12."),
        ("It listens on port 8080.", "It listens on port 8081."),
        ("The server is process 812.", "The server is process 4099."),
        ("Call 4155550100.", "Call 4155999999."),
        ("Today is 20261130.", "Today is 20261201."),
        ("Commit a83f.", "Commit a94f."),
        ("Say -3.", "Say -4."),
    ],
)
def test_a_number_that_is_no_counter_ends_it(shown: str, given: str) -> None:
    assert reason(shown, given) == "they hold another number, and nothing says that it is a counter or the time"
    assert "another number" in reason(f"Turn 1. {shown}", f"Turn 2. {given}")


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("Turn 1. A\x04 B7", "Turn 2. A7 B\x04"),
        ("Turn 1. From Jan 5 to 2026-11-30.", "Turn 2. From 2026-11-30 to Jan 5."),
    ],
)
def test_tokens_that_changed_places_are_another_text(shown: str, given: str) -> None:
    assert "differ in more" in reason(shown, given)


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("Today is 2026-11-30.", "Today is 2026-12-01."),
        ("Today is Monday.", "Today is Tuesday."),
        ("Now 2026-11-30 08:00.", "Now 2026-12-01 09:00."),
        ("Since 2026-11-01 10:00 and today 2026-11-30.", "Since 2026-11-01 10:00 and today 2026-12-01."),
        ("Now 2026-02-30 08:00.", "Now 2026-03-01 08:00."),
    ],
)
def test_a_date_that_is_a_day_old_ends_it(shown: str, given: str) -> None:
    assert reason(shown, given) == "they hold a date that is a day old"


def test_a_text_that_has_been_shown_for_a_day_ends_it_where_a_time_differs() -> None:
    assert reason("It is 10:02.", "It is 10:05.", DAY - 1) == ""
    assert "shown for a day" in reason("It is 10:02.", "It is 10:05.", DAY)
    assert reason("Request 1.", "Request 9.", 3 * DAY) == ""


def test_a_developer_message_differs_in_its_texts_alone() -> None:
    shown = {"role": "developer", "content": [{"type": "input_text", "text": "It is 10:02."}]}
    given = {"role": "developer", "content": [{"type": "input_text", "text": "It is 10:05."}]}

    found = difference_of_messages(shown, given, 60)
    assert found is not None
    assert (found.kinds, found.shown, found.given, found.reason) == (("time",), ("10:02",), ("10:05",), "")


@pytest.mark.parametrize(
    "given",
    [
        {"role": "user", "content": "It is 10:05."},
        {"role": "developer", "content": "It is 10:05.", "name": "x"},
        {"role": "developer", "content": [{"type": "input_text", "text": "It is 10:05."}]},
        {"role": "developer", "content": "It is 10:02."},
    ],
)
def test_a_message_that_differs_otherwise_is_another_one(given: object) -> None:
    assert difference_of_messages({"role": "developer", "content": "It is 10:02."}, given, 60) is None


PIECES = st.lists(
    st.sampled_from(["10:02", "2026-11-30", "7", "1.5", "/tmp/a", "/home/b", "x ", " ", "\\n", "Monday", "é", "-", "T"])
)


@given(PIECES, PIECES, st.floats(0, 2 * DAY))
def test_what_is_passed_over_is_the_same_text_but_for_what_is_told(was: list[str], now: list[str], age: float) -> None:
    """Put back what the client sent in the place of what was shown, and it is the client's text."""
    shown, given_text = "".join(was), "".join(now)
    found = difference(shown, given_text, age)

    assert found.reason or (len(found.shown) == len(found.given) and found.kinds)
    if not found.reason:
        assert set(found.kinds) <= {"time", "date", "UUID", "counter", "path"}
        assert Counter(shown) - Counter("".join(found.shown)) == Counter(given_text) - Counter("".join(found.given))
