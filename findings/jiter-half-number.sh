#!/bin/sh
# jiter 0.19.0: of unfinished JSON a half string is left out, but a half number is returned as if it were whole.
#
# Programs that show a model's tool call while it is being written parse what has come so far with `partial_mode`, as
# pydantic_core's `allow_partial` does. By default a string that is not finished is left out, so a good guess is that every
# value that is returned is final. Seen instead: a number is returned from its first digit on. `{"amount": 12` gives 12,
# though 1250 was meant; and the half number is in a result that lacks the half string, so nothing tells it apart. A
# program that acts on an argument as soon as it is there acts on 1, then 12, then 125.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install jiter==0.19.0 pydantic_core==2.50.5
cat >"$folder/seen.py" <<'PYTHON'
import importlib.metadata

import jiter
import pydantic_core

WHOLE = b'{"amount": 1250, "to": "ada"}'

print("jiter", importlib.metadata.version("jiter"), "pydantic_core", importlib.metadata.version("pydantic_core"))
found = []
for end in range(len(WHOLE) + 1):
    piece = WHOLE[:end]
    value = jiter.from_json(piece, partial_mode=True) if piece else {}
    assert not piece or value == pydantic_core.from_json(piece, allow_partial=True), "This has changed."
    if value not in found:
        found.append(value)
        print("%-30s %r" % (piece.decode(), value))
assert found == [
    {}, {"amount": 1}, {"amount": 12}, {"amount": 125}, {"amount": 1250}, {"amount": 1250, "to": "ada"},
], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
