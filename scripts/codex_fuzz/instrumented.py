"""One target under libFuzzer: python -m codex_fuzz.instrumented TARGET [libFuzzer's own options]."""

import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]


def main() -> None:
    """Fuzzes a target until libFuzzer ends the process."""
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["codexcache"]):
        from codex_fuzz.targets import target
    atheris.Setup([sys.argv[0], *options], target(name).check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
