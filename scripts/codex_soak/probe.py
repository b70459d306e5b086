"""An addon that looks at the proxy from within, whenever it is asked to.

It calls the soak at its socket (option `soak_socket`) once the proxy is up. Each question is a line, and so is the
answer; with `{"bounds": {...}}` these bounds are put in the place of the memories' own.
"""

import asyncio
import gc
from typing import Any

import orjson
from mitmproxy import addonmanager, ctx

from codex_soak import census, memories


class Probe:
    """Answers questions about the process."""

    name = "soak_probe"

    def load(self, loader: addonmanager.Loader) -> None:
        loader.add_option("soak_socket", str, "", "The socket at which the soak asks.")

    async def running(self) -> None:
        reader, self._writer = await asyncio.open_unix_connection(ctx.options.soak_socket)
        self._task = asyncio.create_task(self._answer(reader), name="soak probe")

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            try:
                seen = answer(orjson.loads(line))
            except (AttributeError, KeyError) as error:  # the addon's memories are not what they were
                seen = {"fault": f"{type(error).__name__}: {error}"}
            self._writer.write(orjson.dumps(seen, option=orjson.OPT_APPEND_NEWLINE))


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be seen now. Objects are counted once those have gone that nobody needs."""
    memory = {"memory": census.resident()}
    gc.unfreeze()  # what the addon had left out is looked at as well
    gc.collect()
    found = census.objects()
    known = memories.find(found)
    for name, limit in question.get("bounds", {}).items():
        known[name].put(limit)
    sizes = {name: {"size": one.size(), "limit": one.limit()} for name, one in known.items()}
    seen = {"objects": len(found), "types": census.by_type(found), "memories": sizes, "tasks": census.tasks()}
    return memory | census.vitals() | seen


addons = [Probe()]
