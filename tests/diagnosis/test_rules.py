"""The table of verdicts, row by row: what has to hold, and what comes before what."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Verdict
from codexcache.diagnosis.prompt_diff import find_changes
from codexcache.diagnosis.rules import judge
from codexcache.turn.record import Record
from codexcache.turn.rejected_params import Refusal
from codexcache.verdicts import VERDICTS
from support.records import match, predicted, record, route
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c", "d", "e", "f", "g", "h", "i")
LONG = conversation(*(str(n) for n in range(99)))
COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}


def judged(mine: Record, other: Record | None, load: int = 1) -> Verdict:
    found = match(mine, other) if other else None
    return judge(mine, found, load, find_changes(mine, found) if found else ())


def two(
    *,
    before: int = 20_000,
    gap: float = 10.0,
    items: list[Json] | None = None,
    body: Object | None = None,
    via: dict[str, Any] | None = None,
    **given: Any,
) -> tuple[Record, Record]:
    """Return a turn with `before` input tokens, and one that comes `gap` seconds after it."""
    tools: Object = {"tools": [{"name": "t"}]}
    first = record(1, ITEMS[:7], tokens=before, via=route(socket="1"), body=tools)
    leaves = route(**{"socket": "1", **(via or {})})
    body = {**tools, **(body or {})}
    return first, record(2, ITEMS if items is None else items, at=5.0 + gap, via=leaves, body=body, **given)


def after(*, tokens: int | None = 20_000, cached: int | None = 0, load: int = 1, **given: Any) -> Verdict:
    """Return the verdict on the second of two turns."""
    first, mine = two(tokens=tokens, cached=cached, **given)
    return judged(mine, first, load)


REFUSED_SEED = "the backend rejected the parameter 'seed' (status 400)"
NOT_SENT = ", which was not in the request this proxy sent; the server probably added it"
CUT_SHORT = "its WebSocket was closed by the server with 1008"
NO_COUNTERS = "the turn ended without usage counters: "


@pytest.mark.parametrize(
    ("given", "name", "because"),
    [
        ({"status": 429}, "rejected", "the backend answered with status 429"),
        ({"status": 429, "failed": "rate_limited"}, "rejected", "the backend answered with status 429 (rate_limited)"),
        (
            {"status": 400, "refused": Refusal("prompt_cache_key", "addon")},
            "rejected",
            "the backend rejected the parameter 'prompt_cache_key' (status 400), which this addon had added",
        ),
        (
            {"status": 400, "refused": Refusal("seed", "client")},
            "rejected",
            f"{REFUSED_SEED}; codex_strip can remove it",
        ),
        ({"status": 400, "refused": Refusal("seed", "neither")}, "rejected", f"{REFUSED_SEED}{NOT_SENT}"),
        ({"failed": "server_error"}, "rejected", "the backend failed the turn (server_error)"),
        ({"tokens": None}, "no_usage", f"{NO_COUNTERS}it was cut or cancelled, or they "),
        ({"tokens": None, "cut_short": CUT_SHORT}, "no_usage", f"{NO_COUNTERS}{CUT_SHORT}"),
        ({"tokens": None, "status": 204}, "no_usage", f"{NO_COUNTERS}the backend answered with status 204 No Content"),
        ({"tokens": None, "status": 399}, "no_usage", f"{NO_COUNTERS}the backend answered with status 399"),
        ({"cached": None}, "no_usage", "the response does not say how many tokens were cached"),
        ({"tokens": 1023}, "below_minimum", "1,023 input tokens are fewer than the 1,024 from which on "),
        (
            {"before": 1024},
            "below_minimum",
            "at most 1,024 of its tokens had been sent before, which are too few to have been cached",
        ),
        ({"cached": 19_000}, "hit", "19,000 tokens were read, of some 20,000 that could be"),
        (
            {"before": 20_000, "tokens": 30_000, "cached": 20_500},
            "hit",
            "20,500 tokens were read: all of its predecessor's 20,000, and more that others had sent",
        ),
        ({"gap": 301.0}, "idle", "nothing else explains it, and 5 minutes passed since its predecessor: "),
        ({"gap": 9000.0}, "idle", "nothing else explains it, and 2 hours passed since its predecessor: "),
        ({"load": 16}, "key_overloaded", "nothing else explains it, and the key carried 16 turns within a minute: "),
        ({}, "upstream", "everything comparable is the same, and only 10 s passed since its predecessor: likely "),
        (
            {"endpoint": "compact"},
            "upstream",
            "everything comparable is the same, but its predecessor did not go to /compact, and only 10 s passed ",
        ),
    ],
)
def test_each_row_says_what_it_means(given: dict[str, Any], name: str, because: str) -> None:
    verdict = after(**given)

    assert verdict.name == name
    assert verdict.because.startswith(because)
    assert "TLS fingerprint differs" in after(status=403, challenge=True).because


@pytest.mark.parametrize(
    ("accounts", "known"),
    [
        (["a"], "; the account did not change since its encrypted items were made, so they are refused for another "),
        (["a", "b"], "; the account changed since its encrypted items were made, and no other can use them"),
        (["b", None], "; the account changed since its encrypted items were made, and no other can use them"),
        ([], "; not all turns are known that made its encrypted items, so neither are the accounts"),
        (["a", None], "; not all turns are known that made its encrypted items, so neither are the accounts"),
    ],
)
@pytest.mark.parametrize("status", [400, None])
def test_refused_encrypted_items_are_explained_by_the_accounts_that_they_were_made_for(
    accounts: list[str | None], known: str, status: int | None
) -> None:
    """Also in a stream that fails for them, which has no status of its own."""
    makers = [record(1, via=route(account=account)) if account else None for account in accounts]
    mine = record(3, ITEMS, failed="invalid_encrypted_content", status=status, via=route(account="a"))
    verdict = judge(mine, None, 1, (), makers)

    assert verdict.name == "rejected"
    assert f"(invalid_encrypted_content){known}" in verdict.because


def test_no_member_that_a_turn_needs_is_said_to_be_removable() -> None:
    assert after(status=400, refused=Refusal("tools", "client")).because.startswith(
        "the backend rejected the parameter 'tools' (status 400); no option removes it, because turns cannot do "
        "without it, so only the client can leave it out "
    )


def test_without_a_predecessor_a_turn_is_cold() -> None:
    """Even if it read what others had sent: before a restart of the proxy, say."""
    verdict, warm = judged(record(1, ITEMS), None), judged(record(1, ITEMS, cached=9_000), None)

    assert str(verdict) == "cold: no earlier turn of this conversation is known"
    assert (verdict.predecessor, verdict.reusable, verdict.resent, verdict.is_miss) == (None, None, 0, False)
    assert warm.name == "cold"
    assert warm.because.endswith("; 9,000 tokens were read all the same, which others had sent")


def test_a_handshake_that_was_refused_with_an_unknown_status_is_rejected() -> None:
    verdict = judged(record(endpoint="handshake", tokens=None, status=299), None)

    assert (verdict.name, verdict.because) == ("rejected", "the WebSocket was refused with status 299")


@pytest.mark.parametrize(
    ("tokens", "before", "cached", "name"),
    [
        pytest.param(20_000, 20_000, 18_976, "hit", id="1,024 tokens may lack"),
        pytest.param(20_000, 20_000, 18_975, "upstream", id="one more may not"),
        pytest.param(100_000, 100_000, 95_000, "hit", id="5 % may lack"),
        pytest.param(100_000, 100_000, 94_999, "upstream", id="one token more may not"),
        pytest.param(5_000, 100_000, 4_000, "hit", id="a turn cannot read more than it has"),
        pytest.param(100_000, 5_000, 4_000, "hit", id="nor more than its predecessor had"),
        pytest.param(60_000, 50_000, 4_608, "upstream", id="a floor is a miss"),
        pytest.param(2_000, 1_025, 0, "upstream", id="1,025 tokens can be cached"),
        pytest.param(2_000, 1_025, 1, "hit", id="and one of them is enough"),
        pytest.param(2_000, 1_000, 128, "hit", id="what was read was cached"),
    ],
)
def test_a_hit_is_told_by_the_smaller_of_both_inputs(tokens: int, before: int, cached: int, name: str) -> None:
    assert after(tokens=tokens, before=before, cached=cached).name == name


CAUSES: dict[str, dict[str, Any]] = {
    "account_changed": {"via": {"account": "b"}},
    "model_changed": {"body": {"model": "n"}},
    "prompt_cache_key_changed": {"via": {"key": "l"}},
    "session_changed": {"via": {"session": "t"}},
    "service_tier_changed": {"body": {"service_tier": "flex"}},
    "session_missing": {"via": {"session": None, "socket": "2"}},
    "transport_changed": {"via": {"socket": "2"}},
    "key_replaced": {"echoed_key": "x"},
    "tools_changed": {"body": {"tools": [{"name": "t", "x": 1}]}},
    "text_format_changed": {"body": {"text": {"format": {"type": "json_object"}}}},
    "reasoning_effort_changed": {"body": {"reasoning": {"effort": "low"}}},
    "verbosity_changed": {"body": {"text": {"verbosity": "low"}}},
    "parallel_tool_calls_changed": {"body": {"parallel_tool_calls": False}},
    "instructions_changed": {"body": {"instructions": "j"}},
    "context_compacted": {"items": [COMPACTION, user("x")]},
    "input_changed": {"items": [user("x"), *ITEMS[1:]]},
    "idle": {"gap": 1000.0},
    "key_overloaded": {"load": 16},
}
"""What leads to each cause when nothing else does."""

EXCLUDING = {
    frozenset({"session_changed", "session_missing"}),
    frozenset({"session_missing", "transport_changed"}),
    frozenset({"context_compacted", "input_changed"}),
    frozenset({"text_format_changed", "verbosity_changed"}),
    frozenset({"service_tier_changed", "model_changed"}),
}
"""Pairs that cannot be had together from the table above, or not without one another."""


def together(*names: str) -> dict[str, Any]:
    """Return what leads to several causes."""
    given: dict[str, Any] = {}
    for name in names:
        for member, value in CAUSES[name].items():
            given[member] = {**given.get(member, {}), **value} if isinstance(value, dict) else value
    return given


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_alone_is_the_verdict_unless_it_cost_nothing(name: str) -> None:
    free = after(**CAUSES[name], cached=20_000)

    assert after(**CAUSES[name]).name == name
    assert free.name == "hit"
    assert (name in free.changes) == (name not in ("idle", "key_overloaded"))


PAIRS = [pair for pair in itertools.combinations(CAUSES, 2) if frozenset(pair) not in EXCLUDING]
PROMPT = VERDICTS[VERDICTS.index("tools_changed") : VERDICTS.index("input_changed") + 1]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_causes_the_first_of_the_table_counts(first: str, second: str) -> None:
    expected = second if first == "transport_changed" and second in PROMPT else first

    assert after(**together(first, second)).name == expected


@pytest.mark.parametrize("name", PROMPT)
def test_a_missing_session_on_the_predecessors_own_socket_yields_to_the_prompt(name: str) -> None:
    own: dict[str, Any] = {"session": None}

    assert after(**{**CAUSES[name], "via": own}).name == name
    assert after(via=own).name == "session_missing"
    for socket in ("2", ""):
        assert after(**{**CAUSES[name], "via": {**own, "socket": socket}}).name == "session_missing"


def late_edit(**given: Any) -> Verdict:
    """Return the verdict where one of the last items was edited, so that much stands before it."""
    return after(items=[*ITEMS[:5], user("x"), *ITEMS[6:]], **given)


def test_an_edit_explains_a_miss_unless_clearly_less_was_read_than_stands_before_it() -> None:
    assert late_edit(cached=12_000).name == "input_changed"
    assert late_edit(cached=2_000).name == "upstream"
    assert late_edit(cached=2_000, gap=1000.0).name == "idle"
    assert late_edit(cached=2_000, load=16).name == "key_overloaded"
    assert late_edit(cached=2_000).changes == ("input_changed",)


def test_upstream_says_which_changes_explain_nothing() -> None:
    """Only what is likely is called so."""
    verdict = late_edit(cached=2_000, via={"socket": "2"})

    assert str(verdict) == (
        "upstream: what changed (transport_changed, input_changed) does not explain that so little was read, and only "
        "10 s passed since its predecessor: likely the server's side"
    )
    assert {name for name in CAUSES if "likely" in after(**CAUSES[name]).because} == {"idle", "key_overloaded"}
    assert "likely" in after().because


@pytest.mark.parametrize("pinnable", [True, False])
def test_a_changed_key_points_to_pin_where_that_would_help(pinnable: bool) -> None:
    assert ("codex_mode=pin" in after(via={"key": "l", "pinnable": pinnable}).because) is pinnable


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, 20_000, id="a pure append"),
        pytest.param(CAUSES["account_changed"], 20_000, id="identity leaves the prompt as it is"),
        pytest.param(CAUSES["input_changed"], None, id="up to an edited item"),
        pytest.param(CAUSES["tools_changed"], 0, id="up to an edited tool"),
    ],
)
def test_reusable_is_what_stands_unchanged_at_the_head(given: dict[str, Any], expected: int | None) -> None:
    found = after(**given).reusable

    assert found == expected if expected is not None else 0 < (found or 0) < 5000


def test_what_was_sent_again_is_what_could_have_been_read() -> None:
    assert after(cached=4_000).resent == 16_000
    assert after(cached=20_000).resent == 0
    assert after(tokens=10_000, cached=1_000).resent == 9_000
    assert (after(cached=None).is_miss, after(cached=None).resent) == (False, 0)


def test_what_is_new_was_not_sent_again() -> None:
    """A turn that goes back and then says much has its predecessor's head to read, and no more."""
    went_back = after(items=[*ITEMS[:3], user("x" * 9_000)], cached=7_000, tokens=30_000)
    pruned = after(items=[*ITEMS[:3], user("x"), *ITEMS[4:7]], cached=7_000)

    assert went_back.name == pruned.name == "input_changed"
    assert went_back.resent == (went_back.reusable or 0) - 7_000
    assert (pruned.reusable or 0) < pruned.resent + 7_000 < 20_000


@pytest.mark.parametrize("change", [{"model": "n"}, {"reasoning": {"effort": "high"}}, {"tools": [{"name": "u"}]}])
def test_what_a_changed_setting_kept_from_being_read_was_sent_again(change: Object) -> None:
    assert after(body=change, cached=0).resent > 15_000


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_can_be_told_before_the_turn_is_sent(name: str) -> None:
    given = dict(CAUSES[name])
    load = given.pop("load", 1)
    first, mine = two(took=None, **given)
    expected = {"key_replaced": None, "transport_changed": None}.get(name, name)

    found = predicted(replace(mine, echoed_key=None), match(mine, first), load)

    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("given", "begins"),
    [
        (
            {"cached": 9_000},
            "cold: no earlier turn of this conversation is known; 9,000 tokens were read all the same;",
        ),
        ({"cached": 0}, "cold: no earlier turn of this conversation is known;"),
        ({"tokens": 100}, "below_minimum: 100 input tokens are fewer than the 1,024 from which on anything is cached;"),
        ({"tokens": None}, "no_usage: the turn ended without usage counters:"),
        ({"tokens": None, "status": 400}, "rejected: the backend answered with status 400;"),
    ],
)
def test_a_verdict_on_a_turn_that_was_not_read_says_why_it_was_not(given: dict[str, Any], begins: str) -> None:
    """What others had sent is not known of it either."""
    verdict = str(judged(record(1, [], unread="it is not JSON", complete=False, **given), None))

    assert verdict.startswith(begins)
    assert verdict.endswith("; its request was not read: it is not JSON")


@pytest.mark.parametrize(
    ("before", "tokens", "items"),
    [
        pytest.param(ITEMS[:7], 20_000, ITEMS, id="a pure append"),
        pytest.param(ITEMS[:7], 20_000, ITEMS[:3], id="a turn that goes back"),
        pytest.param(LONG, 100_000, [*LONG[:98], user("x")], id="an edit near the end"),
    ],
)
def test_nothing_is_predicted_for(before: list[Json], tokens: int, items: list[Json]) -> None:
    first, mine = record(1, before, tokens=tokens), record(2, items, at=10.0, took=None)

    assert predicted(mine, match(mine, first), 1) is None
