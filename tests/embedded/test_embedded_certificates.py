"""The backend's CA and leaves."""

import ssl
import stat
from pathlib import Path

import pytest
from embedded_backend.certificates import Authority


def shake_hands(server: ssl.SSLContext, trusted: Authority, name: str) -> None:
    """Let a client that trusts an authority reach a server. Raises SSLCertVerificationError."""
    client = ssl.create_default_context(cafile=str(trusted.ca_file))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(down, up, server_hostname=name)
    far = server.wrap_bio(up, down, server_side=True)
    for side in (near, far, near, far):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize("name", ["chatgpt.com", "gov.chatgpt.com", "localhost", "127.0.0.1", "a.example", "b.test"])
def test_a_client_that_trusts_the_ca_reaches_any_name(name: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.context()
    shake_hands(server, authority, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, Authority(tmp_path / "other"), name)


def test_the_ca_is_the_same_after_a_restart(tmp_path: Path) -> None:
    before = Authority(tmp_path)
    trusted = before.ca_file.read_bytes()
    after = Authority(tmp_path)
    shake_hands(after.context(), before, "chatgpt.com")

    assert after.ca_file.read_bytes() == trusted


def test_the_key_is_for_its_owner_alone_and_not_in_the_file_for_clients(tmp_path: Path) -> None:
    Authority(tmp_path).context()

    assert {file.name for file in tmp_path.iterdir()} == {"ca.key", "ca.pem"}
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    assert b"PRIVATE KEY" not in (tmp_path / "ca.pem").read_bytes()
