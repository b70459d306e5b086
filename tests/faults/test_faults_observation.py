"""What two clients saw, compared."""

from dataclasses import replace

import pytest
from codex_faults.clients import Observation, differences

SEEN = Observation(200, ((b"server", b"x"),), b"event: a\n\n", end="complete")


def test_what_is_made_up_for_each_response_makes_no_difference() -> None:
    one, other = (
        replace(
            SEEN,
            fields=((b"date", date), (b"x-request-id", b"%s0000000-0000-4000-8000-000000000001" % digit)),
            body=b'{"id":"resp_%s","created_at":%d,"via":"127.0.0.1:%d"}' % (digit * 32, second, port),
        )
        for digit, date, second, port in ((b"1", b"Mon", 1763700000, 40001), (b"2", b"Tue", 1763700001, 50002))
    )

    assert differences([one, SEEN], [other, SEEN]) == []
    assert differences([replace(SEEN, body=b"resp_" + b"1" * 32)], [replace(SEEN, body=b"resp_" + b"1" * 31)])


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            replace(SEEN, end="cut", body=b"event: a"),
            "200, 8 bytes, cut; without the addon 200, 10 bytes, complete",
        ),
        (replace(SEEN, fields=(*SEEN.fields, (b"via", b"y"))), "the field (b'via', b'y'); without the addon None"),
        (
            replace(SEEN, body=b"event: b\n\n"),
            "byte 7 of the body: b'event: b\\n\\n'; without the addon b'event: a\\n\\n'",
        ),
    ],
)
def test_what_differs_first_is_named(seen: Observation, said: str) -> None:
    assert differences([SEEN, seen], [SEEN, SEEN]) == [f"turn 2: {said}"]


def test_a_turn_that_only_one_of_them_had_is_a_difference() -> None:
    assert differences([SEEN], []) == ["turn 1: seen only with the addon"]
    assert differences([], [SEEN]) == ["turn 1: seen only without the addon"]


def test_what_was_seen_is_summarised() -> None:
    others = Observation(end="refused", note="TLS"), Observation(end="closed", close_code=1000)

    assert [one.in_short() for one in (SEEN, *others)] == ["200, 10 bytes, complete", "refused (TLS)", "closed 1000"]
