"""The addon as mitmproxy sees it: one object, which has the hooks and commands of all the rooms that it holds."""

from .console.commands import Commands
from .console.hold import Hold
from .console.redact import Redaction
from .console.reports import Reports
from .console.view import Views
from .hooks.capture_replay import CaptureReplay
from .hooks.connection_stats import ConnectionStats
from .hooks.dispatch import HookDispatcher
from .hooks.http import HttpTurns
from .hooks.lifecycle import Lifecycle
from .hooks.notify import Notifier
from .hooks.reload import ReloadDrain
from .hooks.state import State
from .hooks.tls import Tunnel
from .hooks.websocket import SocketTurns
from .telemetry.otel import Otel


class CodexContinuity(HookDispatcher):
    """Keeps the prompt cache of the Codex backend working for any client."""

    def __init__(self) -> None:
        self.state = state = State()
        self.notifier, self.connection_stats = Notifier(state), ConnectionStats(state)
        views, hold = Views(state), Hold(state, self.notifier)
        turns, sockets = HttpTurns(state), SocketTurns(state)
        rooms = [
            Lifecycle(state),
            state.visibility,
            Tunnel(state),
            self.connection_stats,
            turns,
            sockets,
            ReloadDrain(turns, sockets, state.faults),
            CaptureReplay(state),
            self.notifier,
            hold,
            views,
            Commands(state, self.notifier, hold, views.view),
            Reports(state, self.notifier.line),
            Redaction(state),
            Otel(state, self.notifier.entry),
        ]
        super().__init__("codex_continuity", rooms, state.faults)
