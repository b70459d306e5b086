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
