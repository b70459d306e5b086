"""Names and docstrings use the field's terms: the private words that were replaced do not come back."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(file for folder in ("addons", "scripts", "tests") for file in (ROOT / folder).rglob("*.py"))
OWN = Path(__file__)

_WORDS = """
    room rooms passage passages envelope envelopes seal sealed portrait portraits desk lessons keeper explainer telling
    arrivals onlookers handover leftover switchboard offloop recalled wording unchanging phrases foreseen outlook kin
    rung ladder fingerprint fingerprints swollen shelf baton lane lanes census tally farewell beacon witness office
    clerk wander provoke crowd excerpt
"""
IN_NAMES = frozenset(_WORDS.split())
"""Parts of names, as underscores and capitals separate them."""

IN_PROSE = re.compile(
    r"\b(rooms?|passages?|envelopes?|portraits?|go(?:es)? on with|gone on with|bears|bore|anew|beside|whoever|ladder|"
    r"put by|told apart|tells? apart|tell whether|farewell|onlookers?|switchboard|handover|witness)\b",
    re.IGNORECASE,
)
"""Words in docstrings and comments."""


def names(file: Path) -> Iterator[str]:
    """Yield the names that a file uses, and its own."""
    yield file.stem
    for token in tokenize.generate_tokens(io.StringIO(file.read_text()).readline):
        if token.type == tokenize.NAME:
            yield token.string


def parts(name: str) -> set[str]:
    """Return the words of which a name consists, in lower case."""
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def prose(file: Path) -> Iterator[str]:
    """Yield the docstrings and comments of a file."""
    text = file.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def names_with_private_words(file: Path) -> set[str]:
    """Return the names in a file of which a part is a private word."""
    return {name for name in names(file) if parts(name) & IN_NAMES}


def private_words_in_prose(file: Path) -> set[str]:
    """Return the private words in the docstrings and comments of a file."""
    return {match[0] for text in prose(file) for match in IN_PROSE.finditer(text)}


@pytest.mark.parametrize("found", [names_with_private_words, private_words_in_prose], ids=["names", "prose"])
@pytest.mark.parametrize("folder", ["addons", "scripts", "tests"])
def test_there_is_no_private_word(folder: str, found: Callable[[Path], set[str]]) -> None:
    files = [file for file in FILES if file.is_relative_to(ROOT / folder) and file != OWN]

    assert [f"{file.relative_to(ROOT)}: {word}" for file in files for word in sorted(found(file))] == []
