"""What is said once the client has ended: what its turns came to, or why there were none."""

from collections.abc import Mapping
from typing import Any

from codex_run.reasons import unreachable

NAME = "Codex Continuity"


def of_turns(report: Mapping[str, Any]) -> list[str]:
    """Return the summary of the turns and what was changed in them."""
    first, *others = report["summary"]
    lost = unreachable(report["arrivals"]["unreachable"])
    return [f"{NAME}: {first}", *others, _changed(report), *lost]


def of_none(reasons: list[str]) -> list[str]:
    """Return that no turn came, and why."""
    return [f"{NAME}: no turn of the Codex backend passed through the proxy.", *reasons]


def of_lost_proxy() -> list[str]:
    """Return what holds when the proxy has ended before the client."""
    return [f"{NAME}: the proxy ended before the command did, so there is no summary."]


def _changed(report: Mapping[str, Any]) -> str:
    changed: Mapping[str, int] = report["arrivals"]["changed"]
    if not changed:
        why = " (codex_mode is observe)" if report["mode"] == "observe" else ": each turn bore its identity"
        return f"nothing was changed{why}"
    counts = sorted(set(changed.values()), reverse=True)
    return "changed: " + "; ".join(
        f"{', '.join(sorted(name for name in changed if changed[name] == count))} in {_turns(count)}"
        for count in counts
    )


def _turns(number: int) -> str:
    return "1 turn" if number == 1 else f"{number:,} turns"
