"""What the tools write: rows of cells as lines of text, and results files.

A results file is JSON that says of which format it is, when it was made, and on what.
"""

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

import orjson


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows of equally many cells as lines; so many columns stand to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [row(cells, widths, left) for cells in rows]


def row(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    """Return one row, for a table that is printed while it grows; a cell that is too long pushes the others on."""
    sides = ["<"] * left + [">"] * (len(cells) - left)
    return "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True)).rstrip()


def to_json(format_number: int, **content: object) -> bytes:
    """Return a results file's text. Dataclasses become objects; the rest has to be what JSON has."""
    packages = {name: version(name) for name in ("mitmproxy", "orjson")}
    system = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
    machine = {"python": platform.python_version(), **packages, **system}  # nothing that names it
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    document = {"format": format_number, "made": made, "machine": machine, **content}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
