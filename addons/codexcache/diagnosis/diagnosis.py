"""What is known of one finished turn, for all that speak of it: the terminal, the list of flows, journal, telemetry."""

from ..options import Repair
from ..static_frozen import static_frozen
from ..turn.exchange import Exchange
from ..turn.record import Record
from ..verdicts import MISSES
from ..wire.headers import client_name
from .match import Match
from .prompt_diff import Change


@static_frozen
class Verdict:
    """Why a turn read what it read. `reusable` and `resent` are tokens; both are estimates.

    `predecessor` is the turn's number, counted by the start `predecessor_run`, "" for this one. `blame` is "avoidable",
    "expected" or "outside", "" where nothing was re-sent. `edit` is the kind of an edit of the input, and `volatile`
    names what a difference consists of where that changes by itself: a date, a UUID, a counter, white space, the order.
    """

    name: str
    because: str
    changes: tuple[str, ...] = ()
    predecessor: int | None = None
    predecessor_run: str = ""
    reusable: int | None = None
    resent: int = 0
    blame: str = ""
    edit: str = ""
    volatile: tuple[str, ...] = ()

    @property
    def is_miss(self) -> bool:
        """True if tokens were re-sent that could have been read."""
        return self.name in MISSES

    def __str__(self) -> str:
        return f"{self.name}: {self.because}"


@static_frozen
class Diagnosis:
    """A turn with its verdict, what it was compared with, and every difference between the two.

    `preventing` are the repairs that would have prevented a miss.
    """

    record: Record
    verdict: Verdict
    match: Match | None
    changes: tuple[Change, ...]
    exchange: Exchange
    preventing: tuple[Repair, ...] = ()

    @property
    def client(self) -> str:
        """The user agent's first product with its version."""
        return client_name(self.exchange.turn.client_headers.agent)

    @property
    def duration(self) -> float:
        """Seconds from the turn's leaving to its end."""
        return max(0.0, (self.record.ended_at or self.record.sent_at) - self.record.sent_at)

    @property
    def wait(self) -> float | None:
        """Seconds until the response began."""
        begun = self.exchange.first_byte_at
        return None if begun is None else max(0.0, begun - self.record.sent_at)

    @property
    def cached_share(self) -> float | None:
        """The share of the input tokens that was read from the cache, from 0 to 1; None where it is not known."""
        usage = self.record.usage
        return usage.cached / usage.input if usage and usage.cached is not None and usage.input else None
