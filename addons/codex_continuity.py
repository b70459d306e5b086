"""Keep the prompt cache of the Codex backend working for any client.

    mitmdump -s addons/codex_continuity.py
    HTTPS_PROXY=http://127.0.0.1:8080 your-coding-agent

Every turn to chatgpt.com/backend-api/codex leaves with one stable key: in the body's `prompt_cache_key`, and in
the headers `session-id` and `session_id`. `stream_options`, which the backend refuses, is removed. Nothing else is
changed, and no other host is looked at. `mitmproxy` and `mitmweb` take the addon in the same way.

    --set codex_mode=observe     changes nothing: the kill switch
    --set codex_mode=pin         holds a client to its conversation's first key

The other options are in the README and in `mitmdump --options -s addons/codex_continuity.py`.
"""

from __future__ import annotations  # the Python may be an older one, and is to hear so in a sentence

import logging
import sys

from mitmproxy import version

for _name in [name for name in sys.modules if name.partition(".")[0] == "codexcache"]:
    del sys.modules[_name]  # mitmproxy reloads this file alone; what it stands on has to follow


def _unmet_needs() -> str | None:
    try:
        from codexcache.install_hints import unmet_needs
    except ModuleNotFoundError:
        return f"{__file__} needs the folder codexcache next to it: copy the two together."
    return unmet_needs(version.VERSION)


_sentence = _unmet_needs()
if _sentence is None:
    from codexcache.addon import CodexContinuity

    addons = [CodexContinuity()]
elif int(version.VERSION.partition(".")[0]) < 9:
    raise RuntimeError(_sentence)  # up to mitmproxy 8, only an exception ends it
else:
    logging.getLogger(__name__).error(_sentence)  # at the start, an error ends mitmproxy
    addons = []
