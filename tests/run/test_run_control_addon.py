"""What the launcher's addon keeps of the warnings in mitmproxy."""

import logging
from collections.abc import Iterator

import codexcache
import pytest
from codex_run.in_proxy.control_addon import Warnings
from codexcache.hooks import connection_stats


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    """A handler of the addon's loggers, as in a running proxy."""
    handler, logger = Warnings(), logging.getLogger(codexcache.__name__)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_warning_of_any_module_is_kept_once(warnings: Warnings) -> None:
    for sentence in ("one", "two", "one"):
        logging.getLogger(f"{codexcache.__name__}.any").warning(sentence)
    logging.getLogger(f"{codexcache.__name__}.any").info("unimportant")
    logging.getLogger("mitmproxy").warning("foreign")

    assert warnings.take() == ["one", "two"]
    assert warnings.take() == []


def test_what_the_report_says_of_connections_is_not_said_twice(warnings: Warnings) -> None:
    connection_stats.logger.warning("a client does not trust the CA")

    assert connection_stats.logger.name.startswith(f"{codexcache.__name__}.")
    assert warnings.take() == []
