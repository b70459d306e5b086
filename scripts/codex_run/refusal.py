"""Why the proxy did not come to listen, from what it wrote until then."""

import re

_PREFIX = re.compile(r"^(\[[\d:.]+\] |mitmproxy\.exceptions\.\w+: |mitmdump: error: |mitmweb: error: )")
_LAST = 5
"""Lines that are quoted of a proxy that has not ended."""

_BY_ITSELF = "With the same options, but without the -- and the command, scripts/run shows all that the proxy says."


def why_not(written: str, *, port: str, status: int | None, seconds: float) -> str:
    """Return sentences on a proxy that ended with an exit status, or has not ended (None) after so many seconds."""
    if "ddress already in use" in written:
        return f"Port {port} is in use by another program. Leave --port out for a free one."
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("usage:", "Error logged", "Errors logged"))]
    return _too_slow(said, seconds) if status is None else _ended(said, status)


def _ended(said: list[str], status: int) -> str:
    if said:
        return f"The proxy did not start: {_PREFIX.sub('', said[-1])}"
    return f"The proxy did not start: it ended with status {status} and said nothing. {_BY_ITSELF}"


def _too_slow(said: list[str], seconds: float) -> str:
    sentence = f"The proxy did not start within {seconds:.0f} seconds"
    if said:
        return "\n  ".join([f"{sentence}. The last that it said:", *said[-_LAST:]])
    return (
        f"{sentence} and said nothing: this machine is very busy, or an addon of yours (-s) holds it up. {_BY_ITSELF}"
    )
