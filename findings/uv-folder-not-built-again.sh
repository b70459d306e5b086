#!/bin/sh
# uv 0.13.9: `uvx --from FOLDER` runs what it built before the folder's code changed, with --refresh as well.
#
# `uvx --from ./project command` runs a command of a checkout. A good guess is that after a pull it runs the new code, or
# that `--refresh`, which is said to refresh all cached data, makes it do so. Seen instead: both run what was built the
# first time. Whether a folder has changed is judged by its pyproject.toml, and by a few other files that are no code;
# the environment of a tool that was run is kept on top. With `cache-keys` in pyproject.toml that name the code, the
# new code runs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install uv==0.13.9
export UV_CACHE_DIR="$folder/cache" UV_PYTHON="$folder/venv/bin/python" UV_PYTHON_DOWNLOADS=never
mkdir -p "$folder/project/src/greeting"
cat >"$folder/project/pyproject.toml" <<'TOML'
[build-system]
requires = ["hatchling==1.27.0"]
build-backend = "hatchling.build"
[project]
name = "greeting"
version = "1"
[project.scripts]
greeting = "greeting:main"
TOML

says() { echo "def main(): print('$1')" >"$folder/project/src/greeting/__init__.py"; }
run() { "$folder/venv/bin/uvx" --quiet "$@" --from "$folder/project" greeting; }

says first
first=$(run)
says second
second=$(run)
refreshed=$(run --refresh)
printf '[tool.uv]\ncache-keys = [{ file = "pyproject.toml" }, { file = "src/**/*.py" }]\n' >>"$folder/project/pyproject.toml"
keyed=$(run)
says third
third=$(run)
"$folder/venv/bin/uv" --version | cut -d ' ' -f 1,2
echo "code says first: $first; second: $second; second, with --refresh: $refreshed"
echo "with cache-keys, code says second: $keyed; third: $third"
if [ "$first $second $refreshed $keyed $third" != "first first first second third" ]; then
    echo "This has changed."
    exit 1
fi
