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
    seeds: Callable[[], tuple[bytes, ...]]

    @property
    def promise(self) -> str:
        """What has to hold, in a sentence."""
        return (self.check.__doc__ or "").strip()


TARGETS = (
    Target("splice", bodies.check_splice, lambda: seeds.chosen(seeds.bodies(), 7)),
    Target("incremental", bodies.check_incremental, lambda: seeds.chosen(seeds.bodies(), 4)),
    Target("turn", turns.check_turn, seeds.requests),
    Target("frames", turns.check_frames, seeds.frames),
    Target("fields", turns.check_fields, lambda: seeds.chosen(seeds.heads(), 1)),
    Target("claims", turns.check_claims, seeds.claims),
    Target("events", streams.check_events, lambda: seeds.chosen(seeds.answers(), 4)),
    Target("response", streams.check_response, lambda: seeds.chosen(seeds.answers(), 6)),
    Target("coding", streams.check_coding, seeds.coded),
    Target("journal", files.check_journal, seeds.journals),
    Target("page", files.check_page, seeds.journals),
    Target("capture", files.check_capture, seeds.captures),
    Target("saved", files.check_saved, lambda: seeds.chosen(seeds.conversations(), 4)),
    Target("summary", shown.check_turn_summary, seeds.turn_summaries),
    Target("first-difference", shown.check_excerpt, seeds.prompts),
)
