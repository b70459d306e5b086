"""The rules before any cause, row by row, and what is foreseen of a turn that has not left."""

from typing import Any

import pytest
from codexcache.diagnosis.history import History, Sender
from codexcache.turn.record import Record
from codexcache.turn.rejected_params import Refusal
from support.records import NINE, after, judged, record, route, two


class Known(History):
    """A history that knows what it is told."""

    def __init__(
        self,
        makers: list[Record | None] | None = None,
        sibling: Record | None = None,
        attempt: Record | None = None,
        sender: Sender | None = None,
    ) -> None:
        super().__init__()
        self.known = makers or [], sibling, attempt, sender or Sender(None, False)

    def makers(self, record: Record) -> list[Record | None]:
        return self.known[0]

    def sibling(self, record: Record) -> Record | None:
        return self.known[1]

    def attempt(self, record: Record, beyond: int = 0) -> Record | None:
        return self.known[2]

    def sender(self, record: Record, beyond: int = 0) -> Sender:
        return self.known[3]


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
        (
            {"tokens": None, "ended": "cancelled"},
            "no_usage",
            f"{NO_COUNTERS}its client gave it up before its response ",
        ),
        ({"tokens": None, "ended": "cut"}, "no_usage", f"{NO_COUNTERS}its connection was lost before its "),
        ({"tokens": None, "cut_short": CUT_SHORT}, "no_usage", f"{NO_COUNTERS}{CUT_SHORT}"),
        ({"tokens": None, "status": 204}, "no_usage", f"{NO_COUNTERS}the backend answered with status 204 No Content"),
        ({"tokens": None, "status": 399}, "no_usage", f"{NO_COUNTERS}the backend answered with status 399"),
        ({"cached": None}, "no_usage", "the response does not say how many tokens were cached"),
        ({"cached": 20_001}, "no_usage", "its counters are inconsistent: 20,001 tokens cached of 20,000"),
        ({"tokens": 0}, "no_usage", "its counters say 0 input tokens, which no turn has"),
        ({"warm_up": True}, "warm_up", "it was sent ahead, without an answer, so that the next turn is quicker"),
        ({"warm_up": True, "tokens": 0}, "warm_up", "it was sent ahead, without an answer, so that the next turn is "),
        ({"tokens": 1023}, "below_minimum", "1,023 input tokens are fewer than the 1,024 from which on "),
        (
            {"before": 1024},
            "below_minimum",
            "at most 1,024 of its tokens had been sent before, which are too few to be surely cached",
        ),
        ({"cached": 19_000}, "hit", "19,000 tokens were read, of some 20,000 that could be"),
        (
            {"before": 20_000, "tokens": 30_000, "cached": 20_500},
            "hit",
            "20,500 tokens were read: all of its predecessor's 20,000, and more",
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
    mine = record(3, NINE, failed="invalid_encrypted_content", status=status, via=route(account="a"))
    verdict = judged(mine, None, history=Known(makers=makers))

    assert verdict.name == "rejected"
    assert f"(invalid_encrypted_content){known}" in verdict.because


def test_no_member_that_a_turn_needs_is_said_to_be_removable() -> None:
    assert after(status=400, refused=Refusal("tools", "client")).because.startswith(
        "the backend rejected the parameter 'tools' (status 400); no option removes it, because turns cannot do "
        "without it, so only the client can leave it out "
    )


def test_without_a_predecessor_a_turn_is_cold() -> None:
    verdict = judged(record(1, NINE), None)

    assert str(verdict) == "cold: no earlier turn of this conversation is known"
    assert (verdict.predecessor, verdict.reusable, verdict.resent, verdict.is_miss) == (None, None, 0, False)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({}, ", from an earlier run of this conversation or from another that shares its head"),
        ({"sender": Sender(None, True)}, ", which others had sent"),
        ({"sender": Sender(record(7), True)}, ", which turn 7 of another conversation had sent"),
        ({"attempt": record(8)}, ", which its own earlier attempt, turn 8, had sent"),
    ],
)
def test_what_a_cold_turn_read_is_said_to_be_of_whom_that_is_known_of(given: dict[str, Any], origin: str) -> None:
    verdict = judged(record(9, NINE, cached=9_000), None, history=Known(**given))

    assert str(verdict) == (
        f"cold: no earlier turn of this conversation is known; 9,000 tokens were read all the same{origin}"
    )


def test_a_conversation_that_begins_as_another_did_is_cold_and_says_so() -> None:
    assert judged(record(9, NINE), None, history=Known(sibling=record(7))).because.endswith(
        "; it shares the opening of turn 7"
    )


def test_more_than_the_predecessor_had_may_be_what_an_own_attempt_had_sent() -> None:
    first, mine = two(before=20_000, tokens=30_000, cached=25_000)

    assert judged(mine, first, history=Known(attempt=record(8))).because == (
        "25,000 tokens were read: all of its predecessor's 20,000, and more, which its own earlier attempt, turn 8, "
        "had sent"
    )


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
        pytest.param(3_000, 2_047, 0, "below_minimum", id="under 2,048 tokens may not be cached"),
        pytest.param(3_000, 2_048, 0, "upstream", id="2,048 tokens are"),
        pytest.param(3_000, 2_047, 1_023, "hit", id="and what was read was cached"),
        pytest.param(2_000, 1_000, 128, "hit", id="what was read was cached"),
    ],
)
def test_a_hit_is_told_by_the_smaller_of_both_inputs(tokens: int, before: int, cached: int, name: str) -> None:
    assert after(tokens=tokens, before=before, cached=cached).name == name


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
