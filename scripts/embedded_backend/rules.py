"""What the embedded backend takes and how it behaves, as data that a test can replace field by field."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A top-level member of a body that is refused when it is present, whatever its value but those in `takes`."""

    member: str
    detail: str = "Unsupported parameter: {member}"
    takes: tuple[object, ...] = ()
    http: bool = True
    websocket: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """A top-level member that must have one value; a WebSocket frame may leave it out."""

    member: str
    value: object
    detail: str


_UNSUPPORTED = (
    "prompt_cache_retention",  # as stream_options, see below
    "prompt_cache_options",  # Wei-Shaw/claude-relay-service#1270, tried with and without
    "max_output_tokens",  # mangowhoiscloud/geode#818, justrach/codegraff#247
    *("temperature", "top_p"),  # pydantic/pydantic-ai#6433, tried live
    # askalf/dario#1009 and pydantic/pydantic-ai#7769.
    *("presence_penalty", "frequency_penalty", "seed", "top_logprobs", "metadata", "user", "truncation"),
    "safety_identifier",  # diegosouzapw/OmniRoute#1884
    "context_management",  # BerriAI/litellm#21209, one report
    "stream_id",  # router-for-me/CLIProxyAPI#5561, one report
)

# The order is this table's own: which member the real backend names first when there are several is not known.
REFUSED: tuple[Refused, ...] = (
    # Public clients stumble over it: router-for-me/CLIProxyAPI#2347 and lidge-jun/opencodex#2092.
    Refused(member="stream_options", takes=({"reasoning_summary_delivery": "sequential_cutoff"},)),
    *[Refused(member=name) for name in _UNSUPPORTED],
    # Lawful on a WebSocket, where the connection remembers: agentjido/req_llm#736.
    Refused(member="previous_response_id", websocket=False),
    Refused(member="generate", websocket=False),
    # openai/codex#15099: judged by its value.
    Refused(member="service_tier", detail="Unsupported service_tier: {value}", takes=("priority", "default", None)),
)

REQUIRED = (
    Required(member="store", value=False, detail="Store must be set to false"),
    Required(member="stream", value=True, detail="Stream must be set to true"),
)

# The unary compaction has a schema of its own; the newest client that calls it (0.130) sends these members.
COMPACT_MEMBERS = frozenset(
    (
        *("access_programs", "input", "instructions", "model", "parallel_tool_calls"),
        *("prompt_cache_key", "reasoning", "service_tier", "text", "tools"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The backend's behaviour; every default is what an ordinary day looks like."""

    # The prompt cache.
    servers: int = 8  # cache servers that a turn can be taken to; how many there are is not known
    idle_seconds: float = 300.0  # misses are reported after about 5 minutes: earendil-works/pi#8463
    session_headers: tuple[str, ...] = ("session-id", "session_id")  # which headers route, the first present wins
    key_partitions: bool = False  # True: under one session header, another prompt cache key starts cold

    # What is taken.
    refused: tuple[Refused, ...] = REFUSED
    compact_members: frozenset[str] = COMPACT_MEMBERS  # an old one: COMPACT_MEMBERS - {"prompt_cache_key"}
    key_limit: int = 64  # characters of a prompt cache key or a session header

    # How an answer comes.
    deltas: int = 3  # text events of a plain answer
    upgrade_status: int | None = None  # the status that refuses each WebSocket upgrade, such as 426 or 403
