#!/bin/sh
# Makes the virtual environment at $1 with $PYTHON (default: python3), which must be 3.11 or newer.
# Debian ships Python without the module that does it: that is installed when we may, or asked for by name.
set -eu

venv=$1
python=${PYTHON:-python3}

# Called for the one and for the other: the second time there is nothing to do.
if [ -x "$venv/bin/python" ] && [ -x "$venv/bin/pip" ]; then exit 0; fi

say() { echo "make_venv: $*" >&2; }

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

if ! is_recent "$python"; then
    for other in python3.14 python3.13 python3.12 python3.11; do
        if is_recent "$other"; then
            python=$other
            break
        fi
    done
    is_recent "$python" || { say "Kehu needs Python 3.11 or newer, as python3 or named by make PYTHON=…"; exit 1; }
fi

if ! can_make_venv; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ]; then root=; elif command -v sudo >/dev/null; then root=sudo; else root=none; fi
    if [ "$root" != none ] && command -v apt-get >/dev/null; then
        say "installing python3-venv"
        $root apt-get update -qq || true
        # The distribution's own Python needs the first, another version beside it the second.
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv || true
        can_make_venv || $root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "python$version-venv" || true
    fi
    if ! can_make_venv; then
        say "this Python cannot make virtual environments. Install its module (Debian, Ubuntu: as root,"
        say "apt-get install python3-venv), then try again."
        exit 1
    fi
fi

# --clear: what is left of an attempt that was interrupted must not stay.
"$python" -m venv --clear "$venv"
