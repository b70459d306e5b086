"""Which turns have to be in the journal: each that ended once, each that never left not at all.

Turns are distinguished by their keys, which the journal has as pseudonyms. Lines that cannot be read are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import orjson
from codexcache.output.journal import Pseudonyms


class Journal:
    """What is in the lines of a journal: the verdicts on the turns of each key, and how many lines are no entries."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self.verdicts: defaultdict[str, list[str]] = defaultdict(list)
        self.torn = 0
        for line in lines:
            try:
                entry = orjson.loads(line)
                self.verdicts[str(entry["key"])].append(str(entry["verdict"]))
            except (ValueError, KeyError, TypeError):
                self.torn += 1


class Expected:
    """What is expected of each key: how many entries, and which verdicts they may have (none: any)."""

    def __init__(self) -> None:
        self._entries: Counter[str] = Counter()
        self._verdicts: dict[str, tuple[str, ...]] = {}

    def add(self, key: str, entries: int, *verdicts: str) -> None:
        """Expect so many more entries of a key; all of them have to have one of these verdicts."""
        self._entries[key] += entries
        self._verdicts[key] = verdicts

    def problems(self, journal: Journal, pseudonyms: Pseudonyms) -> Iterator[str]:
        """Yield a sentence for each key whose turns are not in the journal as they should be."""
        for key, entries in self._entries.items():
            verdicts, allowed = journal.verdicts[str(pseudonyms.of("key", key))], self._verdicts[key]
            if len(verdicts) != entries:
                yield f"{key} is in the journal {len(verdicts)} times instead of {entries}"
            elif allowed and not set(verdicts) <= set(allowed):
                yield f"{key} was told as {', '.join(sorted(set(verdicts)))}"

    def verdicts(self, journal: Journal, pseudonyms: Pseudonyms) -> Counter[str]:
        """Return how often each verdict was given to an expected turn."""
        return Counter(verdict for key in self._entries for verdict in journal.verdicts[str(pseudonyms.of("key", key))])
