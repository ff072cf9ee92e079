#!/bin/sh
# Make .venv ready: the pinned packages of envs/lock.txt and this project, editable. `make` calls this before everything;
# when nothing has changed it ends at once, else it leaves the work to install.py.
set -eu
cd "$(dirname "$0")/.."

# What an installation depends on: the pins, the project's own list, and the place (scripts name it).
key="$(cat envs/lock.txt pyproject.toml | cksum) $(pwd -P)"
if [ -x .venv/bin/python ] && [ "$(cat .venv/installed 2>/dev/null)" = "$key" ]; then
    exit 0
fi
python=$(envs/python.sh)
exec "$python" envs/install.py "$key"
