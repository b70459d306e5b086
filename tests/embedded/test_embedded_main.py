"""The embedded backend as a program."""

import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import orjson
import pytest
from embedded_backend import Received
from embedded_backend.__main__ import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_it_serves_and_records_until_it_is_told_to_end(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    command = [sys.executable, "-m", "embedded_backend", "--home", str(tmp_path), "--record", str(record)]
    with subprocess.Popen(command, cwd=SCRIPTS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        trust = ssl.create_default_context(cafile=ready["ca_file"])
        httpx.get(f"https://127.0.0.1:{ready['port']}/a?b", verify=trust)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=10) == 0
    assert [Received.from_line(line).path for line in record.read_bytes().splitlines()] == ["/a?b"]


def test_a_rule_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such rule: nonsense"):
        main(["--home", str(tmp_path), "--set", "nonsense=1"])
