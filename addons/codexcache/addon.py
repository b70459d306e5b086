"""The addon as mitmproxy sees it: one object that builds all parts and registers their hooks and listeners."""

from .console.alerts import Alerts
from .console.commands import Commands
from .console.dropped_content import DroppedContent
from .console.hold import Hold
from .console.keys import Keys
from .console.lookup import Lookup
from .console.redact import Redaction
from .console.view import CacheView
from .hooks.capture_replay import CaptureReplay
from .hooks.connection_stats import ConnectionStats
from .hooks.dispatch import HookDispatcher
from .hooks.http import HttpTurns
from .hooks.kept_bodies import KeptBodies
from .hooks.lifecycle import Lifecycle
from .hooks.notify import Notifier
from .hooks.reload import ReloadDrain
from .hooks.state import State
from .hooks.store import StateStore
from .hooks.tls import Tunnel
from .hooks.websocket import SocketTurns
from .telemetry.otel import Otel


class CodexContinuity(HookDispatcher):
    """Keeps the prompt cache of the Codex backend working for any client."""

    def __init__(self) -> None:
        self.state = state = State()
        self.connection_stats, view, otel = ConnectionStats(state), CacheView(Lookup(state)), Otel(state)
        alerts, kept = Alerts(), KeptBodies(state)
        listeners, on_marked = [self.connection_stats.count, otel.export], [view.redraw, alerts.turn_marked]
        self.notifier = Notifier(state, listeners=listeners, on_marked=[*on_marked, kept.turn_marked])
        state.diagnosis_service.listeners.append(self.notifier.notify)
        hold = Hold(state, self.notifier)
        store = StateStore(state)
        turns, sockets = HttpTurns(state, hold.consider), SocketTurns(state, hold.consider)
        parts = [
            Lifecycle(state),
            state.visibility,
            Tunnel(state),
            self.connection_stats,
            turns,
            sockets,
            ReloadDrain(turns, sockets, state.errors),
            CaptureReplay(state),
            self.notifier,
            store,
            hold,
            view,
            DroppedContent(view),
            Commands(state, self.notifier, hold, view, store, kept),
            Keys(),
            alerts,
            Redaction(state),
            otel,
        ]
        super().__init__("codex_continuity", parts, state.errors)
