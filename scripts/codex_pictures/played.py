"""The story told through a proxy, once as it is and once kept together, into journals and a capture."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from codex_demo import proxies
from embedded_backend import Backend

from codex_pictures.clock import MORNING, VARIABLE, Clock
from codex_pictures.story import Ask, story

_STOPPED = Path(__file__).with_name("stopped.py")
_URL = "https://chatgpt.com/backend-api/codex/responses"
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What was recorded."""

    before: Path
    after: Path
    capture: Path


async def play(home: Path, clock: Clock) -> Files:
    """Tells the story on two days, the first with the addon only watching."""
    files = Files(before=home / "before.jsonl", after=home / "after.jsonl", capture=home / "capture.mitm")
    os.environ.update({VARIABLE: str(clock.file), "TZ": "UTC"})
    await _day(home, clock, MORNING - _DAY, f"codex_journal={files.before}", "codex_mode=observe")
    await _day(home, clock, MORNING, f"codex_journal={files.after}", f"save_stream_file={files.capture}")
    return files


async def _day(home: Path, clock: Clock, starts: float, *settings: str) -> None:
    """Tells the story to a fresh backend."""
    clock.set(starts)
    teller = _Teller(clock, starts)
    async with Backend(home=home / "backend", clock=clock.now, on_received=lambda received: teller.answer()) as backend:
        arguments = ["--mode", f"upstream:http://127.0.0.1:{backend.connect_port}", "-s", str(_STOPPED)]
        arguments += ["-s", str(proxies.ADDON), *(word for each in settings for word in ("--set", each))]
        async with proxies.mitmdump(backend, home / "proxy", *arguments) as proxy:
            await teller.tell(story(), proxy)


class _Teller:
    """Sends turns at their times; while one is answered, the time goes on."""

    def __init__(self, clock: Clock, starts: float) -> None:
        self._clock, self._starts = clock, starts
        self._lasts = 0.0

    async def tell(self, asks: Sequence[Ask], proxy: proxies.Proxy) -> None:
        """Sends one turn after the other."""
        tls = proxy.tls()
        for number, ask in enumerate(asks, start=1):
            self._clock.set(self._starts + ask.at)
            self._lasts = ask.lasts
            async with httpx.AsyncClient(verify=tls, proxy=proxy.url, trust_env=False, timeout=30) as client:
                response = await client.post(_URL, json=ask.body(), headers=ask.headers(number))
            response.raise_for_status()

    def answer(self) -> None:
        """Lets the time go by that the answer takes."""
        self._clock.set(self._clock.now() + self._lasts)
