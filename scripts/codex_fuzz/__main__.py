"""Fuzzes: exit status 0 if nothing was found, 1 with a sentence where something was, 130 if it was interrupted."""

import sys

from codex_fuzz import guided, pace, patient
from codex_fuzz.arguments import Request, parse
from codex_fuzz.findings import failure, how_to_repeat, target_of


def main() -> int:
    """Does what was asked for."""
    request = parse()
    try:
        if request.repeat:
            return _repeat(request)
        return pace.show() if request.time else _fuzz(request)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"scripts/fuzz: {error}", file=sys.stderr)
        return 1


def _fuzz(request: Request) -> int:
    engine = guided if guided.is_installed() and not request.patient else patient
    if not guided.is_installed():
        print(guided.HOW_TO_INSTALL)
    failed = False
    for each in request.targets:
        print(f"{each.name:<18} {request.seconds:>4} s ... ", end="", flush=True)
        found = engine.run(each, request.seconds)
        print("nothing found" if not found else f"{len(found)} found", flush=True)
        for path in sorted(found):
            print(failure(each, path.read_bytes()) or "It takes too long, or too much memory.")
            print(how_to_repeat(path))
        failed = failed or bool(found)
    return int(failed)


def _repeat(request: Request) -> int:
    assert request.repeat is not None
    each = target_of(request.repeat)
    said = failure(each, request.repeat.read_bytes())
    print(said or f"{each.name}: {each.promise} It holds.")
    return int(said is not None)


if __name__ == "__main__":
    sys.exit(main())
