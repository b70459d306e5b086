"""A stranger's words, made harmless before they are shown: they cannot steer a terminal, and are not too long."""

import re

_UNSEEN = re.compile(r"[^ -~]")
_FORMULA = re.compile(r"[=+@]|-.")


def ascii_only(text: str, longest: int | None = None) -> str:
    """Return the first `longest` characters of a text, each that is not visible ASCII as a question mark."""
    return _UNSEEN.sub("?", text[:longest])


def printable(text: str, longest: int) -> str:
    """Return text that can only be read: a control or a change of direction in it becomes a question mark."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in cut).strip()


def with_symbols(text: str) -> str:
    """Return text of which all can be seen: control characters have symbols, others that do not print their number."""
    return "".join(character if character.isprintable() else _symbol(ord(character)) for character in text)


def cell(text: str) -> str:
    """Return text for a cell of a table: a spreadsheet, into which tables are copied, must not run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _symbol(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"
