"""What came of a fault."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from codex_faults.fault import Fault
from codex_faults.footprint import Return
from codex_faults.seen import Seen


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was seen and told, and in a sentence each what was not as it is promised.

    `skipped` says why a fault could not be brought about here; then there is nothing else.
    """

    fault: Fault
    repeats: int = 0
    seen: Sequence[Seen] = ()
    client: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    memory: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    ours: Return | None = None
    bare: Return | None = None
    seconds: float = 0.0
    skipped: str = ""

    @property
    def problems(self) -> list[str]:
        """All sentences."""
        return [*self.client, *self.journal, *self.memory]

    @property
    def kept(self) -> bool:
        """Whether everything is as it is promised."""
        return not self.problems

    def saw(self) -> list[tuple[str, int]]:
        """Returns what clients saw, in short, and how often."""
        return Counter(one.in_short() for one in self.seen).most_common()
