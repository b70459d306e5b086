"""The page of one turn, and the strip of its prompt's parts."""

import pytest
from codexcache.body.json_splice import Json
from codexcache.output.first_difference import Difference
from codexcache.output.turn_page import PromptPart, bar, bar_lines, legend, page, table
from codexcache.text import NARROWEST, WIDEST, WIDTH
from codexcache.verdicts import MISSES, VERDICTS
from support.turn_summaries import COUNTERS, turn_summary, without

DIFFERENCE = Difference(path="tools[1].description", offset=460, context="…to disk. ", was="a", now="b", kind="text")


def section(text: str, start: str) -> list[str]:
    """Return the lines of the section that begins so."""
    return next(part.split("\n") for part in text.split("\n \n") if part.startswith(start))


def test_the_verdict_stands_first_with_its_reason() -> None:
    lines = page(turn_summary(), width=WIDEST).split("\n")

    assert lines[:2] == ["miss: tools_changed", "tool shell was edited"]
    assert lines[2].startswith("turn 7 · ")
    assert lines[2].endswith(" · myagent/1.2 · gpt-5.5 · HTTP · responses · status 200 · mode fill")


ROWS = 19
"""Rows of a command's popup in a console of 80 columns and 24 rows."""


@pytest.mark.parametrize("verdict", sorted(MISSES))
def test_cause_and_advice_are_seen_without_scrolling_in_a_small_console(verdict: str) -> None:
    because = "8 tool outputs were shortened, the first at input[12]; that the 7,000 tokens before it were not read"
    shown = page(turn_summary(verdict=verdict, because=because, first_words_length=1_204), width=NARROWEST).split("\n")

    assert shown[0] == f"miss: {verdict}"
    assert {"What to do", "How the next turn tells", "Tokens"} <= set(shown[:ROWS])


def test_of_a_held_turn_the_page_says_what_releases_it_and_shows_no_counters() -> None:
    lines = page(turn_summary(ended_at=None, releasing="a resumes, e edits, X kills it")).split("\n")

    assert "It has not left yet: a resumes, e edits, X kills it." in lines
    assert "Tokens" not in lines


@pytest.mark.parametrize("width", [NARROWEST, WIDTH])
def test_no_fact_of_the_headline_is_broken(width: int) -> None:
    _, _, *lines = page(turn_summary(client="codex_cli_rs/0.169.0"), width=width).split("\n")
    facts = [fact for line in lines[: lines.index(" ")] for fact in line.split(" · ")]

    assert facts[2:-1] == ["codex_cli_rs/0.169.0", "gpt-5.5", "HTTP", "responses", "status 200", "mode fill"]
    assert facts[-1] == "conversation c0ffee000001"


def test_counters_are_shown_with_the_share() -> None:
    assert section(page(turn_summary()), "Tokens") == [
        "Tokens",
        "  input     9,409",
        "  cached    1,024  11% of the input",
        "  reusable  1,100  could still be read, estimated",
        "  re-sent   5,956  not read, estimated",
        "  output        5",
    ]


@pytest.mark.parametrize(("blame", "said"), [("avoidable", "avoidable: "), ("outside", "outside: "), ("odd", "")])
def test_whose_doing_it_was_stands_with_what_was_re_sent(blame: str, said: str) -> None:
    tokens = section(page(turn_summary(blame=blame)), "Tokens")

    assert tokens[4] == f"  re-sent   5,956  {said}not read, estimated"


def test_a_counter_that_is_absent_is_not_0_but_one_of_0_is() -> None:
    """Nor is what would have been worked out of it."""
    text = page({**without(*COUNTERS), "reusable_tokens": None, "resent_tokens": 0})
    nothing_cached = page(turn_summary(**{"gen_ai.usage.cache_read.input_tokens": 0}))

    assert [line.split()[1:] for line in section(text, "Tokens")[1:]] == [["n/a"]] * 5
    assert "  cached        0  0% of the input" in nothing_cached.split("\n")


def test_the_strip_marks_the_break() -> None:
    lines = section(page(turn_summary()), "Prompt")

    assert lines[1] == "  ◆" + "░" * 73
    assert [line.split()[0] for line in lines[3:]] == ["◆", "░", "░"]


def test_identity_is_shown_as_pseudonyms_with_their_states() -> None:
    assert [line.split() for line in section(page(turn_summary()), "Identity")[1:]] == [
        ["key", "aaaaaaaaaaaa", "same"],
        ["session", "bbbbbbbbbbbb", "changed"],
        ["socket", "-", "absent"],
    ]


def test_what_the_client_sent_is_shown_with_what_was_forwarded() -> None:
    """And which of it was this addon's doing."""
    assert section(page(turn_summary()), "What the client sent")[1:] == [
        "  prompt_cache_key  absent        aaaaaaaaaaaa  added",
        "  session-id        aaaaaaaaaaaa  aaaaaaaaaaaa",
        "  session_id        cccccccccccc  aaaaaaaaaaaa  replaced",
        "  Edits of this addon: session-id, prompt_cache_key.",
        "  The key comes from: session, kept from an earlier turn.",
    ]
    assert "  It was edited after this addon had seen it." in page(turn_summary(edited=True)).split("\n")


@pytest.mark.parametrize(
    ("before", "expected"),
    [(0.2, "less than a second"), (14.5, "14.5 seconds"), (600.0, "10 minutes"), (10_800.0, "3 hours")],
)
def test_the_predecessor_is_named_with_how_long_before_it_was_sent(before: float, expected: str) -> None:
    text, first = page(turn_summary(sent_at=1000.0 + before)), page(turn_summary(predecessor=None, differences=[]))

    assert first.split("\n")[-1] == "Predecessor: none is known."
    assert "Every difference" not in first
    assert text.split("\n")[-1] == f"Predecessor: turn 6, sent {expected} before."


def test_every_difference_is_listed_and_the_first_one_is_shown() -> None:
    assert section(page(turn_summary()), "Every difference")[1:] == ["  - tools_changed: tool shell was edited"]
    assert section(page(turn_summary(differences=[])), "Every difference") == ["Every difference: none."]
    assert section(page(turn_summary(), DIFFERENCE), "First difference")[-1] == "  now  ▸ b"


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_says_what_to_do_and_how_to_see_that_it_helped(verdict: str) -> None:
    text = page(turn_summary(verdict=verdict, is_miss=verdict in MISSES))

    assert len(section(text, "What to do")) >= 4
    assert "How the next turn tells" in section(text, "What to do")


def test_a_turn_that_is_held_says_what_can_be_done() -> None:
    lines = page(turn_summary(ended_at=None, status=None)).split("\n")

    assert lines[0] == "held, heading for tools_changed"
    assert lines[4] == "It has not left yet: edit it, resume it or kill it."


HOSTILE = "\x1b[2J\x07<script>\u202e\n\r"


def defused(value: Json) -> Json:
    """Return a summary's member with every text replaced by a hostile one."""
    if isinstance(value, dict):
        return {name + HOSTILE: defused(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [defused(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("name", sorted(turn_summary()))
def test_a_summary_from_a_strangers_file_cannot_steer_a_terminal(name: str) -> None:
    """Whatever stands in it."""
    text = page(turn_summary(**{name: defused(turn_summary()[name])}))

    assert all(character.isprintable() for character in text.replace("\n", ""))


SHAPES: list[Json] = [None, 1, 2.5, "x", [], ["x"], [[1]], [["x", -1, "y"]], {}, {"x": 1}, {"x": [1]}]
ODD_NUMBERS = [1e300, -1e300, float("inf"), float("nan"), 10**400, -(10**400), 1 << 63]


@pytest.mark.parametrize("value", [*SHAPES, *ODD_NUMBERS], ids=lambda value: f"{value!s:.12}")
@pytest.mark.parametrize("name", sorted(turn_summary()))
def test_a_summary_of_any_shape_has_a_page(name: str, value: Json) -> None:
    """It may have been written by anyone, or by another version. A file can hold any number."""
    text = page(turn_summary(**{name: value}))

    assert max(map(len, text.split("\n"))) < 2 * WIDTH
    assert page(dict[str, Json]()).startswith("n/a\n")


LONG = turn_summary(
    because="word " * 60,
    client="x" * 300,
    differences=["word " * 60],
    prompt_parts=[["3 tools", 99_999_999, "changed"], ["input[123] custom_tool_call_output", 1, "new"]],
    forwarded={"x-client-request-id": "a" * 12, "prompt_cache_key": "b" * 12},
    **{"gen_ai.usage.input_tokens": 1_234_567},
)


@pytest.mark.parametrize("width", [NARROWEST, WIDTH, WIDEST])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_no_line_is_longer_than_the_width(verdict: str, width: int) -> None:
    """Half of mitmweb's window, a terminal, or the popup in one of 80 columns."""
    difference = Difference(path="x" * 90, offset=7, context="b" * 90, was="w" * 90, now="n" * 90, kind="text")
    lines = page({**LONG, "verdict": verdict}, difference, width).split("\n")

    assert max(map(len, lines)) <= width


def test_a_giant_summary_has_a_page_that_can_be_read() -> None:
    giant = "x" * 1_000_000
    lines = page(
        turn_summary(because=giant, verdict=giant, differences=[giant] * 1000, prompt_parts=[["a", 1, "new"]] * 10**5)
    )

    assert len(lines) < 500_000


PARTS: list[PromptPart] = [("2 tools", 50, "same"), ("instructions", 30, "changed"), ("input[0]", 20, "same")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (PARTS, "█████◆░░░░"),
        ([("input[0]", 1, "same"), ("input[1]", 9, "new")], "█▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 5, "same"), ("input[1]", 1, "changed"), ("4 more items", 4, "same")], "█████◆░░░░"),
        (
            [("a", 3, "same"), ("b", 1, "changed"), ("c", 2, "same"), ("d", 2, "shortened"), ("e", 2, "new")],
            "███◆░░◇◇▒▒",
        ),
        ([("a", 4, "same"), ("b", 99, "dropped"), ("c", 3, "same"), ("d", 2, "new")], "████□░░░▒▒"),
        ([("0 tools", 0, "new"), ("instructions", 10, "new")], "▒▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 9999, "same"), ("input[1]", 1, "changed")], "█████████◆"),
        ([("3 tools", 4, "changed"), ("instructions", 6, "changed")], "◆░░░◇◇◇◇◇◇"),
        ([("0 tools", 0, "changed"), ("instructions", 9, "same")], "◆░░░░░░░░░"),
        ([(f"input[{place}]", 1, "new") for place in range(99)], "▒▒▒▒▒▒▒▒▒▒"),
        ([("instructions", 10, "odd")], "??????????"),
        ([("instructions", 0, "same")], ""),
        ([], ""),
    ],
)
def test_the_strip_is_scaled_and_marks_the_break(parts: list[PromptPart], expected: str) -> None:
    """A part that is there has a glyph at least; what stands as before but behind the break was not read."""
    assert bar(parts, 10) == expected


def test_the_table_says_in_the_legends_words_what_the_strip_draws() -> None:
    """So that no glyph has two meanings; a state of another version is shown as it is."""
    edits: list[PromptPart] = [("input[1]", 5, "changed"), ("input[2]", 5, "moved"), ("was input[2]", 5, "dropped")]
    rest: list[PromptPart] = [("input[3]", 5, "new"), ("input[4]", 5, "odd")]

    assert list(legend(PARTS, 60)) == ["█ as before   ◆ first difference   ░ unchanged behind it"]
    assert list(legend([*PARTS, *edits, *rest], 60)) == [
        "█ as before   ◆ first difference   ░ unchanged behind it",
        "◇ edited   □ dropped or moved away   ▒ new",
    ]
    assert table([*PARTS, *edits, *rest], 60) == [
        "█ 2 tools       50 bytes  as before",
        "◆ instructions  30 bytes  first difference",
        "░ input[0]      20 bytes  unchanged behind it",
        "◇ input[1]       5 bytes  edited",
        "◇ input[2]       5 bytes  moved",
        "□ was input[2]   5 bytes  dropped",
        "▒ input[3]       5 bytes  new",
        "? input[4]       5 bytes  odd",
    ]


@pytest.mark.parametrize("width", [NARROWEST, 76, 88])
def test_no_line_of_the_drawing_is_too_long(width: int) -> None:
    """A name that is, is cut; numbers and states stay whole."""
    parts: list[PromptPart] = [("3 tools", 592, "changed"), ("input[10] " + "x" * 90, 99_999_999, "new")]
    lines = list(bar_lines(parts, width))

    assert max(map(len, lines)) == len(lines[0]) == width
    assert lines[-1].endswith("…  99,999,999 bytes  new")
