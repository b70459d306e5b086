"""A script for mitmproxy: its clock shows the recorded day, and the view "Codex cache" comes before all others."""

import time

from mitmproxy import contentviews

_NOW = 1_772_532_260  # 2026-03-03 10:04:20 in UTC
time.time = lambda: float(_NOW)
time.time_ns = lambda: _NOW * 10**9


class _CacheViewFirst:
    def running(self) -> None:
        view = type(contentviews.registry["codex cache"])
        view.render_priority = lambda *_: 2.0  # type: ignore[method-assign]


addons = [_CacheViewFirst()]
