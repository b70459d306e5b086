"""The files of CAs."""

import ssl
import stat
from pathlib import Path

import pytest
from codex_run.environment import ADDED, COMPLETE, UPSTREAM, certificates, write_client, write_upstream


def made(path: Path, *names: str) -> Path:
    """Write a file with something that looks like a certificate for each name."""
    path.write_text("".join(f"# {name}\n{pem(name)}\n" for name in names))
    return path


def pem(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


def names_in(path: Path) -> list[str]:
    return [found.decode().splitlines()[1] for found in certificates(path)]


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    """The launcher's folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def written(work_dir: Path, user: dict[str, str], ca_file: Path) -> tuple[list[str], list[str], list[str]]:
    write_upstream(work_dir, user)
    write_client(work_dir, user, ca_file)
    return names_in(work_dir / COMPLETE), names_in(work_dir / ADDED), names_in(work_dir / UPSTREAM)


def test_the_users_cas_are_kept_and_the_proxys_is_added(tmp_path: Path, work_dir: Path) -> None:
    user = {
        "SSL_CERT_FILE": str(made(tmp_path / "a", "one", "two")),
        "REQUESTS_CA_BUNDLE": str(made(tmp_path / "b", "two", "three")),
        "NODE_EXTRA_CA_CERTS": str(made(tmp_path / "c", "four")),
    }
    complete, added, upstream = written(work_dir, user, made(tmp_path / "ca", "proxy"))

    assert complete == ["one", "two", "three", "four", "proxy"]
    assert added == ["four", "proxy"]
    assert upstream == ["one", "two", "three", "four"]


def test_without_any_of_the_users_it_is_the_systems(tmp_path: Path, work_dir: Path) -> None:
    """A file that is not there counts as none."""
    write_upstream(work_dir, {"SSL_CERT_FILE": str(tmp_path / "missing")})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(work_dir / UPSTREAM)

    assert len(context.get_ca_certs()) > 10


def test_a_folder_of_cas_is_read_file_by_file(tmp_path: Path, work_dir: Path) -> None:
    folder = tmp_path / "certs"
    (folder / "below").mkdir(parents=True)
    made(folder / "a.pem", "one")
    made(folder / "b.pem", "two")

    assert written(work_dir, {"REQUESTS_CA_BUNDLE": str(folder)}, made(tmp_path / "ca", "proxy"))[0] == [
        "one",
        "two",
        "proxy",
    ]


def test_a_key_next_to_a_certificate_is_not_copied(tmp_path: Path, work_dir: Path) -> None:
    mixed = tmp_path / "mixed.pem"
    mixed.write_text(f"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n{pem('one')}\n")
    write_upstream(work_dir, {"SSL_CERT_FILE": str(mixed)})

    assert (work_dir / UPSTREAM).read_text() == f"{pem('one')}\n"


def test_only_the_user_can_read_the_files(tmp_path: Path, work_dir: Path) -> None:
    written(work_dir, {}, made(tmp_path / "ca", "proxy"))

    assert {stat.S_IMODE(file.stat().st_mode) for file in work_dir.iterdir()} == {0o600}
