"""An outage of the collector is said once: one sentence when exports begin to fail, one when they work again.

What the SDK logs of it is kept from the log. It repeats itself and quotes addresses, and an error in the log ends
mitmdump at its start.
"""

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

from .vocabulary import destination

logger = logging.getLogger(__name__)

_STATUS = re.compile(r"\bcode: (\d{3})\b")
_BUSY = {code.phrase: code.value for code in HTTPStatus if code.value in (429, 502, 503, 504)}
_LONG = 0.3
"""Seconds after which an export has waited for the collector. One that is not there refuses at once."""

_own = threading.local()


def keep_quiet() -> None:
    """Capture what the SDK and its HTTP client log in our own threads; let their other records through."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("opentelemetry", "urllib3"):
            logging.getLogger(name).addFilter(_keep)  # a filter is not inherited, so each of them gets it


def _keep(record: logging.LogRecord) -> bool:
    """Keep a warning, and tell whether the record is anyone else's."""
    said: list[logging.LogRecord] | None = getattr(_own, "said", None)
    if said is not None and record.levelno >= logging.WARNING and len(said) < 10:
        said.append(record)
    return said is None


@contextlib.contextmanager
def kept() -> Iterator[list[logging.LogRecord]]:
    """Keep what this thread logs; its warnings are in the list."""
    before, _own.said = getattr(_own, "said", None), []
    try:
        yield _own.said
    finally:
        _own.said = before


class Outage:
    """Knows which signals fail and why, and says so once."""

    def __init__(self) -> None:
        self._places = {signal: destination(os.environ, signal) for signal in ("TRACES", "METRICS")}
        self._failing: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = False

    def watch[R](self, signal: str, export: Callable[[], R], success: R, failure: R) -> R:
        """Return the result of an export, and note it."""
        began = time.monotonic()
        with kept() as said:
            try:
                result = export()
            except Exception as error:
                logger.debug(f"An export of {signal.lower()} failed: {type(error).__name__}.")
                result = failure
        first = said[0].getMessage() if said else ""
        self._note(signal, "" if result == success else _reason(signal, first, time.monotonic() - began))
        return result

    def close(self, in_time: bool) -> None:
        """Say no more, except that the last telemetry did not leave in time."""
        if not in_time and not self._failing:
            logger.warning(f"The last telemetry could not be exported to {self._places['TRACES']} in time.")
        self._closed = True

    def _note(self, signal: str, reason: str) -> None:
        with self._lock:
            before, known = self._failing.pop(signal, ""), set(self._failing.values())
            if reason:
                self._failing[signal] = reason
            else:  # what failed for the same reason will work as well, or be said again
                self._failing = {other: why for other, why in self._failing.items() if why != before}
        if self._closed or bool(before) == bool(reason) or reason in known:
            return
        logger.warning(_failing(self._places[signal], reason) if reason else "Telemetry is exported again.")


def _failing(place: str, reason: str) -> str:
    return (
        f"Telemetry cannot be exported to {place}: {reason}. Turns go on as ever; only their telemetry is lost until "
        "it can be."
    )


def _reason(signal: str, first: str, seconds: float) -> str:
    """Return why an export failed, by what was said first; it is not quoted, because an address can hold secrets."""
    status = _STATUS.search(first)
    busy = next((code for phrase, code in _BUSY.items() if phrase in first), None)
    if busy:
        return f"the collector answers with status {busy}"
    if status:
        return f"it answers {signal.lower()} with status {status[1]}; OTEL_{signal}_EXPORTER=none leaves them out"
    if "timed out" in first or ("due to timeout" in first and seconds > _LONG):
        return "the collector does not answer in time"
    if "SSL" in first or "certificate" in first:
        return "the TLS connection fails; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA to trust"
    return "the collector cannot be reached"
