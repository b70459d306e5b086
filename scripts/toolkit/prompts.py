"""Prompts to send: a conversation of questions, and a long text that reads like what tools print."""

import itertools
import random
from collections.abc import Sequence
from typing import Any

type Item = dict[str, Any]

_INSTRUCTIONS_LENGTH = 20_000  # characters, about 5,000 tokens of the embedded model
_QUESTION_LENGTH = 500

_LINES = (
    '    if (match := _LINE.match(text, start)) is None: raise ValueError(f"no line at {{start}}")',
    "src/engine/scheduler.py:{0}: warning: unused variable 'budget' [-Wunused]",
    '+        logger.info("Turn %d took %.1f ms", number, elapsed * 1000)\\n',
    "-    return {{name: value for name, value in members.items() if value is not None}}",
    "drwxr-xr-x  {0} build build    4096 Mar  3 11:58 node_modules",
    '{{"name": "parser-{0}", "version": "2.{0}.1", "dependencies": {{"left": "^1.3"}}}}',
    "PASSED tests/test_parser.py::test_names[größe-{0}]  0.0{0}s",
    "",
    "The function reads its input once, and keeps what it found until the next call; see note {0}.",
)
_COUNT = 5_778  # lines, some 400 kB


def instructions() -> str:
    """Return the instructions, the same in every turn."""
    return _filled("Rule {number}: look at the tests of module {number} before you change it.\n", _INSTRUCTIONS_LENGTH)


def question(turn: int) -> Item:
    """Return the user's message of a turn, counted from 1."""
    start = f"Question {turn}: what should be done about the findings below?\n"
    return {"role": "user", "content": start + _filled(f"Finding {turn}.{{number}}: unused.\n", _QUESTION_LENGTH)}


def body(items: Sequence[Item]) -> dict[str, Any]:
    """Return a turn as a client without tools sends it, with no key and nothing optional."""
    return {"model": "gpt-5.5", "instructions": instructions(), "input": list(items), "store": False, "stream": True}


def _filled(line: str, length: int) -> str:
    text, numbers = "", itertools.count(1)
    while len(text) < length:
        text += line.format(number=next(numbers))
    return text


_chance = random.Random(0)
TEXT = "\n".join(_chance.choice(_LINES).format(_chance.randrange(10_000)) for _ in range(_COUNT))
"""Short lines of code, quotes, backslashes, a few letters beyond ASCII; the same in every run."""
