"""What pip-audit answers, from a database on loopback that speaks as the real one does."""

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from codex_audit.asking import Advisory, Broken, ask
from support.programs import free_port

FOUND = {
    "id": "GHSA-1",
    "aliases": ["CVE-1"],
    "summary": "A hole.",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}
"""An advisory in the format of OSV."""


@contextlib.contextmanager
def database(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """Run a database that knows FOUND of one package; yield its address and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            known = {"vulns": [FOUND]} if asked[-1]["package"]["name"] == "leaky" else {}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(known).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to loopback leads through nobody."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_each_package_is_asked_about_and_what_is_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with database() as (address, asked):
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", address)
        answer = ask("osv", {"leaky": "1.0", "tight": "2.0"})

    assert answer is not None
    assert (answer.database, answer.asked, answer.skipped) == ("OSV", 2, ())
    assert answer.advisories == (Advisory(package="leaky 1.0", names=("CVE-1", "GHSA-1"), fixed_in=("1.1",)),)
    assert [(each["package"]["name"], each["version"]) for each in asked] == [("leaky", "1.0"), ("tight", "2.0")]


def test_a_database_that_is_not_there_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{free_port()}")

    assert ask("osv", {"tight": "2.0"}) is None


def test_a_database_that_refuses_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with database(status=503) as (address, _):
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", address)
        assert ask("osv", {"tight": "2.0"}) is None


def written(monkeypatch: pytest.MonkeyPatch, out: str, errors: str = "") -> None:
    """Let pip-audit write this."""
    done: subprocess.CompletedProcess[str] = subprocess.CompletedProcess([], 0, out, errors)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


def test_what_a_database_does_not_know_is_not_taken_for_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-audit itself is content with it."""
    packages = [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]
    written(monkeypatch, json.dumps({"dependencies": packages, "fixes": []}))
    answer = ask("pypi", {"a": "1", "b": "1"})

    assert answer is not None
    assert (answer.asked, answer.skipped) == (2, ("b",))


@pytest.mark.parametrize(
    ("errors", "said"), [("No module named pip_audit", "No module named pip_audit"), ("", "nothing")]
)
def test_another_fault_is_not_taken_for_an_absent_network(
    monkeypatch: pytest.MonkeyPatch, errors: str, said: str
) -> None:
    written(monkeypatch, "", errors)

    with pytest.raises(Broken, match=f"^pip-audit did not work: .*{said}"):
        ask("osv", {"a": "1"})
