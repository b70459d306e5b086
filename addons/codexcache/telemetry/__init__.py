"""OpenTelemetry: each finished turn, exported.

| room         | what it knows                        |
|--------------|--------------------------------------|
| `otlp`       | the SDK that exports it              |
| `outage`     | an exporter that fails, said once    |
| `otel`       | the option `codex_otel`              |
| `vocabulary` | a turn in the words of OpenTelemetry |
"""
