"""The page of one turn."""

import pytest
from codexcache.verdicts import MISSES, VERDICTS
from codexcache.wire.document import Json, Object
from codexcache.words.excerpt import Excerpt
from codexcache.words.page import WIDTH, page
from support.portraits import COUNTERS, portrait, without

EXCERPT = Excerpt(place="tools[1].description", offset=460, before="…to disk. ", was="a", now="b", kind="text")


def section(text: str, start: str) -> list[str]:
    """Return the lines of the section that begins so."""
    return next(part.split("\n") for part in text.split("\n \n") if part.startswith(start))


def test_the_verdict_stands_first_with_its_reason() -> None:
    lines = page(portrait()).split("\n")

    assert lines[:2] == ["miss: tools_changed", "tool shell was edited"]
    assert lines[2].startswith("turn 7 · ")
    assert lines[2].endswith(" · myagent/1.2 · gpt-5.5 · HTTP · responses · status 200 · mode fill")


def test_counters_are_shown_with_the_share() -> None:
    assert section(page(portrait()), "Tokens") == [
        "Tokens",
        "  input            9,409",
        "  cached           1,024   11% of the input",
        "  reusable         1,100   of the predecessor's prompt, an estimate",
        "  re-sent          5,956   could have been read, an estimate",
        "  output               5",
    ]


def test_a_counter_that_is_absent_is_not_0() -> None:
    """Nor is what would have been worked out of it."""
    text = page({**without(*COUNTERS), "reusable_tokens": None, "resent_tokens": 0})

    assert [line.split()[1:] for line in section(text, "Tokens")[1:]] == [["n/a"]] * 5


def test_a_cached_count_of_0_is_0() -> None:
    text = page(portrait(**{"gen_ai.usage.cache_read.input_tokens": 0}))

    assert "  cached               0   0% of the input" in text.split("\n")


def test_the_strip_marks_the_break() -> None:
    lines = section(page(portrait()), "Prompt")

    assert lines[1] == "  ◆" + "░" * 71
    assert [line.split()[0] for line in lines[3:]] == ["◆", "░", "░"]


def test_identity_is_shown_as_fingerprints_with_their_states() -> None:
    assert [line.split() for line in section(page(portrait()), "Identity")[1:]] == [
        ["key", "aaaaaaaaaaaa", "same"],
        ["session", "bbbbbbbbbbbb", "changed"],
        ["socket", "-", "absent"],
    ]


def test_what_the_client_sent_stands_beside_what_was_forwarded() -> None:
    """And which of it was this addon's doing."""
    assert section(page(portrait()), "What the client sent")[1:] == [
        "  prompt_cache_key       absent         aaaaaaaaaaaa   added here",
        "  session-id             aaaaaaaaaaaa   aaaaaaaaaaaa",
        "  session_id             cccccccccccc   aaaaaaaaaaaa   replaced here",
        "  Edits of this addon: session-id, prompt_cache_key.",
        "  The key comes from: session, kept from an earlier turn.",
    ]


def test_an_edit_by_hand_is_told() -> None:
    assert "  It was edited by hand while it was held." in page(portrait(edited=True)).split("\n")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (0.2, "less than a second"),
        (14.5, "14.5 seconds"),
        (600.0, "10 minutes"),
        (10_800.0, "3 hours"),
    ],
)
def test_the_predecessor_is_named_with_how_long_before_it_was_sent(before: float, expected: str) -> None:
    text = page(portrait(sent_at=1000.0 + before))

    assert text.split("\n")[-1] == f"Predecessor: turn 6, sent {expected} before."


def test_a_turn_without_a_predecessor_says_so() -> None:
    text = page(portrait(predecessor=None, differences=[]))

    assert text.split("\n")[-1] == "Predecessor: none is known."
    assert "Every difference" not in text


def test_every_difference_is_listed() -> None:
    assert section(page(portrait()), "Every difference")[1:] == ["  - tools_changed: tool shell was edited"]
    assert section(page(portrait(differences=[])), "Every difference") == ["Every difference: none."]


def test_the_first_difference_is_shown_on_both_sides() -> None:
    assert section(page(portrait(), EXCERPT), "First difference") == [
        "First difference in tools[1].description, from character 460 on: text",
        "  both   …to disk. ",
        "  was  ▸ a",
        "  now  ▸ b",
    ]


def test_why_there_is_no_excerpt_is_told() -> None:
    assert section(page(portrait(), "the flow is gone."), "First") == ["First difference: the flow is gone."]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_says_what_to_do_and_how_to_see_that_it_helped(verdict: str) -> None:
    text = page(portrait(verdict=verdict, is_miss=verdict in MISSES))

    assert len(section(text, "What to do")) >= 4
    assert "How the next turn tells" in section(text, "What to do")


def test_a_turn_that_is_held_says_what_can_be_done() -> None:
    lines = page(portrait(ended_at=None, status=None)).split("\n")

    assert lines[0] == "held, heading for tools_changed"
    assert lines[3] == "It has not left yet: edit it, resume it or kill it."


HOSTILE = "\x1b[2J\x07<script>\u202e\n\r"


def defused(value: Json) -> Json:
    """Return a portrait's member with every text replaced by a hostile one."""
    if isinstance(value, dict):
        return {name + HOSTILE: defused(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [defused(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("name", sorted(portrait()))
def test_a_portrait_from_a_strangers_file_cannot_steer_a_terminal(name: str) -> None:
    """Whatever stands in it."""
    text = page(portrait(**{name: defused(portrait()[name])}))

    assert all(character.isprintable() for character in text.replace("\n", ""))


@pytest.mark.parametrize("value", [None, 1, 2.5, "x", [], ["x"], [[1]], [["x", -1, "y"]], {}, {"x": 1}, {"x": [1]}])
@pytest.mark.parametrize("name", sorted(portrait()))
def test_a_portrait_of_any_shape_has_a_page(name: str, value: Json) -> None:
    """It may have been written by anyone, or by another version."""
    assert page(portrait(**{name: value}))


def test_an_empty_portrait_has_a_page() -> None:
    empty: Object = {}

    assert page(empty).startswith("n/a\n")


def test_lines_are_not_too_long_for_the_half_of_a_window() -> None:
    for verdict in VERDICTS:
        assert all(len(line) <= WIDTH for line in page(portrait(verdict=verdict, because="word " * 60)).split("\n"))


ODD_NUMBERS = [1e300, -1e300, float("inf"), float("nan"), 10**400, -(10**400), 1 << 63]


@pytest.mark.parametrize("value", ODD_NUMBERS, ids=lambda value: f"{value!s:.12}")
@pytest.mark.parametrize("name", [*sorted(portrait()), *COUNTERS])
def test_a_number_that_is_no_time_and_no_counter_has_a_page(name: str, value: float) -> None:
    """A file can hold any."""
    text = page(portrait(**{name: value}))

    assert max(map(len, text.split("\n"))) < 2 * WIDTH


def test_a_giant_portrait_has_a_page_that_can_be_read() -> None:
    giant = "x" * 1_000_000
    lines = page(
        portrait(because=giant, verdict=giant, differences=[giant] * 1000, signature=[["a", 1, "new"]] * 10**5)
    )

    assert len(lines) < 500_000
