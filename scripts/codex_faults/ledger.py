"""Which turns have to be in the journal, and how often they are: each that ended once, each that never left not at all.

Turns are told apart by their keys, which the journal has as fingerprints. Lines that cannot be read are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
from codexcache.output.journal import Pseudonyms


@dataclass(slots=True)
class Journal:
    """What stands in the journal: the verdicts on the turns of each key, and how many lines are no entries."""

    verdicts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    torn: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a key's turns: how many entries, and which verdicts they may have (none: any)."""

    entries: int
    verdicts: frozenset[str]


class Ledger:
    """What is due of each key."""

    def __init__(self) -> None:
        self._due: dict[str, Due] = {}

    def expect(self, key: str, entries: int, *verdicts: str) -> None:
        """Notes that so many entries are due of a key, each with one of these verdicts."""
        self._due[key] = Due(entries, frozenset(verdicts))

    def problems(self, journal: Journal, fingerprints: Pseudonyms) -> Iterator[str]:
        """Yields a sentence for each key whose turns are not in the journal as they should be."""
        for key, due in self._due.items():
            yield from _of_key(key, due, journal.verdicts.get(str(fingerprints.of("key", key)), []))

    def told(self, journal: Journal, fingerprints: Pseudonyms) -> Counter[str]:
        """Returns how often each verdict was given to a turn that is due."""
        prints = {str(fingerprints.of("key", key)) for key in self._due}
        return Counter(verdict for key in prints for verdict in journal.verdicts.get(key, []))


def read(lines: Iterable[bytes]) -> Journal:
    """Returns what stands in the lines of a journal."""
    journal = Journal()
    for line in lines:
        try:
            entry = orjson.loads(line)
            journal.verdicts[str(entry["key"])].append(str(entry["verdict"]))
        except (ValueError, KeyError, TypeError):
            journal.torn += 1
    return journal


def _of_key(key: str, due: Due, verdicts: list[str]) -> Iterator[str]:
    if len(verdicts) != due.entries:
        yield f"{key} is in the journal {len(verdicts)} times instead of {due.entries}"
    elif due.verdicts and not due.verdicts.issuperset(verdicts):
        yield f"{key} was told as {', '.join(sorted(set(verdicts)))}"
