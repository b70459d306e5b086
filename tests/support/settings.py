"""The addon's settings where some of its options are set."""

from typing import Any

from codexcache.options import OPTIONS, Settings, parse_settings

DEFAULTS: dict[str, Any] = {name: default for name, (default, _) in OPTIONS.items()}


def parsed(**options: Any) -> Settings:
    """Return the settings where these options are set and the others are not."""
    return parse_settings(DEFAULTS | options)
