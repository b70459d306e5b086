"""The parsers that read what strangers wrote, each with what has to hold of it and the seeds to start from.

Seeds begin with as many bytes as a check takes for its choices.
"""

from collections.abc import Callable
from typing import NamedTuple

from codex_fuzz import seeds
from codex_fuzz.oracles import bodies, files, shown, streams, turns


class Target(NamedTuple):
    """A parser under test: its name, the check that its input has to pass, and seeds."""

    name: str
    check: Callable[[bytes], None]
    seeds: seeds.Seeds

    @property
    def promise(self) -> str:
        """What has to hold, in a sentence."""
        return (self.check.__doc__ or "").strip()


_ALL = (
    Target("splice", bodies.check_splice, seeds.chosen(seeds.BODIES, 7)),
    Target("incremental", bodies.check_incremental, seeds.chosen(seeds.BODIES, 4)),
    Target("turn", turns.check_turn, seeds.REQUESTS),
    Target("frames", turns.check_frames, seeds.FRAMES),
    Target("fields", turns.check_fields, seeds.chosen(seeds.HEADS, 1)),
    Target("claims", turns.check_claims, seeds.CLAIMS),
    Target("events", streams.check_events, seeds.chosen(seeds.ANSWERS, 4)),
    Target("response", streams.check_response, seeds.chosen(seeds.ANSWERS, 6)),
    Target("coding", streams.check_coding, seeds.CODED),
    Target("journal", files.check_journal, seeds.JOURNALS),
    Target("page", files.check_page, seeds.JOURNALS),
    Target("capture", files.check_capture, seeds.CAPTURES),
    Target("saved", files.check_saved, seeds.chosen(seeds.CONVERSATIONS, 4)),
    Target("summary", shown.check_turn_summary, seeds.TURN_SUMMARIES),
    Target("first-difference", shown.check_first_difference, seeds.PROMPTS),
)
TARGETS = {target.name: target for target in _ALL}
