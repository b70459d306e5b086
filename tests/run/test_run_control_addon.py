"""What the launcher's addon keeps of the warnings in mitmproxy."""

import logging

import codexcache
from codex_run.in_proxy.control_addon import Warnings
from codexcache.hooks import connection_stats


def test_a_warning_of_any_module_is_kept_once_but_for_what_the_report_says_of_connections() -> None:
    warnings, addons = Warnings(), logging.getLogger(codexcache.__name__)
    addons.addHandler(warnings)
    for sentence in ("one", "two", "one"):
        addons.getChild("any").warning(sentence)
    addons.getChild("any").info("unimportant")
    logging.getLogger("mitmproxy").warning("foreign")
    connection_stats.logger.warning("a client does not trust the CA")
    addons.removeHandler(warnings)

    assert [warnings.take() for _ in range(2)] == [["one", "two"], []]
