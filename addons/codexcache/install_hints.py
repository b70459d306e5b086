"""The command that adds missing packages to mitmproxy, by the way in which it was installed.

This module imports nothing that could be missing.
"""

import sys
from pathlib import Path

_OLDEST = (12, 2)
_REQUIREMENT = "'mitmproxy>=12.2,<12.3'"
_OTEL = ("'opentelemetry-exporter-otlp-proto-http>=1.40'", "'opentelemetry-sdk>=1.40'")


def why_not(error: Exception, version: str) -> str | None:
    """Return the message for an error with which mitmproxy of this version could not import the addon.

    Return None for an error of the addon itself.
    """
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return f"Codex Continuity needs mitmproxy 12.2; this is {version}. Install {_REQUIREMENT}."
    return how_to_add_orjson() if isinstance(error, ImportError) and error.name == "orjson" else None


def how_to_add_orjson() -> str:
    """Return the message with the command."""
    return f"Codex Continuity needs the package orjson, which this mitmproxy lacks. {_command('orjson')}"


def how_to_add_otel() -> str:
    """Return the message with the command."""
    return f"codex_otel needs the OpenTelemetry SDK, which this mitmproxy lacks. {_command(*_OTEL)}"


def _command(*packages: str) -> str:
    """Return the command; a tool of uv is installed again, with all packages that it needs."""
    home = Path(sys.prefix)
    needed = " ".join(f"--with {package}" for package in dict.fromkeys(("orjson", *packages)))
    new = f"uv tool install {needed} {_REQUIREMENT}"
    if getattr(sys, "frozen", False):
        return f"Standalone binaries take no packages; install one that does: {new}"
    if (home / "uv-receipt.toml").exists():
        return f"Add it with: {new}"
    if (home / "pipx_metadata.json").exists():
        return f"Add it with: pipx inject {home.name} {' '.join(packages)}"
    return f"Add it with: {sys.executable} -m pip install {' '.join(packages)}"
