"""Text that reads like what tools print: short lines of code, quotes, backslashes, a few letters beyond ASCII."""

import random

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
_SIZE = 400_000


def _written() -> str:
    chance, lines, size = random.Random(0), [""], 0
    while size < _SIZE:
        lines.append(chance.choice(_LINES).format(chance.randrange(10_000)))
        size += len(lines[-1]) + 1
    return "\n".join(lines)[1:]


TEXT = _written()
