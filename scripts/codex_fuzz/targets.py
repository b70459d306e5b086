"""The parsers that read what strangers wrote, each with what has to hold of it and the seeds to start from."""

from collections.abc import Callable
from typing import NamedTuple

from codex_fuzz import seeds
from codex_fuzz.oracles import bodies, files, shown, streams, turns

type Seeds = Callable[[], tuple[bytes, ...]]


class Target(NamedTuple):
    """A parser under test: its name, the check that its input has to pass, and seeds."""

    name: str
    check: Callable[[bytes], None]
    seeds: Seeds

    @property
    def promise(self) -> str:
        """What has to hold, in a sentence."""
        return (self.check.__doc__ or "").strip()


TARGETS = (
    Target("splice", bodies.check_splice, lambda: seeds.chosen(seeds.bodies(), 7)),
    Target("known-head", bodies.check_known_head, lambda: seeds.chosen(seeds.bodies(), 4)),
    Target("turn", turns.check_turn, seeds.requests),
    Target("frames", turns.check_frames, seeds.frames),
    Target("fields", turns.check_fields, lambda: seeds.chosen(seeds.heads(), 1)),
    Target("claims", turns.check_claims, seeds.claims),
    Target("events", streams.check_events, lambda: seeds.chosen(seeds.answers(), 4)),
    Target("response", streams.check_response, lambda: seeds.chosen(seeds.answers(), 5)),
    Target("whole-response", streams.check_whole_response, lambda: seeds.chosen(seeds.unlabelled(), 4)),
    Target("damaged-response", streams.check_damaged_response, seeds.coded),
    Target("coding", streams.check_coding, seeds.coded),
    Target("journal", files.check_journal, seeds.journals),
    Target("page", files.check_page, seeds.journals),
    Target("capture", files.check_capture, seeds.captures),
    Target("saved", files.check_saved, lambda: seeds.chosen(seeds.conversations(), 4)),
    Target("portrait", shown.check_portrait, seeds.portraits),
    Target("excerpt", shown.check_excerpt, seeds.prompts),
)
"""Where the choices of a check stand in its input, seeds begin with as many of them."""


def target(name: str) -> Target:
    """Return a target by its name. Raises KeyError."""
    return {each.name: each for each in TARGETS}[name]
