#!/bin/sh
# Print a Python that can make .venv, or one line that says what is missing. Another one: PYTHON=/path/to/python3
set -eu

probe='
import sys
if sys.version_info >= (3, 11):
    try:
        import ensurepip, venv
        print("ready")
    except ImportError:
        print("python%d.%d-venv" % sys.version_info[:2])
'
package=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    answer=$("$candidate" -c "$probe" 2>/dev/null) || continue
    case $answer in
        ready) command -v "$candidate" && exit 0 ;;
        *-venv) package=${package:-$answer} ;;
    esac
done

if [ -n "$package" ]; then
    echo "error: ${package%-venv} has no venv module; on Debian and Ubuntu: sudo apt-get install $package" >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "error: PYTHON=$PYTHON is not a Python 3.11 or newer: give the full path of one" >&2
else
    echo "error: there is no Python 3.11 or newer on PATH: install one, or name one: PYTHON=/path/to/python3" >&2
fi
exit 1
