"""The files of CAs."""

import ssl
import stat
from pathlib import Path

import pytest
from codex_run.trust import Bundles, bundles_in, certificates, write_client, write_upstream


def made(path: Path, *names: str) -> Path:
    """Write a file with something that looks like a certificate for each name."""
    path.write_text("".join(f"# {name}\n{pem(name)}\n" for name in names))
    return path


def pem(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


def names_in(path: Path) -> list[str]:
    return [found.decode().splitlines()[1] for found in certificates(path)]


@pytest.fixture
def bundles(tmp_path: Path) -> Bundles:
    """The bundles of a launcher."""
    (tmp_path / "room").mkdir()
    return bundles_in(tmp_path / "room")


def written(bundles: Bundles, user: dict[str, str], ca_file: Path) -> tuple[list[str], list[str], list[str]]:
    write_upstream(bundles, user)
    write_client(bundles, user, ca_file)
    return names_in(bundles.whole), names_in(bundles.added), names_in(bundles.upstream)


def test_the_users_cas_are_kept_and_the_proxys_is_added(tmp_path: Path, bundles: Bundles) -> None:
    user = {
        "SSL_CERT_FILE": str(made(tmp_path / "a", "one", "two")),
        "REQUESTS_CA_BUNDLE": str(made(tmp_path / "b", "two", "three")),
        "NODE_EXTRA_CA_CERTS": str(made(tmp_path / "c", "four")),
    }
    whole, added, upstream = written(bundles, user, made(tmp_path / "ca", "ours"))

    assert whole == ["one", "two", "three", "four", "ours"]
    assert added == ["four", "ours"]
    assert upstream == ["one", "two", "three", "four"]


def test_without_any_of_the_users_it_is_the_systems(tmp_path: Path, bundles: Bundles) -> None:
    """A file that is not there counts as none."""
    write_upstream(bundles, {"SSL_CERT_FILE": str(tmp_path / "missing")})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundles.upstream)

    assert len(context.get_ca_certs()) > 10


def test_a_folder_of_cas_is_read_file_by_file(tmp_path: Path, bundles: Bundles) -> None:
    folder = tmp_path / "certs"
    (folder / "below").mkdir(parents=True)
    made(folder / "a.pem", "one")
    made(folder / "b.pem", "two")

    assert written(bundles, {"REQUESTS_CA_BUNDLE": str(folder)}, made(tmp_path / "ca", "ours"))[0] == [
        "one",
        "two",
        "ours",
    ]


def test_a_key_beside_a_certificate_is_not_taken_over(tmp_path: Path, bundles: Bundles) -> None:
    mixed = tmp_path / "mixed.pem"
    mixed.write_text(f"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n{pem('one')}\n")
    write_upstream(bundles, {"SSL_CERT_FILE": str(mixed)})

    assert bundles.upstream.read_text() == f"{pem('one')}\n"


def test_only_the_user_can_read_the_files(tmp_path: Path, bundles: Bundles) -> None:
    written(bundles, {}, made(tmp_path / "ca", "ours"))

    assert {stat.S_IMODE(file.stat().st_mode) for file in bundles.whole.parent.iterdir()} == {0o600}
