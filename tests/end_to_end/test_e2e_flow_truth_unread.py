"""Turns that pass unread have a row, and digests leave only with the body that they are of."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Network
from support.client import Field
from support.neighbours import CACHED, INPUT, REFUSED, Runs, counted, post
from support.talks import asked
from support.upstream import responding, streaming, whole
from support.wire import body, event, said


@pytest.fixture
def runs(net: Network, tmp_path: Path) -> Runs:
    return Runs(net, tmp_path / "journal.jsonl")


# Digests of a body.


DIGESTS = [
    ("Content-MD5", "x"),
    ("digest", "sha-256=x"),
    ("Content-Digest", "sha-256=:x:"),
    ("repr-digest", "sha-256=:x:"),
]


@pytest.mark.parametrize(
    ("text", "is_edited"), [(body(), True), (body(stream_options={}), True), (body(prompt_cache_key="k"), False)]
)
async def test_digests_leave_only_with_the_body_that_they_are_of(
    runs: Runs, net: Network, text: bytes, is_edited: bool
) -> None:
    """They are named among what was changed; headers that are completed are no reason to remove them."""
    upstream = await net.upstream(streaming(counted()))
    await post(await runs.proxy(), text, ("x-session-id", "s"), *DIGESTS, ("x-digest", "y"))
    (row,) = await runs.rows()
    sent = {name.lower() for name, _ in upstream.last.fields}

    names = {name.lower() for name, _ in DIGESTS}
    assert (names & sent, "x-digest" in sent) == (set() if is_edited else names, True)
    assert (names & set(row["changed"]) == names) == is_edited  # type: ignore[arg-type]
    assert upstream.last.values("content-length") == [str(len(upstream.last.body))]


@pytest.mark.parametrize("settings", [{"codex_mode": "observe"}, None])
async def test_digests_stay_where_nothing_is_edited(runs: Runs, net: Network, settings: dict[str, Any] | None) -> None:
    """In observe, and without the addon."""
    upstream = await net.upstream()
    proxy = await runs.bare() if settings is None else await runs.proxy(**settings)
    await post(proxy, None, *DIGESTS)

    assert [field for field in upstream.last.fields if field in DIGESTS] == DIGESTS


# Turns that pass unread.


OK, NO = streaming(counted(9_000, 8_000)), responding(whole(b'{"error":{"code":"bad_request"}}', "400 Bad Request"))
SILENT = streaming(event("response.created"))
LONG = body(input="x" * 3_000)
UNREAD: dict[str, tuple[bytes, list[Field], dict[str, Any], str]] = {
    "not JSON": (b"hello", [], {}, "it is not JSON"),
    "not an object": (b"[1]", [], {}, "it is not a JSON object"),
    "damaged": (b"hello", [("content-encoding", "gzip")], {}, "its gzip encoding is damaged"),
    "an unknown coding": (
        body(),
        [("content-encoding", "odd")],
        {},
        "its content encoding is not one that is understood",
    ),
    "too large": (LONG, [], {"codex_body_limit": "2k"}, "it is over the size limit (option codex_body_limit)"),
    "streamed": (
        LONG,
        [],
        {"stream_large_bodies": "2k"},
        "it was sent before it could be read, by stream_large_bodies or another addon",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize(
    ("answer", "status", "verdict", "counters"),
    [
        (OK, 200, "cold", (9_000, 8_000)),
        (NO, 400, "rejected", (None, None)),
        (SILENT, 200, "no_usage", (None, None)),
    ],
)
async def test_a_turn_that_passes_unread_has_a_row(
    runs: Runs,
    net: Network,
    name: str,
    answer: Any,
    status: int,
    verdict: str,
    counters: tuple[int | None, int | None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It says what the response says, and why the request was not read; nothing is claimed of what it holds."""
    text, fields, settings, reason = UNREAD[name]
    upstream = await net.upstream(answer)
    others = {option: settings[option] for option in settings if not option.startswith("codex")}
    without = await post(await runs.bare(**others), text, ("session-id", "s"), *fields)
    with_addon = await post(await runs.proxy(**settings), text, ("session-id", "s"), *fields)
    (row,) = await runs.rows()

    assert with_addon.raw == without.raw
    assert upstream.requests[0].raw == upstream.requests[1].raw
    assert (row["status"], row["verdict"], row.get(INPUT), row.get(CACHED)) == (status, verdict, *counters)
    assert f"; its request was not read: {reason}" in str(row["because"])
    assert (row["changed"], row["model"], row["key"], row["predecessor"]) == ([], "", runs.pseudonym("s"), None)
    assert [f"passes unchanged: {reason}" in line for line in said(caplog)].count(True) == 1


async def test_no_turn_is_compared_with_one_that_passed_unread(runs: Runs, net: Network) -> None:
    """Of its prompt nothing is known, not that it was empty."""
    await net.upstream(streaming(counted(9_000, 0)))
    proxy = await runs.proxy()
    for text in (b"hello", body(input=asked("one")), b"hello", body(input=asked("one", "two"))):
        await post(proxy, text, ("session-id", "s"))
    rows = await runs.rows(4)

    assert [row["predecessor"] for row in rows] == [None, None, None, rows[1]["turn"]]


async def test_it_is_not_known_whose_the_parameter_is_that_an_unread_turn_is_refused_for(
    runs: Runs, net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """Who had put it there is not known."""
    await net.upstream(responding(REFUSED))
    await post(await runs.proxy(), b"hello")
    (row,) = await runs.rows()

    assert str(row["because"]).startswith("the backend answered with status 400")
    assert [line for line in said(caplog) if "codex_strip" in line] == []
