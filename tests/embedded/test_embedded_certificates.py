"""The backend's CA and leaves."""

import ssl
import stat
from pathlib import Path

import pytest
from embedded_backend.certificates import Authority


def _shake_hands(server: ssl.SSLContext, authority: Authority, name: str) -> None:
    client = ssl.create_default_context(cafile=str(authority.ca_file))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize("name", ["chatgpt.com", "gov.chatgpt.com", "localhost", "127.0.0.1", "a.example", "b.test"])
def test_a_client_that_trusts_the_ca_reaches_any_name(name: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    _shake_hands(authority.context(), authority, name)


def test_a_restart_reuses_the_files(tmp_path: Path) -> None:
    Authority(tmp_path).context()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    Authority(tmp_path).context()

    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    Authority(tmp_path).context()

    assert {0o600} == {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ca.key", "leaf.pem")}


def test_another_ca_is_not_trusted(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "one"), Authority(tmp_path / "two")

    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(authority.context(), other, "chatgpt.com")
