"""Measures what a look-up in a team's store costs a turn, as `scripts/bench-store` runs it.

Each proxy is a process with what the addon has behind its hooks: keys, diagnosis and a store; one real Redis server is
their store. A conversation's turns come each by another proxy and with a new session, and many conversations of a
caller begin alike. A turn is sent when those before it are in the store; how soon they are is not measured. The time is
that from a parsed turn to its key; each turn is taken by a proxy without a store as well.
"""

import argparse
import asyncio
import functools
import gc
import multiprocessing
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.service import DiagnosisService
from codexcache.options import default_settings
from codexcache.state.background_store import SERVER as PACE
from codexcache.state.background_store import BackgroundStore
from codexcache.state.persistence import Persistence
from codexcache.state.redis_store import RedisStore
from codexcache.state.vault import Vault
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.request import Turn, read_client_headers, read_turn
from toolkit import prompts
from toolkit.process import NotStarted, exit_status
from toolkit.redis_server import SERVER, RedisServer, running_redis

TURNS = 3
CALLERS = 100
OPENINGS = 10
"""Texts with which conversations begin."""

_DAY = 86_400.0
_SETTLED = 0.01
_WITHIN = 600.0
"""Seconds that a proxy waits for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured. `url` is the store's address; `rate` the turns that all proxies send a second, 0: no limit."""

    proxies: int
    conversations: int
    rate: float
    url: str = ""


class Sent(NamedTuple):
    """A turn: its conversation, its number, the key it got, its verdict, and the seconds until it had the key."""

    conversation: int
    number: int
    key: str | None
    verdict: str
    waited: float


class Taken(NamedTuple):
    """The same turns, as they were taken without a store and with one."""

    without: list[Sent]
    stored: list[Sent]


class TeamProxy:
    """What one proxy has behind its hooks."""

    def __init__(self, store: BackgroundStore | None, vault: Vault, run: str) -> None:
        self._settings, self._verdict = default_settings(), ""
        self._diagnosis = DiagnosisService(_raise)
        self._diagnosis.listeners.append(self._note)
        self._persistence = Persistence(self._diagnosis.engine.adopt)
        self._continuity = Continuity(self._persistence.memory)
        if store:
            self._persistence.use(store, vault, run)

    async def send(self, conversation: int, number: int) -> Sent:
        """Have a turn looked up, sent and answered."""
        turn = turn_of(conversation, number)
        start = time.perf_counter()
        if looking_up := self._persistence.look_up(turn):
            await looking_up
        exchange = self._continuity.begin(turn, self._settings)
        waited = time.perf_counter() - start
        self._diagnosis.turn_sent(exchange, flow="", at=time.time())
        self._answer(exchange, conversation, number)
        return Sent(conversation, number, exchange.cache_key.key, self._verdict, waited)

    def _answer(self, exchange: Exchange, conversation: int, number: int) -> None:
        info = exchange.response_info
        info.status, info.finished, info.response_id = 200, True, f"resp_{conversation}_{number}"
        info.outputs, info.usage = list[Json](_answer(conversation, number)), _usage(number)
        self._continuity.finish(exchange, self._settings)
        self._diagnosis.turn_ended(exchange, at=time.time())
        self._persistence.save(exchange)

    def _note(self, diagnosis: Diagnosis) -> None:
        self._verdict = diagnosis.verdict.name


def turn_of(conversation: int, number: int) -> Turn:
    """Return a conversation's turn with the whole history, as a client sends it that makes up a session for each."""
    headers = {"authorization": f"Bearer token of {conversation % CALLERS}", "session_id": str(uuid.uuid4())}
    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    items: list[Json] = [_asked(f"Task {conversation // CALLERS % OPENINGS}: make the tests of this module pass.")]
    for turn in range(number):
        output: Object = {
            "type": "function_call_output",
            "call_id": _call(conversation, turn),
            "output": "x = 1\n" * 50,
        }
        items += [*_answer(conversation, turn), output, _asked(f"Go on with step {turn + 1}.")]
    body: Object = {"model": "gpt-5.5", "instructions": _instructions(), "input": items, "stream": True}
    return read_turn(read_client_headers(fields), body, transport="http", host="chatgpt.com", endpoint="responses")


@functools.cache
def _instructions() -> str:
    return prompts.instructions()


def _asked(text: str) -> Object:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _answer(conversation: int, number: int) -> list[Object]:
    """Return what the model says in a turn."""
    said = f"Step {number} of conversation {conversation} is to read a file."
    call = {"call_id": _call(conversation, number), "name": "shell", "arguments": '{"command":["cat","a.py"]}'}
    return [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]},
        {"type": "function_call", **call},
    ]


def _call(conversation: int, number: int) -> str:
    return f"call_{conversation:012}_{number}"


def _usage(number: int) -> Object:
    """Return the counters of a turn that was read from the cache as far as the one before it went."""
    read = (5_000 + 200 * (number - 1)) // 128 * 128 if number else 0
    return {"input_tokens": 5_000 + 200 * number, "output_tokens": 50, "input_tokens_details": {"cached_tokens": read}}


def _raise(_: str, error: Exception) -> None:
    raise error


def run_proxy(plan: Plan, number: int) -> Taken:
    """Be one of the proxies; return the turns it took."""
    return asyncio.run(_run_proxy(plan, number))


async def _run_proxy(plan: Plan, number: int) -> Taken:
    """Take each turn twice, so that both are measured under the same load."""
    vault = Vault(b"the secret of all proxies")
    store = BackgroundStore("the store", functools.partial(RedisStore, plan.url, _DAY), vault, PACE)
    store.start()
    await asyncio.wrap_future(store.opened)
    proxies = TeamProxy(None, vault, ""), TeamProxy(store, vault, f"run {number}")
    taken = Taken([], [])
    gc.freeze()  # as the addon does at its start
    for turn in range(TURNS):
        _barrier.wait(_WITHIN)
        async for conversation in _at_rate(plan, number, turn):
            for proxy, sent in zip(proxies, taken, strict=True):
                sent.append(await proxy.send(conversation, turn))
        await _written(store, vault.name("bench", bytes([number, turn])))
    _barrier.wait(_WITHIN)
    store.close()
    return taken


async def _at_rate(plan: Plan, number: int, turn: int) -> AsyncIterator[int]:
    """Yield the conversations of which a proxy takes a turn, each at its time; the proxies' times are spread evenly."""
    start, pause = time.perf_counter(), 1 / plan.rate if plan.rate else 0.0
    for place in range(number, plan.conversations, plan.proxies):
        await asyncio.sleep(max(0.0, start + place * pause - time.perf_counter()))
        yield (place - turn) % plan.conversations


async def _written(store: BackgroundStore, name: bytes) -> None:
    """Wait until all that was stored so far is in the store."""
    store.put(lambda vault: {name: b"written"})
    while not await store.get([name]):
        await asyncio.sleep(_SETTLED)


def measure(plan: Plan) -> Taken:
    """Run all proxies, each in a process of its own; return the turns they took."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(plan.proxies)
    with ProcessPoolExecutor(plan.proxies, context, initializer=_meet_at, initargs=(barrier,)) as pool:
        taken = list(pool.map(run_proxy, [plan] * plan.proxies, range(plan.proxies)))
    return Taken(*(list(chain.from_iterable(sent)) for sent in zip(*taken, strict=True)))


def _meet_at(barrier: "multiprocessing.synchronize.Barrier") -> None:
    global _barrier  # a process gets it when it starts
    _barrier = barrier


_barrier: "multiprocessing.synchronize.Barrier"
"""Where a process waits until all have sent what comes before."""


def kept(sent: Iterable[Sent]) -> int:
    """Return how many conversations have one key, which no other has."""
    keys = defaultdict(set)
    for one in sent:
        keys[one.conversation].add(one.key)
    own = Counter(key for each in keys.values() for key in each)
    return sum(len(each) == 1 and own[next(iter(each))] == 1 for each in keys.values())


def line(name: str, waits: Sequence[float]) -> str:
    """Return the median, the 99th percentile and the longest of some times, in milliseconds."""
    last = statistics.quantiles(waits, n=100, method="inclusive")[-1]
    times = "".join(f"{seconds * 1000:>10.3f}" for seconds in (statistics.median(waits), last, max(waits)))
    return f"{name:<32}{times}"


def report(plan: Plan, without: Sequence[Sent], stored: Sequence[Sent]) -> str:
    """Return the figures as a table and two lines."""
    first, later = ([one.waited for one in stored if bool(one.number) is is_later] for is_later in (False, True))
    return "\n".join(
        (
            f"{'ms until a turn has its key':<32}{'median':>10}{'99 %':>10}{'most':>10}",
            line("without a store", [one.waited for one in without]),
            line("with one, a first turn", first),
            line("with one, a turn that goes on", later),
            f"Conversations with one key, and no other's: {kept(stored):,} of {plan.conversations:,}",
            f"The same without a store: {kept(without):,}",
            f"Turns that go on with the verdict hit: {hits(stored):,} of {len(later):,}",
        )
    )


def hits(sent: Iterable[Sent]) -> int:
    """Return how many turns that continue a conversation are hits, as all are if the turns before are known."""
    return sum(one.verdict == "hit" for one in sent if one.number)


async def measured(plan: Plan) -> bool:
    """Measure without and with a store, and print the figures; return True if keys and verdicts are right."""
    with tempfile.TemporaryDirectory(prefix="codex-store-") as home:
        async with running_redis(Path(home)) as server:
            taken = await asyncio.to_thread(measure, replace(plan, url=server.url))
            print(report(plan, *taken))
            print(_held(server, plan))
    stored = taken.stored
    return kept(stored) == plan.conversations and hits(stored) == plan.conversations * (TURNS - 1)


def _held(server: RedisServer, plan: Plan) -> str:
    memory = server.client.info("memory")["used_memory"] / plan.conversations / 1024
    return f"The server holds {server.client.dbsize():,} entries, {memory:.1f} kB a conversation"


def parse(arguments: Sequence[str] | None = None) -> Plan:
    """Return what is to be measured."""
    parser = argparse.ArgumentParser(
        "scripts/bench-store", description="What a look-up in a team's store costs a turn."
    )
    parser.add_argument("--proxies", type=int, default=10)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100, help="turns that all send a second; 0: as many as they can")
    return Plan(**vars(parser.parse_args(arguments)))


def main() -> int:
    """Print the figures; return 0 if keys and verdicts are right, or Redis is not here."""
    if not SERVER:
        print("Redis is not here (apt-get install redis-server), so nothing was measured.")
        return 0
    return exit_status(measured(parse()), "The measurement", (OSError, NotStarted))


if __name__ == "__main__":
    sys.exit(main())
