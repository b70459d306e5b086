"""Misses by identity, routing and transport: the turn did not get to what was cached."""

from corpus.talk import AGENT, HTTP, NATIVE, NOTHING, WEBSOCKET, Headers, Talk, labelled, text, user

FLOOR = 4608
"""Tokens of tools and instructions, which many conversations share."""

KEYED: Headers = {"user-agent": "agent/1.0", "authorization": "Bearer token-1"}
"""A client without a session header."""


@labelled("the account rotates, the whole history stands again", "Soju06/codex-lb#2234")
def account_rotates(talk: Talk) -> None:
    talk.headers |= {"chatgpt-account-id": "account-1"}
    talk.turn("cold")
    talk.turn("hit")
    talk.headers |= {"chatgpt-account-id": "account-2"}
    talk.turn("account_changed", ["account_changed"], reads=NOTHING)
    talk.turn("hit")


@labelled("another user goes on with a conversation, with a session of his own", "Soju06/codex-lb#2234")
def user_rotates(talk: Talk) -> None:
    talk.headers = {**AGENT, "authorization": "Bearer a", "chatgpt-account-id": "account-1"}
    talk.turn("cold")
    talk.headers = {"authorization": "Bearer b", "chatgpt-account-id": "account-2", "session-id": "session-2"}
    changes = ["account_changed", "prompt_cache_key_changed", "session_changed"]
    talk.turn("account_changed", changes, reads=NOTHING)
    talk.turn("hit")


@labelled("an account switched back and forth", "router-for-me/CLIProxyAPI#3884")
def account_toggles(talk: Talk) -> None:
    for number in range(4):
        talk.headers |= {"chatgpt-account-id": f"account-{number % 2}"}
        talk.turn("account_changed" if number else "cold", ["account_changed"] if number else [], reads=NOTHING)


@labelled("the model is switched", "openai/codex#35925")
def model_switched(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("hit")
    talk.members["model"] = "gpt-5.6-sol"
    talk.turn("model_changed", ["model_changed"], reads=NOTHING, said="gpt-5.5 to gpt-5.6-sol")
    talk.turn("hit")


@labelled("a key at random for each request", "vectorize-io/hindsight#2390", headers=KEYED, paths=HTTP)
def random_key(talk: Talk) -> None:
    for number in range(3):
        talk.members["prompt_cache_key"] = f"key-{number}"
        changes = ["prompt_cache_key_changed", "session_changed"] if number else []
        talk.turn("prompt_cache_key_changed" if number else "cold", changes, reads=NOTHING)


@labelled("the same client held to its first key", "vectorize-io/hindsight#2390", headers=KEYED, mode="pin", paths=HTTP)
def pinned_key(talk: Talk) -> None:
    for number in range(3):
        talk.members["prompt_cache_key"] = f"key-{number}"
        talk.turn("hit" if number else "cold")


@labelled("the official client's key changes, its session does not", "openai/codex#33035", headers=dict(NATIVE))
def native_key(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "thread-1"
    for number in range(4):
        talk.turn("hit" if number else "cold")
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("prompt_cache_key_changed", ["prompt_cache_key_changed"], reads=FLOOR)


@labelled("a key appears in the middle", "BerriAI/litellm#37630", mode="observe")
def key_appears(talk: Talk) -> None:
    talk.turn("cold")
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("prompt_cache_key_changed", ["prompt_cache_key_changed"], reads=NOTHING, said="had no prompt_cache_key")
    del talk.members["prompt_cache_key"]
    talk.turn("prompt_cache_key_changed", ["prompt_cache_key_changed"], reads=NOTHING, said="without")


@labelled("a session at random for each request", "BerriAI/litellm#42014", mode="observe", paths=HTTP)
def random_session(talk: Talk) -> None:
    for number in range(3):
        talk.headers["session-id"] = f"session-{number}"
        talk.turn("session_changed" if number else "cold", ["session_changed"] if number else [], reads=NOTHING)


@labelled("a session at random, made one by the addon", "BerriAI/litellm#42014", paths=HTTP)
def healed_session(talk: Talk) -> None:
    for number in range(3):
        talk.headers["session-id"] = f"session-{number}"
        talk.turn("hit" if number else "cold")


@labelled("an id that rotates when history is compacted", "NousResearch/hermes-agent#86733", headers=dict(NATIVE))
def session_rotates(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "scope-1"
    for number in range(4):
        talk.turn("hit" if number else "cold")
    talk.headers |= {"session-id": "session-2"}
    talk.turn("session_changed", ["session_changed"], reads=FLOOR)


@labelled("a fork with an identity of its own", "openai/codex#44716", headers=dict(NATIVE))
def fork(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("cold")
    talk.turn("hit")
    talk.members["prompt_cache_key"] = "session-2"
    talk.headers |= {"session-id": "session-2", "thread-id": "session-2"}
    talk.turn("prompt_cache_key_changed", ["prompt_cache_key_changed", "session_changed"], reads=NOTHING)
    talk.turn("hit")


@labelled("a fork that keeps its parent's session and key", "openai/codex#44862", headers=dict(NATIVE))
def warm_fork(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("cold")
    talk.turn("hit")
    talk.headers |= {"thread-id": "thread-2"}
    talk.turn("hit")


@labelled("the service tier is switched", "openai/codex#15099")
def tier_switched(talk: Talk) -> None:
    talk.turn("cold")
    talk.members["service_tier"] = "priority"
    talk.turn("service_tier_changed", ["service_tier_changed"], reads=NOTHING, said="unset to priority")
    talk.turn("hit")


@labelled("no session header at all", "openclaw/openclaw#100232", headers=KEYED, mode="observe", paths=HTTP)
def session_absent(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "key-1"
    talk.turn("cold")
    talk.turn("hit", ["session_missing"])
    talk.turn("session_missing", ["session_missing"], reads=NOTHING)


@labelled("a session header that is no longer sent", "NousResearch/hermes-agent#47335", mode="observe", paths=HTTP)
def session_lost(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "key-1"
    talk.turn("cold")
    talk.turn("hit")
    del talk.headers["session-id"]
    talk.turn("session_missing", ["session_missing"], reads=NOTHING)


@labelled(
    "only a renamed header", "qxcnm/Codex-Manager#343", headers=KEYED | {"x-session-id": "session-1"}, mode="observe"
)
def session_renamed(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("session_missing", ["session_missing"], reads=NOTHING)


@labelled("a handshake without a session header", "openai/codex#44716", headers=KEYED, paths=WEBSOCKET)
def socket_without_session(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "key-1"
    talk.turn("cold")
    talk.turn("hit", ["session_missing"])
    talk.socket = "socket-2"
    talk.turn("session_missing", ["session_missing"], reads=NOTHING)


@labelled("no session on the predecessor's own socket, but other tools", "agentjido/req_llm#736", paths=WEBSOCKET)
def socket_with_other_tools(talk: Talk) -> None:
    talk.headers = dict(KEYED)
    talk.turn("cold")
    talk.tools.pop()
    talk.turn("tools_changed", ["session_missing", "tools_changed"], reads=NOTHING)


@labelled("WebSocket falls back to HTTP", "earendil-works/pi#8125", paths=WEBSOCKET, headers=dict(NATIVE))
def falls_back(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("cold")
    talk.turn("hit")
    talk.turn("transport_changed", ["transport_changed"], transport="http", reads=NOTHING, said="over HTTP")
    talk.turn("hit", transport="http")
    talk.turn("transport_changed", ["transport_changed"], socket="socket-2", reads=NOTHING, said="a WebSocket")


@labelled("a socket is lost and opened anew", "Soju06/codex-lb#395", paths=WEBSOCKET, headers=dict(NATIVE))
def socket_lost(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("cold")
    talk.turn("no_usage", lost=True, replies=[])
    talk.turn(
        "transport_changed", ["transport_changed"], say="", reads=NOTHING, predecessor=1, said="another WebSocket"
    )
    talk.turn("hit")


@labelled("a socket for each request", "icebear0828/codex-proxy#440", paths=WEBSOCKET)
def socket_per_request(talk: Talk) -> None:
    for number in range(4):
        talk.socket = f"socket-{number}"
        reads = NOTHING if number == 2 else "all"
        verdict = "transport_changed" if number == 2 else "hit" if number else "cold"
        talk.turn(verdict, ["transport_changed"] if number else [], reads=reads)


@labelled("the account is routed to another host", "openai/codex")
def host_changed(talk: Talk) -> None:
    talk.turn("cold")
    talk.host = "gov.chatgpt.com"
    talk.turn("transport_changed", ["transport_changed"], reads=NOTHING, said="another ")


@labelled(
    "the backend puts a key of its own in place", "fawney19/Aether#682", mode="observe", headers=KEYED, paths=HTTP
)
def key_replaced_without_session(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "key-1"
    talk.turn("cold", echoed_key="0b0e")
    talk.turn("session_missing", ["session_missing", "key_replaced"], echoed_key="1c1f", reads=NOTHING)


@labelled("the backend does not honour a key although there is a session", "Datus-ai/Datus-agent#918")
def key_replaced(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.turn("cold", echoed_key="session-1")
    talk.turn("hit", echoed_key="session-1")
    talk.turn("key_replaced", ["key_replaced"], echoed_key="a3c1", reads=NOTHING)
    talk.turn("hit", ["key_replaced"], echoed_key="f00d")


@labelled("the backend names a key where none was sent", "Datus-ai/Datus-agent#918", mode="observe")
def key_named(talk: Talk) -> None:
    talk.turn("cold", echoed_key="a")
    talk.turn("upstream", echoed_key="b", reads=NOTHING)


@labelled("identity comes before the prompt", "lidge-jun/opencodex#5178", headers=dict(NATIVE))
def identity_first(talk: Talk) -> None:
    talk.members |= {"prompt_cache_key": "session-1"}
    talk.headers |= {"chatgpt-account-id": "account-1"}
    talk.turn("cold")
    talk.tools.pop()
    talk.instructions = text("You are someone else.", 8000)
    talk.members["service_tier"] = "priority"
    prompt = ["tools_changed", "instructions_changed"]
    talk.turn("service_tier_changed", ["service_tier_changed", *prompt], reads=NOTHING)
    talk.tools.pop()
    talk.headers["session-id"] = "session-2"
    talk.members["service_tier"] = "default"
    talk.turn("session_changed", ["session_changed", "service_tier_changed", "tools_changed"], reads=NOTHING)
    talk.members["prompt_cache_key"] = "session-2"
    talk.headers["session-id"] = "session-3"
    talk.turn("prompt_cache_key_changed", ["prompt_cache_key_changed", "session_changed"], reads=NOTHING)
    talk.members |= {"model": "gpt-5.6-sol", "prompt_cache_key": "session-4"}
    talk.turn("model_changed", ["model_changed", "prompt_cache_key_changed"], reads=NOTHING)
    talk.members["model"] = "gpt-5.5"
    talk.headers["chatgpt-account-id"] = "account-2"
    talk.items[0] = user("The first question, edited.")
    talk.turn("account_changed", ["account_changed", "model_changed", "input_changed"], reads=NOTHING)


TALKS = tuple(talk for talk in list(globals().values()) if isinstance(talk, Talk))
