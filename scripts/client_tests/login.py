"""A made-up login, whose claims the clients read without checking the signature, and a check that none of it leaks."""

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

ACCOUNT = "11111111-2222-4333-8444-555555555555"
USER = "user-made-up"
MAIL = "someone@example.com"
A_DAY = 86_400

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:ses|resp|msg|call)_\w+")
"""Accounts, sessions, threads, installations, responses: all that clients and backends name by an id."""


def codex_login() -> dict[str, Any]:
    """Return the login as `codex login` would leave it."""
    tokens = {"id_token": token(), "access_token": token(), "refresh_token": "made-up", "account_id": ACCOUNT}
    last_refresh = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": last_refresh}


def oauth_login() -> dict[str, Any]:
    """Return the login as opencode and pi keep it."""
    expires = (int(time.time()) + A_DAY) * 1000
    return {"type": "oauth", "access": token(), "refresh": "made-up", "expires": expires, "accountId": ACCOUNT}


def write_private(file: Path, content: Any) -> None:
    """Write a JSON file that only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))


def token() -> str:
    """Return a bearer token that says who the user is and is good for a day."""
    about_user = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "pro", "chatgpt_user_id": USER}
    claims = {"email": MAIL, "sub": USER, "exp": int(time.time()) + A_DAY, "https://api.openai.com/auth": about_user}
    parts = map(json.dumps, ({"alg": "RS256", "typ": "JWT"}, claims, "made-up"))
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def assert_nothing_private(log: str, *words: str) -> None:
    """Neither ids nor credentials nor these words are in a text."""
    assert _ID.findall(log) == []
    header, claims, _ = token().split(".")
    for secret in (ACCOUNT, USER, MAIL, "made-up", header, claims[:40], *words):
        assert secret not in log
