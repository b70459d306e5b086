"""Transparent mode: a client that knows of no proxy, in a network namespace whose only way out is the gateway.

`show` starts this file as a program in a namespace of its own, and that one makes the client's.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from codex_demo.proxies import ADDON, deaf_to_ctrl_c, mitmdump
from embedded_backend import Backend

from codex_ways import namespaces, talk
from codex_ways.client import Door
from codex_ways.evidence import NotShown, judged
from codex_ways.namespaces import Forbidden
from codex_ways.ways import PATH

_SCRIPTS = Path(__file__).parents[1]
_LONGEST = 60  # seconds
_FORBIDDEN = 3  # the exit status of a gateway that could not be made


async def show(home: Path) -> str:
    """Shows the way in with its files in a folder, and returns what was seen; raises NotShown or Forbidden."""
    if lack := namespaces.missing():
        raise Forbidden(lack)
    status, out, err = await _run([*namespaces.unshared(), *_python("transparent"), str(home)])
    if status == _FORBIDDEN or (status and err.startswith("unshare: ")):
        raise Forbidden(f"the kernel forbids it: {err}")
    if status:
        raise NotShown(err)
    return out


async def _as_gateway(home: Path) -> str:
    """Stands between a client and the backend, until it has shown it or is terminated."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with namespaces.client_behind_gateway() as inside, Backend(home=home / "backend") as backend:
        arguments = ("-s", str(ADDON), "--mode", "transparent")
        async with mitmdump(backend, home / "proxy", *arguments, host=namespaces.GATEWAY) as proxy:
            await namespaces.lead(proxy.port, backend.port)
            door = Door(url=f"https://chatgpt.com{PATH}", ca_file=str(proxy.ca_file), address=namespaces.BACKEND)
            client = [*inside, *_python("talk"), "transparent", talk.door_to_line(door)]
            status, out, err = await _run(client)
        if status:
            raise NotShown(err)
        return judged(talk.from_line(out.encode()), backend.received)


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", f"codex_ways.{module}"]


async def _run(command: list[str]) -> tuple[int, str, str]:
    """Runs a command and returns its status and what it wrote; ends it where this is cancelled."""
    environment = namespaces.environment() | {"PYTHONPATH": str(_SCRIPTS)}
    with deaf_to_ctrl_c():
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment
        )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _LONGEST)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()  # or its pipes would outlive the event loop
    assert process.returncode is not None
    return process.returncode, out.decode().strip(), err.decode(errors="replace").strip()


def main(argv: list[str]) -> int:
    """Shows it from within the namespace; exit status 0 if it was shown, 1 if not, 3 if this machine forbids it."""
    try:
        print(asyncio.run(_as_gateway(Path(argv[0]))))
    except Forbidden as reason:
        print(reason, file=sys.stderr)
        return _FORBIDDEN
    except NotShown as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
