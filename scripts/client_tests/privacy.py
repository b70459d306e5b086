"""What must not be in the proxy's log or the journal."""

import re

from client_tests.login import ACCOUNT, MAIL, USER, token

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:ses|resp|msg|call)_\w+")
"""Accounts, sessions, threads, installations, responses: all that clients and backends name by an id."""


def assert_nothing_private(said: str, *words: str) -> None:
    """Neither ids nor credentials nor these words are in a text."""
    assert ID.findall(said) == []
    head, claims, _ = token().split(".")
    for secret in (ACCOUNT, USER, MAIL, "made-up", head, claims[:40], *words):
        assert secret not in said
