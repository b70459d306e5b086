"""pip-audit asks a database about each locked package; it is told the versions, and resolves nothing by itself.

A package that the database does not know, it only skips: a mirror of the index that has no advisories would make all
look well. So what was skipped is kept.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATABASES = {"osv": "OSV", "pypi": "the Python package index"}
"""Whom pip-audit can ask without an account, and what they are called."""

_AWAY = re.compile(r"Connect|Timeout|HTTPError|SSLError|ServiceError|network")


class Broken(Exception):
    """pip-audit did not work, for another reason than the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A known vulnerability of a package; `names` are its ids in all databases."""

    package: str
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a database knows: `asked` packages were looked up, the `skipped` ones it does not know at all."""

    database: str
    asked: int
    skipped: tuple[str, ...]
    advisories: tuple[Advisory, ...]


def ask(database: str, pins: Mapping[str, str]) -> Answer | None:
    """Return the answer about these versions, or None if the database cannot be reached. Raises Broken."""
    with tempfile.TemporaryDirectory() as folder:
        # Without hashes and markers: what is for other systems is asked about as well.
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
        how = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "-f", "json", "-s", database]
        command = [sys.executable, "-m", "pip_audit", *how, "-r", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return _read(database, done.stdout, done.stderr)


def _read(database: str, out: str, errors: str) -> Answer | None:
    """Return what pip-audit wrote; without an answer, its last words tell an absent network from a fault."""
    try:
        packages = json.loads(out)["dependencies"]
    except (ValueError, LookupError, TypeError):
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        if _AWAY.search(last):
            return None
        raise Broken(f"pip-audit did not work: {last}") from None
    return Answer(
        database=DATABASES[database],
        asked=len(packages),
        skipped=tuple(each["name"] for each in packages if "skip_reason" in each),
        advisories=tuple(_advisory(each, found) for each in packages for found in each.get("vulns", ())),
    )


def _advisory(package: Mapping[str, Any], found: Mapping[str, Any]) -> Advisory:
    return Advisory(
        package=f"{package['name']} {package['version']}",
        names=(found["id"], *found["aliases"]),
        fixed_in=tuple(found["fix_versions"]),
    )
