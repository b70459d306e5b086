"""A made-up login: the clients read its claims and do not check the signature."""

import base64
import json
import time
from pathlib import Path
from typing import Any

ACCOUNT = "11111111-2222-4333-8444-555555555555"


def write_login(codex_home: Path) -> None:
    """Writes the auth.json that `codex login` would leave."""
    codex_home.mkdir(parents=True, exist_ok=True)
    file = codex_home / "auth.json"
    file.touch(mode=0o600)
    tokens = {"id_token": token(), "access_token": token(), "refresh_token": "made-up", "account_id": ACCOUNT}
    last_refresh = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    file.write_text(json.dumps({"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": last_refresh}))


def token(user: str = "user-made-up") -> str:
    """Returns a bearer token that says who the user is and is good for a day."""
    about_user = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "pro", "chatgpt_user_id": user}
    claims = {
        "email": "someone@example.com",
        "sub": user,
        "exp": int(time.time()) + 86_400,
        "https://api.openai.com/auth": about_user,
    }
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(claims), part("made-up")])


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
