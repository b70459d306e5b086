#!/bin/sh
# smolagents-codex 0.1.1: each request of one model object has another prompt cache key, another session and another thread.
#
# A `CodexOAuthModel` sends the official client's headers and a `prompt_cache_key`. A good guess is that they stay as long as
# the model object, since what they are for is that the next request of a conversation finds the cache of the one before,
# and since the window id, made up in the same place, does stay. Seen instead: key, session and thread are new in each
# request, also where the messages go on with those of the request before; so that nothing can be read from the cache.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install smolagents-codex==0.1.1
cat >"$folder/seen.py" <<'PYTHON'
import base64
import json
import time
from importlib.metadata import version
from pathlib import Path

import httpx
from smolagents_codex import CodexOAuthModel
from smolagents_codex.client import CodexResponsesClient


def token():
    claims = {"exp": int(time.time()) + 3600, "https://api.openai.com/auth": {"chatgpt_account_id": "made-up"}}
    parts = [json.dumps(each).encode() for each in ({"alg": "RS256"}, claims, "made-up")]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


file = Path.home() / ".smolagents-codex" / "credentials.json"
file.parent.mkdir(parents=True)
login = {"id_token": token(), "access_token": token(), "refresh_token": "made-up", "account_id": "made-up"}
file.write_text(json.dumps(login | {"expires_at": int(time.time()) + 3600}))
file.chmod(0o600)
seen = []


def answer(request):
    """Answer in the place of the backend, within this process."""
    seen.append((json.loads(request.content)["prompt_cache_key"], request.headers))
    text = {"type": "output_text", "text": "Good day.", "annotations": []}
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12, "input_tokens_details": {"cached_tokens": 0}}
    response = {"id": "r", "object": "response", "status": "completed", "output": [item], "usage": usage}
    events = [
        {"type": "response.output_text.delta", "delta": "Good day."},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body)


client = CodexResponsesClient(client=httpx.Client(transport=httpx.MockTransport(answer)))
model = CodexOAuthModel("gpt-5.5", client=client)
history = [{"role": "user", "content": "Good day to you."}]
for _ in range(3):
    history.append({"role": "assistant", "content": model.generate(history).content})
    history.append({"role": "user", "content": "Go on."})

counts = {"prompt_cache_key": len({key for key, _ in seen})}
counts |= {name: len({headers[name] for _, headers in seen}) for name in ("session-id", "thread-id", "x-codex-window-id")}
print("smolagents-codex", version("smolagents-codex"))
print(f"{len(seen)} requests of one conversation; different values of each:", counts)
assert counts == {"prompt_cache_key": 3, "session-id": 3, "thread-id": 3, "x-codex-window-id": 1}, "This has changed."
PYTHON
HOME="$folder" "$folder/venv/bin/python" "$folder/seen.py"
