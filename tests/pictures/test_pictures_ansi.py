"""What a terminal shows, and its drawing."""

from xml.etree import ElementTree

import pytest
from codex_pictures.ansi import Run, Style, read_screen, styled
from codex_pictures.screens import drawing

SVG = "{http://www.w3.org/2000/svg}"


def test_plain_text_is_one_run() -> None:
    assert read_screen("a b\n\nc\n") == [[Run("a b", 0, 3, Style())], [], [Run("c", 0, 1, Style())]]


def test_a_style_goes_on_over_the_end_of_a_line() -> None:
    first, second = read_screen("\x1b[1ma\nb\x1b[0mc\n")

    assert first == [Run("a", 0, 1, Style(bold=True))]
    assert second == [Run("b", 0, 1, Style(bold=True)), Run("c", 1, 1, Style())]


def test_a_wide_character_takes_two_columns() -> None:
    assert [(run.text, run.column, run.width) for run in read_screen("a✅b")[0]] == [
        ("a", 0, 1),
        ("✅", 1, 2),
        ("b", 3, 1),
    ]


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ([38, 2, 1, 2, 255], Style(ink="#0102ff")),
        ([48, 5, 16], Style(paper="#000000")),
        ([38, 5, 231, 4], Style(ink="#ffffff", underline=True)),
        ([38, 5, 255], Style(ink="#eeeeee")),
        ([38], Style()),
        ([1, 7, 22], Style(reverse=True)),
        ([31, 39, 1, 0], Style()),
        ([999], Style()),
    ],
)
def test_codes_make_a_style(codes: list[int], style: Style) -> None:
    assert styled(Style(), codes) == style


def test_other_sequences_and_control_characters_are_left_out() -> None:
    assert read_screen("\x1b[2Ka\x07\x1b(Bb")[0] == [Run("a", 0, 1, Style()), Run("b", 1, 1, Style())]


def test_a_drawing_is_xml_whatever_the_terminal_shows() -> None:
    text = '</text><script>&"'
    root = ElementTree.fromstring(drawing([read_screen(f"\x1b[41m{text}"), read_screen("two")], 80, "<title> & all"))

    assert [each.text for each in root.iter(f"{SVG}text")] == [text, "two"]
    assert root.findtext(f"{SVG}title") == "<title> & all"


def test_reversed_text_has_the_ink_for_its_paper() -> None:
    root = ElementTree.fromstring(drawing([read_screen("\x1b[38;2;1;2;3m\x1b[7ma")], 80, "a"))

    assert [each.get("fill") for each in root.iter(f"{SVG}rect")][1:] == ["#010203"]
