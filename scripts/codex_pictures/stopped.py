"""A script for mitmproxy: puts the pictures' clock in the place of the machine's."""

import os
import time
from pathlib import Path

from codex_pictures.clock import VARIABLE, Clock

_clock = Clock(Path(os.environ[VARIABLE]))
time.time = _clock.now
time.time_ns = lambda: round(_clock.now() * 1e9)
