"""Misses by identity, routing and transport: the turn did not get to what was cached."""

from corpus.talk import AGENT, HTTP, KEYED, NATIVE, NOTHING, OFFICIAL, WEBSOCKET, Case, labelled
from corpus.texts import text, user


@labelled("the account rotates, the whole history stands again", "Soju06/codex-lb#2234")
def account_rotates(case: Case) -> None:
    case.headers |= {"chatgpt-account-id": "account-1"}
    case.grow(2)
    case.headers |= {"chatgpt-account-id": "account-2"}
    case.miss("account_changed")
    case.turn("hit")


@labelled("another user extends a conversation, with a session of his own", "Soju06/codex-lb#2234")
def user_rotates(case: Case) -> None:
    case.headers = {**AGENT, "authorization": "Bearer a", "chatgpt-account-id": "account-1"}
    case.turn("cold")
    case.headers = {"authorization": "Bearer b", "chatgpt-account-id": "account-2", "session-id": "session-2"}
    case.miss("account_changed", "prompt_cache_key_changed", "session_changed")
    case.turn("hit")


@labelled("an account switched back and forth", "router-for-me/CLIProxyAPI#3884")
def account_toggles(case: Case) -> None:
    for number in range(4):
        case.headers |= {"chatgpt-account-id": f"account-{number % 2}"}
        case.miss("account_changed") if number else case.turn("cold")


@labelled("the model is switched", "openai/codex#35925", turns=2)
def model_switched(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.miss("model_changed", said="gpt-5.5 to gpt-5.6-sol")
    case.turn("hit")


@labelled("a key at random for each request", "vectorize-io/hindsight#2390", headers=KEYED, paths=HTTP)
def random_key(case: Case) -> None:
    for number in range(3):
        case.members["prompt_cache_key"] = f"key-{number}"
        case.miss("prompt_cache_key_changed", "session_changed") if number else case.turn("cold")


@labelled("the same client held to its first key", "vectorize-io/hindsight#2390", headers=KEYED, mode="pin", paths=HTTP)
def pinned_key(case: Case) -> None:
    for number in range(3):
        case.members["prompt_cache_key"] = f"key-{number}"
        case.turn("hit" if number else "cold")


@labelled("the official client's key changes, its session does not", "openai/codex#33035", headers=NATIVE)
def native_key(case: Case) -> None:
    case.members["prompt_cache_key"] = "thread-1"
    case.grow(4)
    case.members["prompt_cache_key"] = "session-1"
    case.miss("prompt_cache_key_changed", reads=case.before(0))


@labelled("a key appears in the middle", "BerriAI/litellm#37630", mode="observe", turns=1)
def key_appears(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1"
    case.miss("prompt_cache_key_changed", said="had no prompt_cache_key")
    del case.members["prompt_cache_key"]
    case.miss("prompt_cache_key_changed", said="without")


@labelled("a session at random for each request", "BerriAI/litellm#42014", mode="observe", paths=HTTP)
def random_session(case: Case) -> None:
    for number in range(3):
        case.headers["session-id"] = f"session-{number}"
        case.miss("session_changed") if number else case.turn("cold")


@labelled("a session at random, made one by the addon", "BerriAI/litellm#42014", paths=HTTP)
def healed_session(case: Case) -> None:
    for number in range(3):
        case.headers["session-id"] = f"session-{number}"
        case.turn("hit" if number else "cold")


@labelled("an id that rotates when history is compacted", "NousResearch/hermes-agent#86733", headers=NATIVE)
def session_rotates(case: Case) -> None:
    case.members["prompt_cache_key"] = "scope-1"
    case.grow(4)
    case.headers |= {"session-id": "session-2"}
    case.miss("session_changed", reads=case.before(0))


@labelled("a fork with an identity of its own", "openai/codex#44716", **OFFICIAL, turns=2)
def fork(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-2"
    case.headers |= {"session-id": "session-2", "thread-id": "session-2"}
    case.miss("prompt_cache_key_changed", "session_changed", blame="expected", unsaid="pin")
    case.turn("hit")


@labelled("a fork that keeps its parent's session and key", "openai/codex#44862", **OFFICIAL, turns=2)
def warm_fork(case: Case) -> None:
    case.headers |= {"thread-id": "thread-2"}
    case.turn("hit")


@labelled("the service tier is switched", "openai/codex#15099", turns=1)
def tier_switched(case: Case) -> None:
    case.members["service_tier"] = "priority"
    case.miss("service_tier_changed", said="unset to priority")
    case.turn("hit")


@labelled("no session header at all", "openclaw/openclaw#100232", headers=KEYED, mode="observe", paths=HTTP)
def session_absent(case: Case) -> None:
    case.members["prompt_cache_key"] = "key-1"
    case.turn("cold")
    case.turn("hit", ["session_missing"])
    case.turn("upstream", ["session_missing"], reads=NOTHING)


@labelled("a session header that is no longer sent", "NousResearch/hermes-agent#47335", mode="observe", paths=HTTP)
def session_lost(case: Case) -> None:
    case.members["prompt_cache_key"] = "key-1"
    case.grow(2)
    del case.headers["session-id"]
    case.miss("session_missing")


@labelled(
    "only a renamed header",
    "qxcnm/Codex-Manager#343",
    headers=KEYED | {"x-session-id": "session-1"},
    mode="observe",
    turns=1,
)
def session_renamed(case: Case) -> None:
    case.miss("session_missing")


@labelled("a handshake without a session header", "openai/codex#44716", headers=KEYED, paths=WEBSOCKET)
def socket_without_session(case: Case) -> None:
    case.members["prompt_cache_key"] = "key-1"
    case.turn("cold")
    case.turn("hit", ["session_missing"])
    case.socket = "socket-2"
    case.turn("transport_changed", ["session_missing"], reads=NOTHING)


@labelled("no session on the predecessor's own socket, but other tools", "agentjido/req_llm#736", paths=WEBSOCKET)
def socket_with_other_tools(case: Case) -> None:
    case.headers = dict(KEYED)
    case.turn("cold")
    case.tools.pop()
    case.turn("tools_changed", ["session_missing", "tools_changed"], reads=NOTHING)


@labelled("WebSocket falls back to HTTP", "earendil-works/pi#8125", paths=WEBSOCKET, **OFFICIAL, turns=2)
def falls_back(case: Case) -> None:
    case.miss("transport_changed", transport="http", said="over HTTP")
    case.turn("hit", transport="http")
    case.miss("transport_changed", socket="socket-2", said="a WebSocket")


@labelled("a socket is lost and opened anew", "Soju06/codex-lb#395", paths=WEBSOCKET, **OFFICIAL, turns=1)
def socket_lost(case: Case) -> None:
    case.turn("no_usage", lost=True, replies=[])
    case.miss("transport_changed", say="", predecessor=1, said="another WebSocket")
    case.turn("hit")


@labelled("a socket for each request", "icebear0828/codex-proxy#440", paths=WEBSOCKET)
def socket_per_request(case: Case) -> None:
    for number in range(4):
        case.socket = f"socket-{number}"
        if number == 2:
            case.turn("upstream", ["transport_changed"], reads=NOTHING)
        else:
            case.turn("hit" if number else "cold", ["transport_changed"] if number else [])


@labelled("the account is routed to another host", "openai/codex", turns=1)
def host_changed(case: Case) -> None:
    case.host = "gov.chatgpt.com"
    case.miss("transport_changed", said="another ")


@labelled(
    "the backend puts a key of its own in place", "fawney19/Aether#682", mode="observe", headers=KEYED, paths=HTTP
)
def key_replaced_without_session(case: Case) -> None:
    case.members["prompt_cache_key"] = "key-1"
    case.turn("cold", echoed_key="0b0e")
    case.miss("session_missing", "key_replaced", echoed_key="1c1f")


@labelled("the backend does not honour a key although there is a session", "Datus-ai/Datus-agent#918", key="session-1")
def key_replaced(case: Case) -> None:
    case.turn("cold", echoed_key="session-1")
    case.turn("hit", echoed_key="session-1")
    case.miss("key_replaced", echoed_key="a3c1")
    case.turn("hit", ["key_replaced"], echoed_key="f00d")


@labelled("the backend names a key where none was sent", "Datus-ai/Datus-agent#918", mode="observe")
def key_named(case: Case) -> None:
    case.turn("cold", echoed_key="a")
    case.turn("upstream", echoed_key="b", reads=NOTHING)


@labelled("identity comes before the prompt", "lidge-jun/opencodex#5178", headers=NATIVE)
def identity_first(case: Case) -> None:
    case.members |= {"prompt_cache_key": "session-1"}
    case.headers |= {"chatgpt-account-id": "account-1"}
    case.turn("cold")
    case.tools.pop()
    case.instructions = text("You are someone else.", 8000)
    case.members["service_tier"] = "priority"
    case.miss("service_tier_changed", "tools_changed", "instructions_changed")
    case.tools.pop()
    case.headers["session-id"] = "session-2"
    case.members["service_tier"] = "default"
    case.miss("session_changed", "service_tier_changed", "tools_changed")
    case.members["prompt_cache_key"] = "session-2"
    case.headers["session-id"] = "session-3"
    case.miss("prompt_cache_key_changed", "session_changed")
    case.members |= {"model": "gpt-5.6-sol", "prompt_cache_key": "session-4"}
    case.miss("model_changed", "prompt_cache_key_changed")
    case.members["model"] = "gpt-5.5"
    case.headers["chatgpt-account-id"] = "account-2"
    case.items[0] = user("The first question, edited.")
    case.miss("account_changed", "model_changed", "input_changed")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
