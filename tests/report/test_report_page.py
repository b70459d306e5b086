"""The page: what it says, that everything in it is escaped, and that it can be used without eyes, mouse or network."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest
from codexcache import __version__
from codexcache.body.json_splice import Object
from codexcache.report.aggregate import ReportData
from codexcache.report.page import render, save
from codexcache.verdicts import VERDICT_TABLE, VERDICTS
from support.html import Element, parsed
from support.journals import entry, lines, long_journal
from support.reported import miss, warm

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}{% raw %}&lt;b&gt;=1+1"


def report_data(*entries: Object) -> ReportData:
    """Return what a journal holds."""
    found = ReportData()
    found.add_lines(lines(entries).splitlines())
    return found


def page(*entries: Object, source: str = "journal.jsonl") -> Element:
    """Return the page on a journal."""
    return parsed(render(report_data(*entries), source))


def texts(rows: list[Element]) -> list[list[str]]:
    """Return the texts of the cells of each row."""
    return [[cell.text for cell in row.children] for row in rows]


@pytest.fixture(scope="module")
def long_page() -> str:
    """The page on 2,000 turns."""
    return render(report_data(*long_journal()), "long.jsonl")


def test_the_head_says_what_it_was_made_from() -> None:
    shown = page(entry(1, at=0), entry(2, at=3_600, run="b"), source="one.jsonl, two.jsonl")

    assert shown.one("p", "source").text == (
        "From one.jsonl, two.jsonl, 2026-11-20 08:00 to 09:00 UTC, 2 starts of the proxy. "
        f"Made by version {__version__}."
    )


def test_the_figures_come_first() -> None:
    shown = page(
        entry(1, given=10_000),
        miss(cached=4_000, given=10_000, resent_tokens=6_000),
        entry(3, at=90, given=None),
        entry(4, at=95, verdict="warm_up", warm_up=True),
    )
    figures = [(each.one("dt").text, each.one("dd").text) for each in shown.one("dl", "figures").all("div")]

    assert figures == [
        ("of the input cached", "20.0%"),
        ("cached in the median turn", "20.0%"),
        ("tokens re-sent", "6,000"),
        ("of them avoidable", "6,000"),
        ("turns", "3"),
        ("misses", "1"),
        ("conversations", "1"),
    ]
    assert "Shares are of the 2 turns that reported token counts; 1 did not." in shown.text
    assert "1 warm-up, sent ahead to fill the cache, is no turn and in no figure." in shown.text


def test_what_was_re_sent_is_divided_by_blame() -> None:
    shown = page(
        miss(2, resent_tokens=6_000, blame="avoidable"),
        miss(3, resent_tokens=2_000, blame="expected", verdict="idle"),
        miss(4, resent_tokens=1_000, blame="outside", verdict="upstream"),
    )
    legend = [each.text for each in shown.one("section", **{"aria-labelledby": "figures"}).all("li")]

    assert legend[1:4] == ["6,000 re-sent, avoidable", "2,000 re-sent, expected", "1,000 re-sent, outside"]
    assert ["pale" in turn.classes for turn in shown.all("g", "turn")] == [False, True, True]
    assert "an estimate" not in shown.text
    assert "What 1 turn re-sent is an estimate: an older version wrote its line." in page(miss(reusable_tokens=9)).text


def test_what_to_change_first_is_avoidable_and_ranked_with_what_it_touched() -> None:
    shown = page(
        miss(2, resent_tokens=9_000, blame="expected", verdict="idle"),
        miss(3, resent_tokens=6_000, blame="avoidable", client="one/1", because="tool <read> was edited"),
        miss(4, resent_tokens=1_000, blame="avoidable", client="two/2", conversation="other"),
        *(
            miss(n, resent_tokens=1, blame="avoidable", client=f"{n}/1", verdict="session_changed")
            for n in range(5, 10)
        ),
    )
    first, second = [[each.text for each in item.all("p")] for item in shown.one("ol", "changes").all("li")]

    assert first == [
        VERDICT_TABLE["tools_changed"].short_advice,
        "tools_changed 7,000 tokens re-sent, 43.7% of all; 2 turns in 2 conversations; one/1, two/2",
        "The largest: tool <read> was edited",
    ]
    assert second[1].endswith("5 turns in 1 conversation; 5/1, 6/1, 7/1, 2 other clients")


def test_where_nothing_was_avoidable_there_is_nothing_to_change() -> None:
    section = {"aria-labelledby": "changes"}
    expected = page(miss(resent_tokens=9, blame="expected", verdict="idle")).one("section", **section)

    assert expected.text.endswith("Nothing: no token was re-sent for a reason that the client could have avoided.")
    assert page(entry(1)).all("section", **section) == []


def test_counters_that_are_not_known_are_not_0() -> None:
    shown = page(entry(1, given=None))

    assert [each.text for each in shown.one("dl", "figures").all("dd")][:2] == ["n/a", "n/a"]
    assert shown.one("g", "turn").one("title").text.endswith("n/a input, n/a cached")


def test_lines_that_were_left_out_and_turns_that_were_altered_are_counted_on_the_page() -> None:
    found = report_data(entry(1), entry(1))
    found.add_lines([b'{"turn": 1, "ti', b"[]"])

    assert parsed(render(found, "x")).one("p", "note").text == (
        "3 lines left out: 1 repeated, 1 cut off or not JSON, 1 no entry of a journal."
    )
    assert "The addon altered 1 turn on the way." in page(entry(1), entry(2, changed=["session-id"])).text
    assert "altered" not in page(entry(1)).one("main").text


def test_a_journal_without_a_turn_is_said_to_be_one() -> None:
    shown = page()

    assert shown.one("p", "empty").text == "There is no turn to report on."
    assert shown.all("svg", "wide") == shown.all("g", "turn") == []


def test_causes_say_what_to_do() -> None:
    shown = page(entry(1, given=10_000), miss(verdict="idle", cached=1_000, resent_tokens=9_000))

    assert texts(shown.one("table", "causes").one("tbody").all("tr")) == [
        ["idle", "1", "9,000", "", "expected", VERDICT_TABLE["idle"].short_advice],
        ["cold", "1", "", "", "", VERDICT_TABLE["cold"].short_advice],
    ]


def test_modes_are_compared_where_there_are_two() -> None:
    shown = page(*warm(40, mode="observe", share=0.25), *warm(60, start=100))
    section = shown.one("section", **{"aria-labelledby": "comparison"})

    assert texts(section.one("tbody").all("tr")) == [
        ["observe as the client sends it", "25.0%", "25.0%", "25.0%", "40", "3", "0", "0.0%"],
        ["fill with one stable identity", "90.0%", "90.0%", "90.0%", "60", "3", "0", "0.0%"],
    ]
    assert "65.0 points more." in section.text
    assert page(entry(1)).all("section", **{"aria-labelledby": "comparison"}) == []


def test_every_verdict_is_explained_in_a_line() -> None:
    words = page(entry(1)).one("dl", "words").all("div")

    assert {each.one("dt").text for each in words} == set(VERDICTS)
    assert all(each.one("dd").text for each in words)


def test_the_dearest_conversations_are_unfolded_and_the_rest_is_not() -> None:
    shown = page(*(entry(number, conversation=f"c{number}", given=number * 1_000) for number in range(1, 8)))
    found = shown.all("details", "conversation")

    assert [each.one("span", "name").text for each in found] == [
        f"conversation c{number}" for number in range(7, 0, -1)
    ]
    assert ["open" in each.attributes for each in found] == [True] * 4 + [False] * 3


def test_a_conversation_is_found_by_its_client_and_the_length_of_its_first_words() -> None:
    """The latest turn that says it counts, as where the first one was tried again."""
    said = (entry(1, at=1, first_words_length=700), entry(2, at=2, first_words_length=1_204), entry(3, at=3))
    found = page(*said, entry(4, at=4, conversation="other", first_words_length="7"))
    shown = [each.one("span", "who").text for each in found.all("details", "conversation")]

    assert shown == ["client/1.0, gpt-6-luna; first words: 1,204 characters", "client/1.0, gpt-6-luna"]


def test_a_turn_says_why_to_mouse_keyboard_and_screen_reader() -> None:
    shown = page(
        entry(1, given=10_000),
        miss(because="tool shell was edited", changes=["tools_changed", "idle"], resent_tokens=10_000),
    )
    turn = shown.all("g", "miss")[0]

    assert turn.one("title").text == (
        "Turn 2 at 08:01:00, miss: tools_changed tool shell was edited 12,000 input, 0 cached, 10,000 re-sent "
        "(avoidable), 55 s after the turn before, also changed: idle"
    )
    assert turn.attributes["role"] == "img"
    assert turn.all("path", "sign")
    assert shown.one("p", "panel").text.startswith("Most re-sent: Turn 2 at 08:01:00, miss: tools_changed")


def test_a_drawing_is_one_stop_of_the_tab_key_and_all_in_it_is_in_a_table_as_well(long_page: str) -> None:
    root = parsed(long_page)
    drawings = root.all("div", "drawing")

    assert len(drawings) > 50
    for drawing in drawings:
        stops = [turn for turn in drawing.all("g", "turn") if turn.attributes["tabindex"] == "0"]
        assert [turn.classes >= {"told"} for turn in stops] == [True]
    for conversation in root.all("details", "conversation"):
        turns = conversation.one("details", "listing").one("tbody").all("tr")
        assert len(turns) == len(conversation.all("g", "turn"))


def test_what_is_drawn_has_a_name_or_is_hidden_and_headings_label_their_sections(long_page: str) -> None:
    root = parsed(long_page)
    drawn = [picture.attributes for picture in root.all("svg")]
    names = [each.attributes["id"] for each in root.all() if "id" in each.attributes]

    assert len(names) == len(set(names))
    assert all(given.get("aria-hidden") == "true" or given["aria-label"] for given in drawn)
    assert all(section.attributes["aria-labelledby"] in names for section in root.all("section"))
    assert root.one("html").attributes["lang"] == "en"
    assert len(root.all("h1")) == len(root.all("main")) == 1
    assert all(head.attributes["scope"] in ("col", "row") for head in root.all("th"))


def test_the_page_loads_nothing_and_with_2000_turns_has_less_than_3_megabytes(long_page: str) -> None:
    root = parsed(long_page)

    assert len(root.all("g", "turn")) == 2_000
    assert len(long_page.encode()) < 3_000_000
    assert [each for each in root.all() if {"src", "href", "action", "style"} & each.attributes.keys()] == []
    assert not re.search(r"https?://|@import|url\((?!#)", long_page)


def test_a_policy_forbids_all_but_its_own_style_and_script(long_page: str) -> None:
    root = parsed(long_page)
    own = {
        name: b64encode(hashlib.sha256("".join(root.one(name).texts).encode()).digest()).decode()
        for name in ("style", "script")
    }

    assert root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{own['style']}'; script-src 'sha256-{own['script']}'; base-uri 'none'"
    )


def test_of_very_many_turns_some_are_counted_but_not_drawn() -> None:
    turns = [entry(number, at=number * 30.0, given=9_000) for number in range(1, 2_502)]
    shown = page(*turns, *(entry(number, conversation=f"c{number}", given=1) for number in range(4_000, 4_600)))

    assert len(shown.all("g", "turn")) == 2_000
    assert "501 earlier turns of it are counted but not drawn." in shown.text
    assert "401 more conversations are counted but not listed." in shown.text
    assert "3,101" in shown.one("dl", "figures").text


@pytest.mark.parametrize("name", ["run", "conversation", "mode", "client", "model", "verdict", "because"])
def test_every_field_is_shown_as_text_whatever_it_holds(name: str) -> None:
    shown = page(entry(1, given=10_000), {**miss(changes=[EVIL]), name: EVIL}, source=EVIL)

    assert len(shown.all("script")) == 1
    assert shown.all("img") == shown.all("b") == []
    assert EVIL in shown.one("p", "source").text
    assert "49" not in shown.one("p", "source").text


def test_a_page_is_written_over_an_older_one_but_over_nothing_else(tmp_path: Path) -> None:
    path, other = tmp_path / "report.html", tmp_path / "journal.jsonl"
    other.write_bytes(lines([entry(1)]))
    save(path, render(report_data(), "first"))
    save(path, render(report_data(), "second"))

    assert "From <strong>second</strong>" in path.read_text("utf-8")
    with pytest.raises(FileExistsError, match="no report"):
        save(other, render(report_data(), "third"))
    assert other.read_bytes() == lines([entry(1)])


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    """A table of the page can be copied into one."""
    shown = page(entry(1, given=10_000), {**miss(), "because": "=1+1", "verdict": "@SUM(1)"})
    cells = [cell.text for cell in shown.all("td")]

    assert "'=1+1" in cells
    assert "'@SUM(1)" in cells
