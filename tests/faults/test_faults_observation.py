"""What two clients saw, compared."""

from codex_faults.observation import Observation, differences

SEEN = Observation(status=200, fields=((b"server", b"x"),), body=b"event: a\n\n", end="complete")


def seen(**parts: object) -> Observation:
    """Return the same but for these parts."""
    return Observation(**{name: getattr(SEEN, name) for name in ("status", "fields", "body", "end")} | parts)


def test_the_same_is_no_difference() -> None:
    assert differences([SEEN, SEEN], [SEEN, SEEN]) == []


def test_what_is_made_up_for_each_response_makes_no_difference() -> None:
    one, other = (
        seen(
            fields=((b"date", date), (b"x-request-id", b"%s0000000-0000-4000-8000-000000000001" % digit)),
            body=b'{"id":"resp_%s","created_at":%d,"via":"127.0.0.1:%d"}' % (digit * 32, second, port),
        )
        for digit, date, second, port in ((b"1", b"Mon", 1763700000, 40001), (b"2", b"Tue", 1763700001, 50002))
    )

    assert differences([one], [other]) == []


def test_a_made_up_id_of_another_length_is_a_difference() -> None:
    assert differences([seen(body=b"resp_" + b"1" * 32)], [seen(body=b"resp_" + b"1" * 31)])


def test_another_end_is_named_first() -> None:
    (said,) = differences([seen(end="cut", body=b"event: a")], [SEEN])

    assert said == "turn 1: 200, 8 bytes, cut; without the addon 200, 10 bytes, complete"


def test_a_field_that_was_added_is_named() -> None:
    (said,) = differences([seen(fields=((b"server", b"x"), (b"via", b"y")))], [SEEN])

    assert said == "turn 1: the field (b'via', b'y'); without the addon None"


def test_the_first_byte_that_differs_is_shown() -> None:
    (said,) = differences([SEEN, seen(body=b"event: b\n\n")], [SEEN, SEEN])

    assert said == "turn 2: byte 7 of the body: b'event: b\\n\\n'; without the addon b'event: a\\n\\n'"


def test_a_turn_that_only_one_of_them_had_is_a_difference() -> None:
    assert differences([SEEN], []) == ["turn 1: seen only with the addon"]
    assert differences([], [SEEN]) == ["turn 1: seen only without the addon"]


def test_what_was_seen_is_summarised() -> None:
    shorts = [
        one.in_short()
        for one in (SEEN, Observation(end="refused", note="TLS"), Observation(end="closed", close_code=1000))
    ]

    assert shorts == ["200, 10 bytes, complete", "refused (TLS)", "closed 1000"]


def test_a_digest_depends_on_all_that_is_compared() -> None:
    assert SEEN.digest() == seen(fields=((b"server", b"x"), (b"date", b"now"))).digest()
    assert SEEN.digest() != seen(end="cut").digest()
