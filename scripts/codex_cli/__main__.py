"""What the scripts of a checkout start: `python -I scripts/codex_cli COMMAND`."""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # its own modules could hide others

sys.exit(importlib.import_module("codex_cli").main())
