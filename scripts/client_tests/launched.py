"""The stage of a case in which the launcher sees to the proxy and to what a client has to know of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client_tests.programs import ended
from client_tests.stage import SCRIPTS, Stage, backend


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedStage(Stage):
    """A backend, and for each run of a client a proxy of its own; `runs` has what was said beside each client."""

    connect_port: int
    ca_file: str
    runs: list[str] = field(default_factory=list)

    def output(self, command: list[str], work: Path, **more: str) -> str:
        """Runs a client by the launcher, as a person would."""
        out, errors = ended([str(SCRIPTS / "run"), *self.options(), "--", *command], work, self.environment() | more)
        self.runs.append(errors)
        return out

    def options(self) -> list[str]:
        """Returns what leads the launcher's proxy to the backend."""
        mode = ["--mode", f"upstream:http://127.0.0.1:{self.connect_port}"]
        settings = {
            "ssl_verify_upstream_trusted_ca": self.ca_file,
            "codex_journal": self.room / "journal.jsonl",
        }
        return mode + [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]

    def environment(self) -> dict[str, str]:
        """Returns what a user's shell knows; what is not encrypted would leave this machine, and has nowhere to go."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.room),
            "HTTP_PROXY": f"http://127.0.0.1:{self.connect_port}",
        }


@contextmanager
def set_launched_stage(room: Path) -> Iterator[LaunchedStage]:
    """Starts the backend, which ends with the block."""
    with backend(room) as ready:
        yield LaunchedStage(
            room=room,
            way="regular",
            transport="websocket",
            ports={},
            connect_port=ready["connect_port"],
            ca_file=ready["ca_file"],
        )
