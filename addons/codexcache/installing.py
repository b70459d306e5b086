"""How to give a mitmproxy the one package that it lacks, by the way in which it was installed.

This room imports nothing that could be missing.
"""

import sys
from pathlib import Path

_REQUIREMENT = "'mitmproxy>=12.2,<12.3'"


def how_to_add_orjson() -> str:
    """Return the sentence with the one command."""
    return f"Codex Continuity needs the package orjson, which this mitmproxy lacks. {_way()}"


def _way() -> str:
    home = Path(sys.prefix)
    if getattr(sys, "frozen", False):
        return (
            f"Standalone binaries take no packages; install one that does: uv tool install --with orjson {_REQUIREMENT}"
        )
    if (home / "uv-receipt.toml").exists():
        return f"Add it with: uv tool install --with orjson {_REQUIREMENT}"
    if (home / "pipx_metadata.json").exists():
        return f"Add it with: pipx inject {home.name} orjson"
    return f"Add it with: {sys.executable} -m pip install orjson"
