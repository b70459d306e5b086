"""What a terminal shows, read from the text and the escape sequences that `tmux capture-pane -e` writes."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

_SEQUENCE = re.compile(r"\x1b\[([\d;:]*)m|\x1b[\[\]()][^a-zA-Z\x07]*[a-zA-Z\x07]|[\x00-\x09\x0b-\x1a\x1c-\x1f]")
_STRETCH = re.compile(r"[ -~]+|.")

_SIXTEEN = (
    "#2b313a",
    "#e5707a",
    "#8fbf6a",
    "#d8b35c",
    "#3b7dc4",
    "#c986d8",
    "#58bcc4",
    "#d5d9de",
    "#8b949e",
    "#ff8f98",
    "#a8dc84",
    "#f0cc78",
    "#86c2ff",
    "#dda3ea",
    "#79d6de",
    "#ffffff",
)
_STEPS = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks; a colour is `#rrggbb`, or None for the terminal's own."""

    ink: str | None = None
    paper: str | None = None
    bold: bool = False
    underline: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style, at a column and as wide as so many of them."""

    text: str
    column: int
    width: int
    style: Style


def read_screen(shown: str) -> list[list[Run]]:
    """Returns the runs of each line; a style goes on over the ends of lines."""
    style, lines = Style(), []
    for line in shown.removesuffix("\n").split("\n"):
        runs: list[Run] = []
        for text, worn in _pieces(line, style):
            style = worn
            runs += _runs(text, worn, runs[-1].column + runs[-1].width if runs else 0)
        lines.append(runs)
    return lines


def _pieces(line: str, style: Style) -> Iterator[tuple[str, Style]]:
    """Yields text with its style, at last an empty one with the style in which the line ends."""
    start = 0
    for found in _SEQUENCE.finditer(line):
        yield line[start : found.start()], style
        start = found.end()
        if found[1] is not None:
            style = styled(style, [int(code or 0) for code in re.split("[;:]", found[1])])
    yield line[start:], style


def _runs(text: str, style: Style, column: int) -> Iterator[Run]:
    """Yields plain text as a whole and each other character by itself, for fonts disagree about their width."""
    for found in _STRETCH.finditer(text):
        width = sum(map(_width, found[0]))
        yield Run(found[0], column, width, style)
        column += width


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def styled(style: Style, codes: list[int]) -> Style:
    """Returns a style after the codes of a sequence; those that it does not know change nothing."""
    left = iter(codes)
    for code in left:
        if code in (38, 48):
            colour = _chosen(left)
            style = replace(style, ink=colour) if code == 38 else replace(style, paper=colour)
        else:
            style = _after(style, code)
    return style


def _after(style: Style, code: int) -> Style:
    """Returns a style after a code that needs no others."""
    if code == 0:
        return Style()
    for start, first in ((30, 0), (90, 8)):
        if start <= code < start + 8:
            return replace(style, ink=_SIXTEEN[code - start + first])
        if start <= code - 10 < start + 8:
            return replace(style, paper=_SIXTEEN[code - 10 - start + first])
    return _SWITCHES.get(code, replace)(style)


_SWITCHES: dict[int, Callable[[Style], Style]] = {
    1: lambda style: replace(style, bold=True),
    4: lambda style: replace(style, underline=True),
    7: lambda style: replace(style, reverse=True),
    22: lambda style: replace(style, bold=False),
    24: lambda style: replace(style, underline=False),
    27: lambda style: replace(style, reverse=False),
    39: lambda style: replace(style, ink=None),
    49: lambda style: replace(style, paper=None),
}


def _chosen(codes: Iterator[int]) -> str | None:
    """Returns the colour that the codes behind 38 or 48 name."""
    kind = next(codes, 0)
    if kind == 5:
        return _of_256(next(codes, 0))
    return "#" + "".join(f"{next(codes, 0) & 255:02x}" for _ in range(3)) if kind == 2 else None


def _of_256(number: int) -> str:
    if number < 16:
        return _SIXTEEN[number]
    if number >= 232:
        return "#" + f"{min(8 + 10 * (number - 232), 255):02x}" * 3
    red, green, blue = (_STEPS[(number - 16) // by % 6] for by in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"
