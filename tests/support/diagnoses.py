"""Findings of turns that a desk was told of, without a proxy."""

from dataclasses import replace

from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.service import DiagnosisService
from codexcache.options import Mode, default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.websocket import Backlog, Socket

from support.turns import Headers, client_headers, turn

USER: Headers = {"session-id": "s1", "user-agent": "agent/1.0 (x)", "authorization": "Bearer secret-token"}


def raising(_: str, error: Exception) -> None:
    """Let a fault of a listener fail the test."""
    raise error


class Harness:
    """Hands turns to a desk, one after the other, and keeps what is found."""

    def __init__(self, mode: Mode = "fill") -> None:
        self.settings = replace(default_settings(), mode=mode)
        self.continuity, self.diagnosis_service, self.diagnoses = (
            Continuity(),
            DiagnosisService(raising),
            list[Diagnosis](),
        )
        self.diagnosis_service.listeners.append(self.diagnoses.append)
        self.at = 1_790_000_000.0

    def send(self, headers: Headers | None = None, **members: Json) -> Exchange:
        """Hand in a turn that leaves 20 seconds after the last."""
        sent = turn(USER if headers is None else headers, {"model": "m", **members})
        exchange = self.continuity.begin(sent, self.settings)
        self.at += 20
        self.diagnosis_service.turn_sent(exchange, flow=f"flow-{self.at:.0f}", at=self.at)
        return exchange

    def end(self, exchange: Exchange, given: Json = 10_000, cached: Json = 0, usage: Object | None = None) -> Diagnosis:
        """Hand in that a turn has ended with these counters, five seconds later."""
        details: Object = {"cached_tokens": cached}
        counters: Object = {"input_tokens": given, "input_tokens_details": details, "output_tokens": 7}
        exchange.response_info.status = exchange.response_info.status or 200
        exchange.response_info.usage = counters if usage is None else usage
        self.at += 5
        self.diagnosis_service.turn_ended(exchange, at=self.at)
        return self.diagnoses[-1]

    def refuse(self, status: int = 426) -> Diagnosis:
        """Hand in a WebSocket's handshake that was refused with this status."""
        socket = Socket(client_headers=client_headers(USER), host="chatgpt.com", backlog=Backlog(limit=1))
        exchange = socket.refused()
        exchange.response_info.status = status
        self.diagnosis_service.turn_sent(exchange, flow=f"flow-{self.at:.0f}", at=self.at)
        self.diagnosis_service.turn_ended(exchange, at=self.at)
        return self.diagnoses[-1]

    def turn(
        self, given: Json = 10_000, cached: Json = 0, headers: Headers | None = None, **members: Json
    ) -> Diagnosis:
        """Hand in a turn and its end."""
        return self.end(self.send(headers, **members), given, cached)
