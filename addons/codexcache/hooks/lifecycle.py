"""Start and end of the addon, and its options in between."""

import gc
import logging
from collections.abc import Set as AbstractSet
from typing import cast

from mitmproxy import addonmanager, ctx, exceptions

from .. import __version__
from ..options import OPTIONS, parse_settings, refuse_misspelled
from ..output.terminal import changed_options
from . import config_checks, mitmproxy_patches
from .state import State

logger = logging.getLogger(__name__)

_KIND = cast(type, str | None)
"""What each option is for mitmproxy."""

_IN_THE_LINE = ("codex_mode=", "codex_hosts=")
"""What the line at the start says anyway."""


_LARGE_BLOCK = 31 << 20
"""Bytes; above 32 MB glibc learns nothing from a block."""


class Lifecycle:
    """Adds the options and parses them, says what is on, and what is wrong with the settings."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._health = config_checks.ConfigChecks()

    def load(self, loader: addonmanager.Loader) -> None:
        given = loader.master.options.deferred
        given |= {name: _as_text(given[name]) for name in given.keys() & OPTIONS.keys()}
        for name, (default, text) in OPTIONS.items():
            loader.add_option(name, _KIND, default, text)
        mitmproxy_patches.install()

    def configure(self, updated: AbstractSet[str]) -> None:
        if updated & OPTIONS.keys():
            try:
                refuse_misspelled(ctx.options.deferred)
                self._state.settings = parse_settings(_values())
            except ValueError as error:
                raise exceptions.OptionsError(str(error)) from None
        self._advise()

    def running(self) -> None:
        """Say what is on.

        What is loaded by now is there to stay, some 90,000 objects. When the garbage collector looked at all of them,
        every thousand turns or so, all streams stood still for 40 ms. So they are excluded (`gc.freeze`).
        """
        config_checks.lengthen_silence(ctx.options)
        self._health.start()
        self._advise()
        hosts, mode = ", ".join(self._state.settings.hosts), self._state.settings.mode
        others = [f", {option}" for option in changed_options(_values()) if not option.startswith(_IN_THE_LINE)]
        gc.freeze()
        keep_freed_blocks()
        logger.info(f"Codex Continuity {__version__} is on for {hosts} (codex_mode {mode}{''.join(others)}).")

    def done(self) -> None:
        gc.unfreeze()
        self._state.deferred.finish()
        mitmproxy_patches.remove()
        for sentence in self._state.errors.summary():
            logger.warning(sentence)

    def _advise(self) -> None:
        """Say what is wrong with the settings, as far as it has not been said."""
        with self._state.errors.noted("looking at the settings"):
            for sentence in self._health.news(ctx.options, self._state.settings):
                logger.warning(sentence)


def keep_freed_blocks() -> None:
    """Have the C library keep blocks that are freed, up to some 64 MB of them, and give them out again.

    glibc returns a block to the system if it is larger than any that was freed before (mallopt(3), M_MMAP_THRESHOLD).
    Each turn of a conversation is larger than the one before, so the memory of each body was fetched again, and filled
    with zeros: of 10 MB, which leave with an edit, that took a tenth of the turn. Elsewhere this does nothing.
    """
    bytes(_LARGE_BLOCK)  # freed at once, and never written to, so it takes up nothing


def _as_text(given: object) -> str | None:
    """Return as text what an option was given at the start: once or more by --set, or as any value in config.yaml.

    Several values are a list, as they are for mitmproxy's own options; it would drop the whole script at them.
    """
    values = getattr(given, "val", given)
    values = [value for value in (values if isinstance(values, list) else [values]) if value is not None]
    return ",".join(map(str, values)) if values else None


def _values() -> dict[str, str | None]:
    return {name: getattr(ctx.options, name) for name in OPTIONS}
