"""The names of the counters in the journal: those of OpenTelemetry's GenAI conventions."""

INPUT, CACHED = "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
COUNTERS = (INPUT, CACHED, OUTPUT)
