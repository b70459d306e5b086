"""Splits a body that matches no known one: all but its last item is kept as a prefix that other bodies may share.

Other bodies may begin so, too: a question is put anew, or one history is given to several agents. So such a body is
read as if it went on with another, which said all of it but the last item.
"""

import contextlib
import json
from collections.abc import Callable, Iterator

import orjson

from .body import SHORTEST, Body, Known, behind_text, frame_of, input_of
from .document import Json, Object


def divided[M](body: Body[M], make: Callable[[Object], M | None]) -> Body[M]:
    """Return a body that was read by itself as one that goes on with all but its last item, if that can be told.

    `make` turns a document into its reading, or returns None if the body must not be split.
    """
    if (found := input_of(body)) is None:
        return body
    (place, end), frame = found, frame_of(body)
    given = body.document["input"]
    assert isinstance(given, list)
    *before, last = given
    if not before or (begun := _end_before(body.text, end, last)) < SHORTEST:
        return body
    if (made := make({**frame, "input": before})) is None:
        return body
    known = Known(
        head=memoryview(body.text)[:begun],
        tail=body.text[end:],
        members=body.members,
        measured=end,
        place=place,
        frame=frame,
        made=made,
        sent=None,
    )
    return Body(text=body.text, document={**frame, "input": [last]}, own=None, known=known, changed=())


def _end_before(text: bytes, end: int, last: Json) -> int:
    """Return the offset behind the item before the last one, an object that ends at `end`; 0 where it is not found.

    What ends where the list's last item does, and closes all brackets that it opens, is that item.
    """
    for spelled in _spellings(last):
        if text.endswith(spelled, 0, end) and text.startswith(b",", comma := behind_text(text, end - len(spelled)) - 1):
            return behind_text(text, comma)
    return 0


def _spellings(item: Json) -> Iterator[bytes]:
    """Yield how most clients spell an object: without white space, or as Python does by default."""
    if isinstance(item, dict):
        with contextlib.suppress(TypeError):  # a lone surrogate, or an integer beyond 64 bits
            yield orjson.dumps(item)
        with contextlib.suppress(RecursionError):
            yield json.dumps(item).encode()
