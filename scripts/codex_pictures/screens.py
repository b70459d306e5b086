"""Terminals as one SVG, that looks the same on a light page and on a dark one."""

from collections.abc import Iterator, Sequence
from html import escape

from codex_pictures.ansi import Run, Style

Screen = Sequence[Sequence[Run]]

_WIDE, _HIGH, _MARGIN, _GAP = 8.4, 18, 14, 16
_INK, _PAPER, _EDGE = "#d5d9de", "#15191f", "#3a424d"
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

_AS_EMOJI = dict.fromkeys("⚠❄", "\ufe0f")
"""Marks that fonts show as narrow letters unless they are told otherwise; nothing stands behind them."""


def drawing(screens: Sequence[Screen], columns: int, title: str) -> str:
    """Returns the SVG of screens, one below the other."""
    tops = [sum(_height(screen) + _GAP for screen in screens[:index]) for index in range(len(screens))]
    width, height = columns * _WIDE + 2 * _MARGIN, tops[-1] + _height(screens[-1])
    parts = [part for top, screen in zip(tops, screens, strict=True) for part in _screen(screen, top, width)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">'
    style = f"text{{font:14px {_FONTS};white-space:pre}}.b{{font-weight:bold}}.u{{text-decoration:underline}}"
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{style}</style>", *parts, "</svg>\n"])


def _height(screen: Screen) -> int:
    return len(screen) * _HIGH + 2 * _MARGIN


def _screen(screen: Screen, top: int, width: float) -> Iterator[str]:
    size = f'width="{width - 1:.1f}" height="{_height(screen) - 1}"'
    yield f'<rect x=".5" y="{top}.5" {size} rx="8" fill="{_PAPER}" stroke="{_EDGE}"/>'
    for row, runs in enumerate(screen):
        yield from _line(runs, top + _MARGIN + row * _HIGH)


def _line(runs: Sequence[Run], top: int) -> Iterator[str]:
    """Yields the papers of a line and then its texts, so that no paper covers a text."""
    for run in runs:
        if paper := _colours(run.style)[1]:
            yield f'<rect {_span(run)} y="{top}" height="{_HIGH}" fill="{paper}" shape-rendering="crispEdges"/>'
    for run in runs:
        if run.text.strip():
            yield _text(run, top)


def _text(run: Run, top: int) -> str:
    kinds = " ".join(name for name, on in (("b", run.style.bold), ("u", run.style.underline)) if on)
    worn = f' class="{kinds}"' if kinds else ""
    width = (2 if run.text in _AS_EMOJI else run.width) * _WIDE
    place = f'x="{_x(run.column)}" y="{top + 13}" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {place} fill="{_colours(run.style)[0]}"{worn}>{escape(run.text)}{_AS_EMOJI.get(run.text, "")}</text>'


def _span(run: Run) -> str:
    return f'x="{_x(run.column)}" width="{run.width * _WIDE:.1f}"'


def _x(column: int) -> str:
    return f"{_MARGIN + column * _WIDE:.1f}"


def _colours(style: Style) -> tuple[str, str | None]:
    """Returns the colours of ink and paper."""
    if style.reverse:
        return style.paper or _PAPER, style.ink or _INK
    return style.ink or _INK, style.paper
