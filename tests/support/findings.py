"""Findings of turns that a desk was told of, without a proxy."""

from dataclasses import replace

from codexcache.causes.desk import Desk
from codexcache.causes.finding import Finding
from codexcache.settings import Mode, default_settings
from codexcache.turns.continuity import Continuity, Passage
from codexcache.wire.document import Json, Object

from support.turns import Headers, turn

USER: Headers = {"session-id": "s1", "user-agent": "agent/1.0 (x)", "authorization": "Bearer secret-token"}


def raising(_: str, error: Exception) -> None:
    """Let a fault of a listener fail the test."""
    raise error


class Harness:
    """Hands turns to a desk, one after the other, and keeps what is found."""

    def __init__(self, mode: Mode = "fill") -> None:
        self.settings = replace(default_settings(), mode=mode)
        self.continuity, self.desk, self.findings = Continuity(), Desk(raising), list[Finding]()
        self.desk.listeners.append(self.findings.append)
        self.at = 1_790_000_000.0

    def send(self, headers: Headers | None = None, **members: Json) -> Passage:
        """Hand in a turn that leaves 20 seconds after the last."""
        sent = turn(USER if headers is None else headers, {"model": "m", **members})
        passage = self.continuity.begin(sent, self.settings)
        self.at += 20
        self.desk.sent(passage, flow=f"flow-{self.at:.0f}", at=self.at)
        return passage

    def end(self, passage: Passage, given: Json = 10_000, cached: Json = 0, usage: Object | None = None) -> Finding:
        """Hand in that a turn has ended with these counters, five seconds later."""
        details: Object = {"cached_tokens": cached}
        counters: Object = {"input_tokens": given, "input_tokens_details": details, "output_tokens": 7}
        passage.outcome.status = passage.outcome.status or 200
        passage.outcome.usage = counters if usage is None else usage
        self.at += 5
        self.desk.ended(passage, at=self.at)
        return self.findings[-1]

    def turn(self, given: Json = 10_000, cached: Json = 0, headers: Headers | None = None, **members: Json) -> Finding:
        """Hand in a turn and its end."""
        return self.end(self.send(headers, **members), given, cached)
