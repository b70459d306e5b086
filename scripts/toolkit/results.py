"""Results files: JSON that says of which format it is, when it was made, and on what."""

import datetime
import os
import platform
from importlib.metadata import version

import orjson


def to_json(format_number: int, **content: object) -> bytes:
    """Return a results file's text. Dataclasses become objects; the rest has to be what JSON has."""
    packages = {name: version(name) for name in ("mitmproxy", "orjson")}
    system = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
    machine = {"python": platform.python_version(), **packages, **system}  # nothing that names it
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    document = {"format": format_number, "made": made, "machine": machine, **content}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
