"""The conversation that every arm of the demo has: the same instructions and the same questions."""

from collections.abc import Sequence
from typing import Any

TURNS = 8

_INSTRUCTIONS_LENGTH = 20_000  # bytes, about 5,000 tokens of the embedded model
_QUESTION_LENGTH = 500

Item = dict[str, Any]


def instructions() -> str:
    """Returns the instructions, the same in every turn."""
    return _filled("Rule {number}: look at the tests of module {number} before you change it.\n", _INSTRUCTIONS_LENGTH)


def question(turn: int) -> Item:
    """Returns the user's message of a turn, counted from 1."""
    head = f"Question {turn}: what should be done about the findings below?\n"
    return {"role": "user", "content": head + _filled(f"Finding {turn}.{{number}}: unused.\n", _QUESTION_LENGTH)}


def body(items: Sequence[Item]) -> dict[str, Any]:
    """Returns a turn as a client without tools sends it, with no key and nothing optional."""
    return {
        "model": "gpt-5.5",
        "instructions": instructions(),
        "input": list(items),
        "store": False,
        "stream": True,
    }


def _filled(line: str, length: int) -> str:
    text, number = "", 0
    while len(text) < length:
        number += 1
        text += line.format(number=number)
    return text
