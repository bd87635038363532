#!/usr/bin/env bash
# Install what is missing on this machine, and say so; what is there already costs nothing.
#
#   setup.sh packages LIST…    Debian packages named in the lists (apt; sudo only when not root)
#   setup.sh venv DIR EXTRAS   a virtual environment with the phone and its EXTRAS ("lab" or "lab,dev")
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PYTHON=${PYTHON:-python3}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

missing_packages() {
    local name
    grep -hv '^#' "$@" | while read -r name; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -q '^installed' || echo "$name"
    done
}

packages() {
    local names sudo=
    if ! command -v dpkg-query >/dev/null; then
        say "Not a Debian machine: install by hand what $* name, then go on."
        return
    fi
    names=$(missing_packages "$@" | tr '\n' ' ')
    [ -n "$names" ] || return 0
    [ "$(id -u)" = 0 ] || sudo=sudo
    say "Installing Debian packages${sudo:+ (asks for your password)}: $names"
    $sudo apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Progress-Fancy=0 $names |
        sed -nE 's/^Setting up ([^ ]+).*/  set up \1/p' >&2
}

check_python() {
    "$PYTHON" - <<'PY'
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"Python {sys.version.split()[0]} found; 3.11 to 3.13 needed. Name one: make PYTHON=python3.11 …")
PY
}

venv() {
    local dir=$1 extras=$2
    check_python
    [ -x "$dir/bin/python" ] || { say "Making the virtual environment"; "$PYTHON" -m venv "$dir"; }
    say "Installing Python packages ($extras)"
    # PYPI=1: lgpio, which has no wheel for Python 3.13, links its C library in (decisions/0006)
    PYPI=1 "$dir/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
        -c "$here/constraints.txt" -e "$root[$extras]" |
        sed -nE 's/^(Collecting|Building wheel for) ([^ ]+).*/  \2/p' >&2
}

case ${1:-} in
    packages) shift; packages "$@" ;;
    venv) venv "$2" "$3" ;;
    *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac
