"""What the README promises is what the suite holds it to."""

import re
from pathlib import Path

from codex_faults.catalogue import catalogue

README = Path(__file__).parents[2] / "README.md"


def reliability() -> str:
    """Return the README's section."""
    return README.read_text(encoding="utf-8").partition("\n## Reliability\n")[2].partition("\n## ")[0]


def test_the_readme_promises_for_each_fault_what_the_suite_checks() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", reliability(), re.MULTILINE)

    assert rows == [(fault.name, fault.promise) for fault in catalogue().values()]


def test_the_readme_names_the_command() -> None:
    assert "`./scripts/faults`" in reliability()
