"""What a client saw of one turn, and how two of them are compared.

Bytes are compared where they are determined. The backend makes up ids for each response and tells the time; those are
masked, by masks of the same length, so that a byte too many or too few still shows.
"""

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import zip_longest
from typing import Literal

End = Literal["complete", "closed", "cut", "left", "refused"]
"""How it ended: whole; by a WebSocket's close frame; in the middle; because the client left; before it began."""

_MADE_UP = re.compile(
    rb"(?<=resp_)[0-9a-f]{32}|(?<=lb_)[0-9a-f]{32}|(?<=ts_)[0-9a-f]{32}"
    rb"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rb'|(?<="created_at":)\d+|(?<=127\.0\.0\.1:)\d+'
)
_TIMES = (b"date",)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a client saw: the status (0: none came), the header fields, the body or the frames as bytes, and the end.

    `close_code` is that of a WebSocket; `note` says what was seen apart from any connection.
    """

    status: int = 0
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    _: KW_ONLY
    end: End
    close_code: int | None = None
    note: str = ""

    def masked(self) -> "Observation":
        """Return the same without what is different each time."""
        fields = tuple((name, _mask(value)) for name, value in self.fields if name.lower() not in _TIMES)
        return replace(self, fields=fields, body=_mask(self.body))

    def in_short(self) -> str:
        """Return status, size and end as text, for a table."""
        closed = f" {self.close_code}" if self.close_code is not None else ""
        came = f"{self.status}, {len(self.body):,} bytes, " if self.status else ""
        return f"{came}{self.end}{closed}" + (f" ({self.note})" if self.note else "")


def differences(addon: Sequence[Observation], bare: Sequence[Observation]) -> list[str]:
    """Return a sentence for each turn that was not seen alike, beginning with what differs first in it."""
    pairs = enumerate(zip_longest(addon, bare), start=1)
    return [f"turn {number}: {said}" for number, (one, other) in pairs if (said := _difference(one, other))]


def _difference(one: Observation | None, other: Observation | None) -> str:
    if one is None or other is None:
        return "seen only " + ("without the addon" if one is None else "with the addon")
    one, other = one.masked(), other.masked()
    if (one.status, one.end, one.close_code, one.note) != (other.status, other.end, other.close_code, other.note):
        return f"{one.in_short()}; without the addon {other.in_short()}"
    for field, other_field in zip_longest(one.fields, other.fields):
        if field != other_field:
            return f"the field {field!r}; without the addon {other_field!r}"
    if one.body == other.body:
        return ""
    pairs = enumerate(zip_longest(one.body, other.body))
    first = next(at for at, (a, b) in pairs if a != b)
    near = slice(max(0, first - 20), first + 40)
    return f"byte {first:,} of the body: {one.body[near]!r}; without the addon {other.body[near]!r}"


def _mask(data: bytes) -> bytes:
    return _MADE_UP.sub(lambda found: b"*" * len(found[0]), data)
