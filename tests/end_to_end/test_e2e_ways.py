"""Every way in, each with a real mitmdump, the embedded backend, and a client that knows of nothing."""

from pathlib import Path

import pytest
from codex_ways import __main__ as program
from codex_ways import transparent, ways
from codex_ways.ways import NotShown, judged
from embedded_backend import Received
from toolkit.conversation import Usage

SEEN = "each conversation kept its key, and from its second turn on came from the cache: 97% by HTTP, 97% by WebSocket"


@pytest.mark.parametrize("name", ways.WAYS)
async def test_a_conversation_keeps_its_key_by(name: str, tmp_path: Path) -> None:
    """HTTP without any identity, WebSocket with a session that the backend does not read."""
    assert await ways.show(name, tmp_path) == SEEN


async def test_a_conversation_keeps_its_key_by_transparent_mode(tmp_path: Path) -> None:
    """In network namespaces, where the kernel lets them be made."""
    try:
        seen = await transparent.show(tmp_path)
    except transparent.Forbidden as reason:
        pytest.skip(f"transparent mode cannot be shown on this machine: {reason}")

    assert seen == SEEN


@pytest.mark.skipif(not Path("/proc/self/ns/net").exists(), reason="network namespaces are Linux's")
async def test_nothing_is_left_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The namespaces have no name, and end with their processes."""
    monkeypatch.setenv("CODEX_WAYS_TEST", str(tmp_path))
    (tmp_path / "proxy").touch()
    with pytest.raises((transparent.Forbidden, NotShown)):
        await transparent.show(tmp_path)

    assert _processes_of(tmp_path) == []


def _processes_of(home: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue  # it has ended, or is another user's
    return found


@pytest.mark.parametrize(
    "command", [["unshare", "--nonsense"], ["sh", "-c", "echo unshare: unshare failed: no >&2; exit 1"]]
)
async def test_a_kernel_that_forbids_it_is_told_apart_from_a_failure(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it said."""
    monkeypatch.setattr(transparent, "missing", lambda: "")
    monkeypatch.setattr(transparent, "unshared", lambda: command)
    with pytest.raises(transparent.Forbidden, match=r"^the kernel forbids it: unshare: "):
        await transparent.show(tmp_path)


async def test_what_has_to_be_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that does it."""
    monkeypatch.setattr(transparent, "NEEDED", {"no-such-program": "no-such-package"})
    with pytest.raises(transparent.Forbidden, match=r"^it needs no-such-package: apt-get install no-such-package$"):
        await transparent.show(tmp_path)


async def test_the_program_has_a_line_for_each_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And tells what the machine forbids from what did not work."""

    async def fail(*_: object) -> str:
        raise NotShown("two keys")

    async def forbid(*_: object) -> str:
        raise transparent.Forbidden("no")

    monkeypatch.setattr(ways, "show", fail)
    monkeypatch.setattr(transparent, "show", forbid)

    assert [await program.shown(name, tmp_path) for name in ("regular", "transparent")] == [False, True]
    assert capsys.readouterr().out.splitlines() == [
        "regular      it did not work: two keys",
        "transparent  not shown on this machine: no",
    ]


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("reverse", 2)])
def test_a_question_or_a_strange_word_shows_nothing(
    argument: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main([argument])

    assert ended.value.code == status
    assert "usage: scripts/ways-in" in "".join(capsys.readouterr())


def turn(key: str, header: str) -> Received:
    headers = (("session-id", header), ("session_id", header))
    body = b'{"prompt_cache_key":"%s"}' % key.encode()
    return Received(kind="request", host="chatgpt.com", method="POST", path="/", headers=headers, body=body)


WARM = [Usage(100, 0), Usage(100, 97)]


@pytest.mark.parametrize(
    ("received", "counters"),
    [
        ([turn("a", "a"), turn("a", "b")], WARM),
        ([turn("a", "a"), turn("b", "b")], WARM),
        ([turn("a", "a"), turn("a", "a")], [Usage(100, 0), Usage(100, 0)]),
    ],
)
def test_what_proves_nothing_is_not_taken_for_proof(received: list[Received], counters: list[Usage]) -> None:
    """Places that disagree, a key that changes, a cold cache."""
    with pytest.raises(NotShown):
        judged({"HTTP": counters}, received)
