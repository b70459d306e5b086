"""OpenTelemetry: each finished turn as a span and metrics.

| module       | what it holds                                                        |
|--------------|----------------------------------------------------------------------|
| `attributes` | the attributes and instruments of a turn                             |
| `exporter`   | the SDK that exports them; an outage of the collector is logged once |
| `otel`       | the option `codex_otel`                                              |
"""
