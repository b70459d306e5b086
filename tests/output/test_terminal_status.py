"""The page that says how the addon is set and what it has seen."""

from codexcache.output.terminal import changed_options, status_page
from support.settings import DEFAULTS


def test_names_are_shown_with_their_lines() -> None:
    """What has none says so."""
    assert status_page("Title", {"mode": ["fill"], "seen": ["one", "two"], "faults": []}) == (
        "Title\nmode      fill\nseen      one\n          two\nfaults    none"
    )
    lines = status_page("Title", {"warnings": ["it goes on"]}, 17).split("\n")
    assert lines == ["Title", "warnings  it goes", "          on"]


def test_only_options_that_differ_are_listed() -> None:
    assert changed_options(DEFAULTS | {"codex_mode": "pin"}) == ["codex_mode=pin"]
