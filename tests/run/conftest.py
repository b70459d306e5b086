"""What the tests of the launcher share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from embedded_backend import Backend
from embedded_backend.certificates import Authority
from support.launched import Home


@pytest.fixture
async def home(tmp_path: Path, authority: Authority, confdir: Path) -> AsyncIterator[Home]:
    """A home with a backend behind every proxy, where the proxy's CA is made once for all tests."""
    (tmp_path / ".mitmproxy").symlink_to(confdir)
    async with Backend(home=authority.home) as backend:
        yield Home(folder=tmp_path, backend=backend)
