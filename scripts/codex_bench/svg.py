"""As much of SVG as a plot needs: lines, circles, words, and scales from figures to places."""

import math
from collections.abc import Callable, Sequence
from html import escape

type Scale = Callable[[float], float]


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Returns a scale that takes the range of the figures to the range of places."""
    width = (high - low) or 1.0
    return lambda figure: start + (figure - low) / width * (end - start)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Returns round figures from `low` to `high`, about as many as asked for."""
    raw = (high - low) / max(1, count) or 1.0
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def circle(x: float, y: float, radius: float, colour: str, *, hollow: bool = False) -> str:
    fill = "#fff" if hollow else colour
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'


def path(points: Sequence[tuple[float, float]], colour: str) -> str:
    """Returns a line through all points."""
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'


def words(x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12, colour: str = "#333") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )


def document(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """Returns a whole picture on white, with its title for those who cannot see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" role="img"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
    )
    return "\n".join([head, *parts, "</svg>\n"])
