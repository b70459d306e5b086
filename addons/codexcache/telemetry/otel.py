"""Telemetry for teams: finished turns go to a collector while codex_otel is on. While off, none of it is loaded."""

import logging
import os
import threading
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from mitmproxy import exceptions

from ..hooks.notify import FinishedTurn
from ..hooks.state import State
from ..install_hints import how_to_add_otel

if TYPE_CHECKING:
    from .attributes import Telemetry
    from .exporter import Pipeline

logger = logging.getLogger(__name__)


class Otel:
    """Exports the turns of live traffic; those of a loaded capture were exported when they happened."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._telemetry: Telemetry | None = None
        self._pipeline: Pipeline | None = None

    def configure(self, updated: AbstractSet[str]) -> None:
        if "codex_otel" not in updated or self._state.settings.otel == (self._pipeline is not None):
            return
        if self._state.settings.otel:
            self._open()
        elif pipeline := self._taken():
            threading.Thread(target=pipeline.close, name="codex_otel", daemon=True).start()  # no turn waits for it

    def done(self) -> None:
        if pipeline := self._taken():
            pipeline.close()

    def export(self, turn: FinishedTurn) -> None:
        """Export one turn; a handshake that was refused is none."""
        if self._pipeline is None or self._telemetry is None or turn.diagnosis.record.endpoint == "handshake":
            return
        flow = self._state.flows.get(turn.diagnosis.record.flow)
        if flow is not None and flow.live:
            self._pipeline.send(self._telemetry.report(turn.diagnosis, turn.entry, flow.request.port))

    def _taken(self) -> "Pipeline | None":
        """Return the pipeline, and let go of it."""
        pipeline, self._pipeline = self._pipeline, None
        return pipeline

    def _open(self) -> None:
        try:
            from .attributes import Telemetry, destination
            from .exporter import Pipeline

            self._pipeline, self._telemetry = Pipeline(), self._telemetry or Telemetry()
        except ImportError:
            raise exceptions.OptionsError(how_to_add_otel()) from None
        except Exception as error:
            raise exceptions.OptionsError(
                f"codex_otel cannot be switched on ({type(error).__name__}: {error}). Look at the OTEL_* variables."
            ) from None
        logger.info(f"Turns are exported by OpenTelemetry to {destination(os.environ)}.")
