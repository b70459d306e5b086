"""The drawing of what a terminal showed."""

import re
from xml.etree import ElementTree

from codex_pictures.take import drawing

SVG = "{http://www.w3.org/2000/svg}"


def test_a_drawing_is_xml_whatever_the_terminals_showed() -> None:
    text = '</text><script>&"'
    root = ElementTree.fromstring(drawing([f"\x1b[41m{text}\x1b[0m\n", "two\n"]))
    lines = [(each.text or "").replace("\xa0", " ").strip() for each in root.iter(f"{SVG}text")]

    assert [line for line in lines if line] == [text, "two"]
    assert (root.findtext(f"{SVG}title") or "").startswith("mitmproxy's console")


def test_a_drawing_has_the_terminals_colours() -> None:
    drawn = drawing(["\x1b[38;2;1;2;3mink \x1b[48;2;4;5;6mpaper\x1b[0m\n"])

    assert "fill: #010203" in drawn
    assert 'fill="#040506"' in drawn


def test_a_drawing_loads_nothing() -> None:
    """As rich's own template would load a font."""
    assert set(re.findall(r"https?://[^\"' )]+", drawing(["a"]))) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in re.sub(r"url\(#", "", drawing(["a"]))
