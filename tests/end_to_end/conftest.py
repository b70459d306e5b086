"""What the tests from end to end share."""

from pathlib import Path

import pytest
from conftest import Network
from support.neighbours import Runs


@pytest.fixture
def runs(net: Network, tmp_path: Path) -> Runs:
    """Proxies with the addon and without it, and the addon's journal."""
    return Runs(net, tmp_path / "journal.jsonl")
