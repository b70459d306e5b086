"""The addon as mitmproxy sees it: options, start and end; the hooks for traffic are in the rooms that it holds."""

import logging
from collections.abc import Set as AbstractSet

from mitmproxy import addonmanager, ctx, exceptions

from . import __version__
from .console.commands import Commands
from .console.hold import Hold
from .console.redact import Redaction
from .console.reports import Reports
from .console.view import Views
from .proxy import fragments, health
from .proxy.arrivals import Arrivals
from .proxy.captures import Captures
from .proxy.core import Core
from .proxy.guard import Faults, guarded
from .proxy.httpturns import HttpTurns
from .proxy.socketturns import SocketTurns
from .proxy.telling import Telling
from .proxy.tunnel import Tunnel
from .settings import OPTIONS, parse_settings
from .telemetry.otel import Otel
from .words.status import changed_options

logger = logging.getLogger(__name__)

_IN_THE_LINE = ("codex_mode=", "codex_hosts=")
"""What the line at the start says anyway."""


class CodexContinuity:
    """Keeps the prompt cache of the Codex backend working for any client."""

    name = "codex_continuity"

    def __init__(self) -> None:
        self._core = Core()
        self._health = health.Health()
        telling, views = Telling(self._core), Views(self._core)
        hold = Hold(self._core, telling)
        self.addons = [
            Tunnel(self._core),
            Arrivals(self._core),
            HttpTurns(self._core),
            SocketTurns(self._core),
            Captures(self._core),
            telling,
            hold,
            views,
            Commands(self._core, telling, hold, views.view),
            Reports(self._core, telling.entry),
            Redaction(self._core),
            Otel(self._core, telling.entry),
        ]

    def load(self, loader: addonmanager.Loader) -> None:
        for name, (default, text) in OPTIONS.items():
            loader.add_option(name, str, default, text)
        fragments.install()

    @property
    def faults(self) -> Faults:
        """Where faults of the hooks are counted."""
        return self._core.faults

    def configure(self, updated: AbstractSet[str]) -> None:
        if updated & OPTIONS.keys():
            try:
                self._core.settings = parse_settings(_values())
            except ValueError as error:
                raise exceptions.OptionsError(str(error)) from None
        self._advise()

    def running(self) -> None:
        health.lengthen_silence(ctx.options)
        self._health.start()
        self._advise()
        hosts, mode = ", ".join(self._core.settings.hosts), self._core.settings.mode
        others = [f", {option}" for option in changed_options(_values()) if not option.startswith(_IN_THE_LINE)]
        logger.info(f"Codex Continuity {__version__} is on for {hosts} (codex_mode {mode}{''.join(others)}).")

    def done(self) -> None:
        fragments.remove()
        for sentence in self._core.faults.summary():
            logger.warning(sentence)

    @guarded
    def _advise(self) -> None:
        """Say what is wrong with the settings, as far as it has not been said."""
        for sentence in self._health.news(ctx.options, self._core.settings):
            logger.warning(sentence)


def _values() -> dict[str, str]:
    return {name: getattr(ctx.options, name) for name in OPTIONS}
