"""Makes a virtual environment without pip: the arguments are what to install into it, and its folder."""

import subprocess
import sys
import venv


def main(*arguments: str) -> int:
    """Return the status of pip, which is this Python's."""
    *requirements, folder = arguments
    venv.create(folder)
    pip = (sys.executable, "-m", "pip", "--python", f"{folder}/bin/python", "install", "-qq")
    return subprocess.run([*pip, *requirements]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
