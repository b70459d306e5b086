"""The addon as mitmproxy sees it: one object, which has the hooks and commands of all the rooms that it holds."""

from .console.commands import Commands
from .console.hold import Hold
from .console.redact import Redaction
from .console.reports import Reports
from .console.view import Views
from .proxy.arrivals import Arrivals
from .proxy.captures import Captures
from .proxy.core import Core
from .proxy.handover import Handover
from .proxy.httpturns import HttpTurns
from .proxy.lifecycle import Lifecycle
from .proxy.socketturns import SocketTurns
from .proxy.switchboard import Switchboard
from .proxy.telling import Telling
from .proxy.tunnel import Tunnel
from .telemetry.otel import Otel


class CodexContinuity(Switchboard):
    """Keeps the prompt cache of the Codex backend working for any client."""

    def __init__(self) -> None:
        self.core = core = Core()
        self.telling, self.arrivals = Telling(core), Arrivals(core)
        views, hold = Views(core), Hold(core, self.telling)
        turns, sockets = HttpTurns(core), SocketTurns(core)
        rooms = [
            Lifecycle(core),
            core.onlookers,
            Tunnel(core),
            self.arrivals,
            turns,
            sockets,
            Handover(turns, sockets, core.faults),
            Captures(core),
            self.telling,
            hold,
            views,
            Commands(core, self.telling, hold, views.view),
            Reports(core, self.telling.line),
            Redaction(core),
            Otel(core, self.telling.entry),
        ]
        super().__init__("codex_continuity", rooms, core.faults)
