"""Copies of flows that can be passed on: without credentials, in a file that only its owner can read."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mitmproxy import flow, http, io

from .redact import take_out_secrets


def export(flows: Iterable[flow.Flow], path: Path) -> int:
    """Write copies of HTTP flows without their secret header fields; return how many there were. Raises OSError.

    The file appears under its name only when it is whole.
    """
    copies = [redacted_copy(each) for each in flows if isinstance(each, http.HTTPFlow)]
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            writer = io.FlowWriter(file)
            for each in copies:
                writer.add(each)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return len(copies)


def redacted_copy(original: http.HTTPFlow) -> http.HTTPFlow:
    """Return a copy of a flow, with its id, so that turns still name their predecessors, and without its secrets."""
    copy = http.HTTPFlow.from_state(original.get_state())
    assert isinstance(copy, http.HTTPFlow)
    take_out_secrets(copy)
    return copy
