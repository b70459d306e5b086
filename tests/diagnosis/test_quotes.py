"""A message that quotes an answer is recognized by a line of it, whatever stands around that."""

from codexcache.body.json_splice import Json
from codexcache.diagnosis.quotes import Said
from codexcache.turn.items import EARLY, lines_at_front, lines_said
from support.records import record, route
from support.turns import said, user

LINE = "The parser is written, and its tests are not."
SUMMARY = f"Summary\n\n  {LINE}  \nDone."


def knowing(limit: int = 100, answer: str = SUMMARY) -> Said:
    known = Said(limit)
    known.add(record(1, said=lines_said([said("assistant", answer)])))
    return known


def quoting(known: Said, *items: Json, caller: bytes = b"c") -> tuple[int, ...]:
    return known.quoting(record(2, via=route(caller=caller)), lines_at_front(items))


def test_a_summary_is_recognized_in_whatever_a_client_puts_around_it() -> None:
    wrapped = user(f"This is what was done so far:\n<summary>\n{LINE}\n</summary>")

    assert quoting(knowing(), user("Go on."), wrapped) == (1,)
    assert quoting(
        knowing(), {"type": "message", "role": "user", "content": [{"type": "input_text", "text": LINE}]}
    ) == (0,)


def test_short_lines_other_callers_and_late_items_are_no_quotes() -> None:
    assert quoting(knowing(), user("Done.")) == ()
    assert quoting(knowing(), user(LINE), caller=b"d") == ()
    assert quoting(knowing(), *(user(str(n)) for n in range(EARLY)), user(LINE)) == ()
    assert quoting(Said(), user(LINE)) == ()


def test_only_messages_say_something_and_the_oldest_lines_are_forgotten_first() -> None:
    known = knowing(limit=1)
    known.add(record(2, said=lines_said([said("assistant", "Another answer, which is long enough.")])))

    assert lines_said([{"type": "function_call", "arguments": LINE * 3}]) == ()
    assert len(lines_said([said("assistant", "\n".join(f"{LINE} {n}" for n in range(9)))])) == 4
    assert quoting(known, user(LINE)) == ()


def test_items_that_follow_others_have_their_places_in_the_whole_input() -> None:
    turn, delta = record(2, via=route(caller=b"c")), lines_at_front([user("Go on."), user(LINE)], EARLY - 2)

    assert knowing().quoting(turn, delta, EARLY - 2) == (EARLY - 1,)
    assert len(lines_at_front([user(LINE)] * 3, EARLY - 2)) == 2
