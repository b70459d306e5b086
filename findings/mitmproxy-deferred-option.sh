#!/bin/sh
# mitmproxy 12.2.3: an option that was given before the addon that declares it is taken over silently.
#
# A program that builds a DumpMaster can give the options of addons that are still to come, by `update_defer`. A good
# guess is that such an addon is configured with them as it is added, as a script is: the documentation says that
# `configure` is called during startup with all options in the updated set. Seen instead: once `addons.add` returns, the
# option has the deferred value, and `configure` was not called, then or when the master runs. An addon that keeps what it
# read in `configure` goes on with its default, while `master.options` says otherwise. A later `options.update` of any
# option that changes its value calls it, with that option alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install mitmproxy==12.2.3
cat >"$folder/seen.py" <<'PYTHON'
import asyncio
import importlib.metadata

from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster


class Colour:
    def __init__(self):
        self.updates = []

    def load(self, loader):
        loader.add_option("colour", str, "red", "A colour.")

    def configure(self, updated):
        self.updates.append(sorted(updated & {"colour", "anticache"}))


async def seen():
    given = options.Options(listen_host="127.0.0.1", listen_port=0)
    master = DumpMaster(given, with_termlog=False, with_dumper=False)
    given.update_defer(colour="blue")
    colour = Colour()
    master.addons.add(colour)
    added = given.colour, list(colour.updates)
    running = asyncio.create_task(master.run())
    while not master.addons.get("proxyserver").listen_addrs():
        await asyncio.sleep(0.01)
    started = list(colour.updates)
    given.update(anticache=True)
    changed = list(colour.updates)
    master.shutdown()
    await running
    return added, started, changed


found = asyncio.run(seen())
print("mitmproxy", importlib.metadata.version("mitmproxy"))
print("added: the option is %r, configure was called with %r" % found[0])
print("started: configure was called with %r" % (found[1],))
print("another option changed: configure was called with %r" % (found[2],))
assert found == (("blue", []), [], [["anticache"]]), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
