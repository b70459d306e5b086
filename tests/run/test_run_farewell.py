"""What is said at the end."""

from typing import Any

from codex_run.farewell import of_none, of_turns


def said(changed: dict[str, int], mode: str = "fill", **unreachable: str) -> list[str]:
    report: dict[str, Any] = {
        "summary": ["3 turns in 1 conversation", "90% were read"],
        "arrivals": {"changed": changed, "unreachable": unreachable},
        "mode": mode,
    }
    return of_turns(report)


def test_the_summary_comes_with_what_was_changed() -> None:
    assert said({"session-id": 3, "prompt_cache_key": 3, "stream_options": 1}) == [
        "Codex Continuity: 3 turns in 1 conversation",
        "90% were read",
        "changed: prompt_cache_key, session-id in 3 turns; stream_options in 1 turn",
    ]


def test_nothing_changed_is_said_too() -> None:
    assert said({})[-1] == "nothing was changed: each turn bore its identity"
    assert said({}, mode="observe")[-1] == "nothing was changed (codex_mode is observe)"


def test_a_backend_that_could_not_be_reached_is_said_also_after_turns() -> None:
    assert said({}, host="refused")[-1] == "The proxy could not reach host: refused."


def test_no_turn_comes_with_its_reasons() -> None:
    assert of_none(["Because."]) == [
        "Codex Continuity: no turn of the Codex backend passed through the proxy.",
        "Because.",
    ]
