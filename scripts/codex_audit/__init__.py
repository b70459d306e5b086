"""Asks whether a vulnerability is known of what is locked.

| room      | what it knows                                       |
|-----------|-----------------------------------------------------|
| `asking`  | pip-audit, and the databases that it can ask        |
| `judging` | what the answers come to, with what is allowed      |
"""
