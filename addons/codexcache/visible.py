"""A stranger's words, made harmless before they are shown: they cannot steer a terminal, and are not too long."""

import re

_UNSEEN = re.compile(r"[^ -~]")
_FORMULA = re.compile(r"[=+@]|-.")


def visible(text: str, longest: int | None = None) -> str:
    """Return the first `longest` characters of a text, each that is not visible ASCII as a question mark."""
    return _UNSEEN.sub("?", text[:longest])


def cell(text: str) -> str:
    """Return text for a cell of a table: a spreadsheet, into which tables are copied, must not run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
