"""All faults, in their order. What is promised for each is said once, in the README's section on reliability."""

import re
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from codex_faults import triggers
from codex_faults.clients import HTTP, WEBSOCKET
from codex_faults.fault import Fault
from codex_faults.fault_run import MIDDLE
from codex_faults.observation import Observation

_README = Path(__file__).parents[2] / "README.md"
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
_BOTH = HTTP, WEBSOCKET


def _fault(trigger: Callable[..., Awaitable[list[Observation]]], **flags: Any) -> Callable[..., Fault]:
    """Return what makes the fault with a name and a promise; what is no flag of a fault is for its trigger."""
    arguments = {name: flags.pop(name) for name in flags.keys() - Fault.__annotations__.keys()}
    return partial(Fault, trigger=partial(trigger, **arguments), **flags)


_FAULTS = {
    "backend-cut-before-answer": _fault(triggers.answered, unanswered=True),
    "backend-cut-mid-event": _fault(triggers.answered, cut_after=MIDDLE, torn=True),
    "backend-cut-mid-frame": _fault(triggers.answered, kinds=[WEBSOCKET], cut_after=MIDDLE, torn=True),
    "backend-stream-without-end": _fault(triggers.answered, ending="none"),
    "backend-response-failed": _fault(triggers.answered, kinds=_BOTH, verdict="rejected", ending="failed"),
    "backend-error-event": _fault(triggers.answered, kinds=_BOTH, verdict="rejected", ending="error"),
    "backend-401": _fault(triggers.refused, status=401),
    "backend-403": _fault(triggers.refused, status=403),
    "backend-429": _fault(triggers.refused, status=429),
    "backend-500": _fault(triggers.refused, status=500),
    "backend-502": _fault(triggers.refused, status=502),
    "backend-error-frame": _fault(triggers.refused, status=429, kind=WEBSOCKET),
    "backend-upgrade-refused": _fault(triggers.upgrade_refused),
    "backend-tls-refused": _fault(triggers.tls_refused),
    "client-gone-in-request": _fault(triggers.gone_in_request),
    "client-gone-before-answer": _fault(triggers.gone, events=0),
    "client-gone-mid-stream": _fault(triggers.gone, events=MIDDLE),
    "client-gone-mid-socket": _fault(triggers.gone, events=MIDDLE, kind=WEBSOCKET),
    "client-gone-after-last-event": _fault(triggers.gone_at_end),
    "client-reads-slowly": _fault(triggers.slowly, background=False, heavy=True),
    "many-streams": _fault(triggers.in_parallel, heavy=True),
    "journal-disk-full": _fault(triggers.unwritable, obstacle=triggers.full, background=False, system="linux"),
    "journal-folder-gone": _fault(triggers.unwritable, obstacle=triggers.without_folder, background=False),
    "journal-line-cut-off": _fault(
        triggers.unwritable, obstacle=triggers.with_little_space, background=False, system="linux"
    ),
    "journal-renamed": _fault(triggers.moved, move=Path.rename, background=False),
    "journal-truncated": _fault(triggers.moved, move=triggers.truncate, background=False),
    "addon-reloaded": _fault(triggers.reloaded, sibling=False, background=False, heavy=True),
    "addon-changed": _fault(triggers.reloaded, sibling=True, background=False, heavy=True),
    "proxy-sigterm": _fault(triggers.ended, number=signal.SIGTERM, background=False, lasts=False, heavy=True),
    "proxy-sigint": _fault(triggers.ended, number=signal.SIGINT, background=False, lasts=False, heavy=True),
}


def catalogue() -> dict[str, Fault]:
    """Return all faults by name."""
    promises = dict(_ROW.findall(_README.read_text(encoding="utf-8").partition("\n## Reliability\n")[2]))
    return {name: make(name=name, promise=promises[name]) for name, make in _FAULTS.items()}
