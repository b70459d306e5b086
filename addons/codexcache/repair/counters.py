"""Whether a number that is another one now is a counter, or says something else than before.

"Request 12" counts; "answer in 3 sentences", a version, a price, a port or a limit says what the user wants, and a
model has to be told of it. So a number is a counter only where the words around it say so:

| the number is | such as | and |
|---|---|---|
| a place in a sequence, as a clause of its own | "Turn 4.", "step: 7", "Request 12 of this run" | it has grown |
| an amount up to now | "tokens used: 9,100", "cost so far: $0.12" | it has grown |
| an id | "request id 77" | |

"Max turns: 20", "stop after turn 9" and "turn 90 degrees" are none of these, and neither is the number of a process or
of a port: a model may act on it.
"""

import re
from contextlib import suppress

_CLAUSE = (
    rb"(?:\A|[\x01-\x07\n.;,!?|()\[\]{}<>])[ \t*#_\"'`-]*"
    rb"(?:(?:this is|it is|now|now at) )?(?:(?:the )?current )?"
)
_BETWEEN = rb"[\"'`*]*[ \t]*(?:is |[:=#>])?[ \t]*[\"'`*#]*"

_NOUNS = rb"turn|step|request|attempt|iteration|round|cycle|tick"
_VERBS = rb"message|call|run|query|prompt"  # "call 3" might be an order, "call number 3" is none
_NUMBER = rb"[ _-](?:number|no\.?|counter)"
_SEQUENCE = rb"(?:(?:%b)(?:%b)?|(?:%b)%b|(?:sequence|seq)(?:%b)?|counter)" % (
    _NOUNS,
    _NUMBER,
    _VERBS,
    _NUMBER,
    _NUMBER,
)
_UP_TO_NOW = rb"(?:[a-z]+[ _-]){0,2}(?:so far|used|spent|elapsed|consumed|uptime)"
_ID = rb"(?:x-)?(?:%b|%b|session|conversation|trace|span)[ _-]?(?:id|nonce)" % (_NOUNS, _VERBS)

_BEFORE_PLACE, _BEFORE_AMOUNT, _BEFORE_ID = (
    re.compile(_CLAUSE + words + _BETWEEN + sign + rb"\Z", re.IGNORECASE)
    for words, sign in ((_SEQUENCE, b""), (_UP_TO_NOW, rb"\$?"), (_ID, b""))
)
_AFTER_PLACE = re.compile(rb"[ \t]*(?:\Z|[\x01-\x07\n.,;:!?|()\[\]{}<>\"'`*/]|(?:out )?of )")

_NEAR = 80
"""Bytes before a number that are looked at."""


def is_counter(before: bytes, after: bytes, shown: bytes, given: bytes) -> bool:
    """Return True if a number between two texts counts: from what was shown to what the client sent now."""
    near = before if len(before) <= _NEAR else b"\0" + before[-_NEAR:]
    if _BEFORE_ID.search(near):
        return True
    is_place = _BEFORE_PLACE.search(near) and _AFTER_PLACE.match(after)
    return bool(is_place or _BEFORE_AMOUNT.search(near)) and _has_grown(shown, given)


def _has_grown(shown: bytes, given: bytes) -> bool:
    with suppress(ValueError):
        return float(given.replace(b",", b"")) > float(shown.replace(b",", b""))
    return False
