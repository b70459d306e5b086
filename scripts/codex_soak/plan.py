"""How much is played, and with which bounds.

What the addon remembers is bounded, and memory can only be flat once those bounds are reached, and once what is kept is
no more the long conversations of the beginning but the ends of thousands. A soak does not get that far with the bounds
as they are, so it has the probe make them smaller; the long one fills the largest memory of bodies that there can be.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`waves` of so many `conversations` each, of which `lanes` go on side by side.

    `bounds` are put in the place of the memories' own, by the names that `memories` gives them.
    """

    waves: int
    conversations: int
    lanes: int
    bounds: Mapping[str, int]


_SHORT = {"history": 4 << 20, "bodies": 3 << 20, "beginnings": 1 << 20, "traces": 600, "responses": 600, "loads": 150}
_LONG = {"history": 16 << 20, "traces": 8_000, "responses": 8_000, "loads": 3_000}

SHORT = Plan(waves=26, conversations=45, lanes=8, bounds=_SHORT | {"lines": 300, "fingerprints": 300})
LONG = Plan(waves=40, conversations=200, lanes=12, bounds=_LONG)
