"""The journal: one JSON object a line for each finished turn, and the pseudonyms that stand for ids in it.

An entry holds names and positions, never text of a prompt, so that it can be attached to a bug report. Some members are
absent where nothing is to be said by them (`docs/debugging.md` lists all). Names of counters are those of
OpenTelemetry's GenAI conventions. A pseudonym is an HMAC with a secret of this machine: a reader cannot find out an id
by trying likely ones, and two journals of one machine can still be compared.
"""

import functools
import hmac
import time
from collections.abc import Mapping

import orjson

from ..body.json_splice import Json
from ..diagnosis.diagnosis import Diagnosis
from ..text import ascii_only
from .counter_names import COUNTERS
from .first_words import first_words_length

_PSEUDONYM_LENGTH = 12
_LONGEST = 80
"""Characters of a model's name, or a tier's; a client can name any, and a backend too."""
_PSEUDONYMS_CACHED = 4096


class Pseudonyms:
    """Makes pseudonyms with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._made = functools.lru_cache(maxsize=_PSEUDONYMS_CACHED)(self._make)  # the same ids come turn by turn

    def of(self, kind: str, value: str | None) -> str | None:
        """Return the pseudonym of a value of some kind: 12 hexadecimal digits, or None for None."""
        return None if value is None else self._made(kind, value)

    def of_all(self, ids: Mapping[str, tuple[str, str | None]]) -> dict[str, str | None]:
        """Return pseudonyms by name, given each one's kind and value; one value has one pseudonym for each kind."""
        return {name: None if value is None else self._made(kind, value) for name, (kind, value) in ids.items()}

    def _make(self, kind: str, value: str) -> str:
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, text, "sha256").hex()[:_PSEUDONYM_LENGTH]


class Entries:
    """Makes the journal's entries of one start."""

    def __init__(self, pseudonyms: Pseudonyms, run: str) -> None:
        self._pseudonyms = pseudonyms
        self._run = pseudonyms.of("run", run)

    def conversation_of(self, run: str, number: int) -> str | None:
        """Return what names a conversation, by its number and the start that counted it, "" for this one."""
        return f"{run or self._run}:{number}" if number else None

    def entry(self, diagnosis: Diagnosis) -> dict[str, Json]:
        """Return what the journal says of a turn."""
        record, exchange, verdict = diagnosis.record, diagnosis.exchange, diagnosis.verdict
        pseudonym, cache_key = self._pseudonyms.of, exchange.cache_key
        conversation = self.conversation_of(record.conversation_run, record.conversation)
        return {
            "time": _rfc3339(record.sent_at),
            "run": self._run,
            "turn": record.number,
            "mode": exchange.mode,
            "conversation": pseudonym("conversation", conversation),
            **_given(first_words_length=_first_words_length(diagnosis)),
            "endpoint": record.endpoint,
            "transport": record.route.transport,
            **_given(warm_up=record.warm_up),
            "client": diagnosis.client,
            "model": _shown(record.prompt.prefix.model),
            **_given(served_model=_shown(record.served_model), served_service_tier=_shown(record.served_service_tier)),
            "status": record.status,
            "key": pseudonym("key", _key(diagnosis)),
            "key_source": cache_key.source,
            "continued": cache_key.inherited,
            "echoed_key": _echo(diagnosis),
            "changed": list(exchange.changed),
            **_repair(diagnosis),
            "ttfb_ms": _milliseconds(diagnosis.wait),
            "duration_ms": _milliseconds(diagnosis.duration),
            **_given(ended=record.ended),
            **_usage(diagnosis),
            "reusable_tokens": verdict.reusable,
            "resent_tokens": verdict.resent,
            **_given(blame=verdict.blame),
            "predecessor": verdict.predecessor,
            **_given(predecessor_run=verdict.predecessor_run),
            "changes": list(verdict.changes),
            **_given(edit=verdict.edit, volatile=list(verdict.volatile)),
            "verdict": verdict.name,
            "because": verdict.because,
        }


def _first_words_length(diagnosis: Diagnosis) -> int:
    """Return the length of a conversation's first words with the first turn that is known of it, else 0.

    That is one without a predecessor, one behind a warm-up, or the first of this start if it is sent as a whole.
    """
    match, turn = diagnosis.match, diagnosis.exchange.turn
    if match and not match.record.warm_up and not diagnosis.verdict.predecessor_run:
        return 0
    is_whole = not turn.previous_response_id or (diagnosis.record.complete and not diagnosis.verdict.predecessor_run)
    return first_words_length(turn) if is_whole else 0


def line_of(entry: dict[str, Json]) -> bytes:
    """Return an entry as a line of the journal."""
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def _given(**members: Json) -> dict[str, Json]:
    """Return the members that say something."""
    return {name: value for name, value in members.items() if value}


def _shown(name: str) -> str:
    return ascii_only(name, _LONGEST) if name else ""


def _usage(diagnosis: Diagnosis) -> dict[str, Json]:
    """Return the counters; those that the backend did not send are absent, not 0."""
    usage = diagnosis.record.usage
    counts = (usage.input, usage.cached, usage.output) if usage else ()
    return {name: count for name, count in zip(COUNTERS, counts, strict=False) if count is not None}


def _repair(diagnosis: Diagnosis) -> dict[str, Json]:
    """Return what was repaired and what that saved, or what would have prevented a miss; nothing where neither is."""
    exchange, preventing = diagnosis.exchange, _given(preventing=list(diagnosis.preventing))
    if exchange.repair is None:
        return preventing
    return {"repaired": list(exchange.repaired), **_given(saved_tokens=exchange.repair.saved), **preventing}


def _key(diagnosis: Diagnosis) -> str | None:
    """Return the key that the turn left with: the body's, or where it had none, the session header's."""
    return diagnosis.record.route.key or diagnosis.record.route.session


def _echo(diagnosis: Diagnosis) -> str:
    sent, echoed = _key(diagnosis), diagnosis.record.echoed_key
    return "absent" if echoed is None else "same" if echoed == sent else "replaced"


def _rfc3339(seconds: float) -> str:
    second = int(seconds)
    thousandths = round((seconds - second) * 1_000_000) // 1_000
    at = time.gmtime(second + thousandths // 1_000)
    day, clock = f"{at.tm_year:04}-{at.tm_mon:02}-{at.tm_mday:02}", f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{day}T{clock}.{thousandths % 1_000:03}Z"


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
