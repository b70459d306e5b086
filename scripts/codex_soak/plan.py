"""How much is played, and with which bounds.

The addon bounds what it remembers. Memory can only be flat once those bounds are reached, and once what is kept is no
longer the long conversations of the beginning but the ends of thousands. A soak does not get that far with the real
bounds, so the probe sets smaller ones; the long soak still fills the largest memory of bodies.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`waves` of so many `conversations` each, `parallel` of them at a time.

    `bounds` replace those of the memories, by the names that `toolkit.addon_memories` gives them.
    """

    waves: int
    conversations: int
    parallel: int
    bounds: Mapping[str, int]


_SHORT = {
    "history": 4 << 20,
    "bodies": 3 << 20,
    "shared_prefixes": 1 << 20,
    "turns": 600,
    "responses": 600,
    "loads": 150,
}
_LONG = {"history": 16 << 20, "turns": 8_000, "responses": 8_000, "loads": 3_000}

SHORT = Plan(waves=26, conversations=45, parallel=8, bounds=_SHORT | {"lines": 300, "pseudonyms": 300})
LONG = Plan(waves=40, conversations=200, parallel=12, bounds=_LONG)
