"""A made-up login: the clients read its claims and do not check the signature."""

import base64
import json
import time
from pathlib import Path
from typing import Any

ACCOUNT = "11111111-2222-4333-8444-555555555555"
USER = "user-made-up"
MAIL = "someone@example.com"
A_DAY = 86_400


def write_codex_login(codex_home: Path) -> None:
    """Writes the auth.json that `codex login` would leave."""
    tokens = {"id_token": token(), "access_token": token(), "refresh_token": "made-up", "account_id": ACCOUNT}
    last_refresh = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_private(codex_home / "auth.json", {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": last_refresh})


def oauth_login() -> dict[str, Any]:
    """Returns the login as opencode and pi keep it."""
    expires = (int(time.time()) + A_DAY) * 1000
    return {"access": token(), "refresh": "made-up", "expires": expires, "accountId": ACCOUNT}


def write_private(file: Path, content: Any) -> None:
    """Writes a JSON file that only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(content))


def token(user: str = USER) -> str:
    """Returns a bearer token that says who the user is and is good for a day."""
    about_user = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "pro", "chatgpt_user_id": user}
    claims = {
        "email": MAIL,
        "sub": user,
        "exp": int(time.time()) + A_DAY,
        "https://api.openai.com/auth": about_user,
    }
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(claims), part("made-up")])


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
