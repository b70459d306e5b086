"""Runs a command behind the proxy: `scripts/run [OPTIONS] -- COMMAND ...`."""

import sys
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # its rooms could hide other modules
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from codex_run.launcher import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
