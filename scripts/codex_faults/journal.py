"""Which turns have to be in the journal: each that ended once, each that never left not at all.

Turns are told apart by their keys, which the journal has as pseudonyms. Lines that cannot be read are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
from codexcache.output.journal import Pseudonyms


@dataclass(slots=True)
class Journal:
    """What is in the journal: the verdicts on the turns of each key, and how many lines are no entries."""

    verdicts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    torn: int = 0


class Expected:
    """What is expected of each key: how many entries, and which verdicts they may have (none: any)."""

    def __init__(self) -> None:
        self._entries: Counter[str] = Counter()
        self._verdicts: dict[str, frozenset[str]] = {}

    def add(self, key: str, entries: int, *verdicts: str) -> None:
        """Expect so many more entries of a key; all of them have to have one of these verdicts."""
        self._entries[key] += entries
        self._verdicts[key] = frozenset(verdicts)

    def problems(self, journal: Journal, pseudonyms: Pseudonyms) -> Iterator[str]:
        """Yield a sentence for each key whose turns are not in the journal as they should be."""
        for key, entries in self._entries.items():
            verdicts, allowed = journal.verdicts.get(str(pseudonyms.of("key", key)), []), self._verdicts[key]
            if len(verdicts) != entries:
                yield f"{key} is in the journal {len(verdicts)} times instead of {entries}"
            elif allowed and not allowed.issuperset(verdicts):
                yield f"{key} was told as {', '.join(sorted(set(verdicts)))}"

    def verdicts(self, journal: Journal, pseudonyms: Pseudonyms) -> Counter[str]:
        """Return how often each verdict was given to an expected turn."""
        prints = {str(pseudonyms.of("key", key)) for key in self._entries}
        return Counter(verdict for key in prints for verdict in journal.verdicts.get(key, []))


def read(lines: Iterable[bytes]) -> Journal:
    """Return what is in the lines of a journal."""
    journal = Journal()
    for line in lines:
        try:
            entry = orjson.loads(line)
            journal.verdicts[str(entry["key"])].append(str(entry["verdict"]))
        except (ValueError, KeyError, TypeError):
            journal.torn += 1
    return journal
