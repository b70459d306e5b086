"""Journals that are made up: single entries, and long ones in which every verdict occurs."""

import datetime
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codexcache.body.json_splice import Json, Object
from codexcache.verdicts import MISSES

INPUT = "gen_ai.usage.input_tokens"
CACHED = "gen_ai.usage.cache_read.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"

_START = datetime.datetime(2026, 11, 20, 8, 0, tzinfo=datetime.UTC)
_CLIENTS = (
    ("codex_cli_rs/0.169.0", "gpt-6-luna", "websocket"),
    ("opencode/1.4.2", "gpt-6-luna", "http"),
    ("pi/0.70.1", "gpt-6-luna-mini", "http"),
    ("OpenAI/Python", "gpt-6-luna", "http"),
)


def entry(turn: int = 1, /, *, at: float = 0, given: Json = 10_000, cached: Json = 0, **fields: Json) -> Object:
    """Return an entry, `at` seconds after the start; None for a counter leaves it out."""
    counters = {INPUT: given, CACHED: cached, OUTPUT: 200 if given is not None else None}
    return {
        "time": (_START + datetime.timedelta(seconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": "aaaaaaaaaaaa",
        "turn": turn,
        "mode": "fill",
        "conversation": "cccccccccccc",
        "endpoint": "responses",
        "transport": "http",
        "client": "client/1.0",
        "model": "gpt-6-luna",
        "status": 200,
        "key": "dddddddddddd",
        "key_source": "session",
        "continued": False,
        "echoed_key": "same",
        "changed": [],
        "ttfb_ms": 700,
        "duration_ms": 5000,
        **{name: count for name, count in counters.items() if count is not None},
        "reusable_tokens": None,
        "predecessor": None,
        "changes": [],
        "verdict": "cold",
        "because": "no earlier turn of this conversation is known",
        **fields,
    }


def lines(entries: Iterable[Object]) -> bytes:
    """Return a journal's bytes."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in entries)


def entries_of(journal: Path) -> list[Object]:
    """Return the entries of a journal, none where there is no file."""
    return [json.loads(line) for line in journal.read_bytes().splitlines()] if journal.exists() else []


_BECAUSE = {
    "hit": "what could be read was read",
    "rejected": "the backend answered with status 400",
    "no_usage": "the turn ended without usage counters: it was cut or cancelled, or they were stripped",
    "cold": "no earlier turn of this conversation is known",
    "below_minimum": "612 input tokens are fewer than the 1,024 from which on anything is cached",
    "account_changed": "the account is another than the predecessor's",
    "model_changed": "the model was gpt-6-luna-mini and is gpt-6-luna",
    "prompt_cache_key_changed": "the key is another than the predecessor's; codex_mode=pin would hold it",
    "session_changed": "the session header is another than the predecessor's",
    "session_missing": "the turn left without any session header",
    "tools_changed": "tool shell was edited",
    "instructions_changed": "the instructions differ from about character 3,104 on",
    "context_compacted": "the history was compacted: an expected rebuild",
    "input_changed": "input[12] function_call_output differs",
    "idle": "17 minutes passed since its predecessor was sent: the cache likely expired",
    "upstream": "everything comparable is the same; it left 9 s after its predecessor: likely the server's side",
}
"""Reasons as the addon would word them; the other verdicts get a plain one."""

_FREQUENT = ("session_changed", "session_changed", "prompt_cache_key_changed", "tools_changed", "input_changed", "idle")


@dataclass(kw_only=True)
class _Draft:
    """A turn that has no number yet; `earlier` is the draft that it continues."""

    at: float
    fields: dict[str, Any]
    earlier: "_Draft | None" = None
    number: int = 0


@dataclass(kw_only=True)
class _Maker:
    """Makes up the turns of one start of the proxy, of which a share misses."""

    chance: random.Random
    run: str
    mode: str
    misses: float
    drafts: list[_Draft] = field(default_factory=list)

    def entries(self, turns: int, at: float) -> Iterator[Object]:
        """Yield entries in the order of time, numbered from 1."""
        while turns:
            length = min(turns, round(self.chance.lognormvariate(2.6, 1.1)) + 1)
            self._converse(length, at)
            turns -= length
            at += self.chance.uniform(60, 900)
        self.drafts.sort(key=lambda draft: draft.at)
        for number, draft in enumerate(self.drafts, start=1):
            draft.number = number
            predecessor = draft.earlier.number if draft.earlier else None
            yield entry(number, at=draft.at, run=self.run, mode=self.mode, predecessor=predecessor, **draft.fields)

    def _converse(self, turns: int, at: float) -> None:
        client, model, transport = self.chance.choices(_CLIENTS, (5, 3, 1, 1))[0]
        who = {"client": client, "model": model, "transport": transport}
        name, size, earlier = f"{self.chance.getrandbits(48):012x}", self.chance.randint(3_000, 18_000), None
        for index in range(turns):
            verdict = self._verdict(is_first=index == 0)
            at += self._pause(verdict)
            grown = size // 3 if verdict == "context_compacted" else size + self.chance.randint(300, 5_000)
            told = self._told(verdict, min(size, grown) if earlier else 0, min(grown, 260_000))
            draft = _Draft(at=at, fields={**who, "conversation": name, **told}, earlier=earlier)
            self.drafts.append(draft)
            if told["given"] is not None:
                size, earlier = told["given"], draft

    def _pause(self, verdict: str) -> float:
        """Return seconds since the turn before; some pauses are longer than the cache lives."""
        pauses = (self.chance.uniform(7, 40), self.chance.uniform(60, 280), self.chance.uniform(320, 9_000))
        return pauses[2] if verdict == "idle" else self.chance.choices(pauses, (80, 17, 3))[0]

    def _verdict(self, *, is_first: bool) -> str:
        if is_first:
            return self.chance.choices(("cold", "below_minimum"), (20, 1))[0]
        drawn = self.chance.random()
        if drawn < self.misses:
            return self.chance.choice((*sorted(MISSES), *_FREQUENT * 4))
        return self.chance.choice(("rejected", "no_usage")) if drawn > 0.985 else "hit"

    def _told(self, verdict: str, shared: int, size: int) -> dict[str, Any]:
        """Return the counters and the reason that go with a verdict, where this many tokens could be read."""
        reason = {"verdict": verdict, "because": _BECAUSE.get(verdict, f"nothing else but {verdict} explains it")}
        if verdict in ("rejected", "no_usage"):
            return {**reason, "given": None, "cached": None, "status": 400 if verdict == "rejected" else 200}
        if verdict in ("cold", "below_minimum"):
            return {**reason, "given": 612 if verdict == "below_minimum" else size, "cached": 0}
        floor = self.chance.choice((0, 0, 4_608))
        cached = shared // 128 * 128 if verdict == "hit" else min(floor, shared // 256 * 128)
        changes: list[Json] = [verdict] if verdict.endswith("changed") else []
        return {**reason, "given": size, "cached": cached, "reusable_tokens": shared, "changes": changes}


def long_journal(turns: int = 2_000, seed: int = 1) -> list[Object]:
    """Return a journal of many conversations in two modes, the same for the same seed."""
    before = _Maker(chance=random.Random(seed), run="1f0c62d9a4be", mode="observe", misses=0.4)
    after = _Maker(chance=random.Random(seed + 1), run="9b7713e05c21", mode="fill", misses=0.05)
    half = turns // 2
    return [*before.entries(half, at=0), *after.entries(turns - half, at=2 * 86_400)]
