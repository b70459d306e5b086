"""The addon as mitmproxy sees it: options, start and end; the hooks for traffic are in the rooms that it holds."""

import logging
from collections.abc import Set as AbstractSet

from mitmproxy import addonmanager, ctx, exceptions

from . import __version__, fragments, health
from .captures import Captures
from .core import Core
from .httpturns import HttpTurns
from .settings import OPTIONS, parse_settings
from .socketturns import SocketTurns
from .telling import Telling
from .tunnel import Tunnel

logger = logging.getLogger(__name__)


class CodexContinuity:
    """Keeps the prompt cache of the Codex backend working for any client."""

    name = "codex_continuity"

    def __init__(self) -> None:
        self._core = Core()
        self.addons = [
            Tunnel(self._core),
            HttpTurns(self._core),
            SocketTurns(self._core),
            Captures(self._core),
            Telling(self._core),
        ]

    def load(self, loader: addonmanager.Loader) -> None:
        for name, (default, text) in OPTIONS.items():
            loader.add_option(name, str, default, text)
        fragments.install()

    def configure(self, updated: AbstractSet[str]) -> None:
        if not updated & OPTIONS.keys():
            return
        try:
            self._core.settings = parse_settings({name: getattr(ctx.options, name) for name in OPTIONS})
        except ValueError as error:
            raise exceptions.OptionsError(str(error)) from None

    def running(self) -> None:
        health.lengthen_silence(ctx.options)
        for sentence in health.warnings(ctx.options, self._core.settings):
            logger.warning(sentence)
        hosts = ", ".join(self._core.settings.hosts)
        logger.info(f"Codex Continuity {__version__} is on for {hosts} (codex_mode {self._core.settings.mode}).")

    def done(self) -> None:
        fragments.remove()
        for sentence in self._core.faults.summary():
            logger.warning(sentence)
