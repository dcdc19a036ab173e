#!/bin/sh
# Makes what a checkout needs, each from its lock file: .venv (with the `stori` command), .venv-emulator and
# web/node_modules.
# What is there already, from the same lock, costs nothing. `--dev` adds what only `make check` needs.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'set-up      │ %s\n' "$1"; }
fail() { printf 'make: %s\n' "$1" >&2; exit 1; }

# The lock something was installed from is kept beside it.
is_current() { cmp -s "$1" "$2" 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found; on Debian or Ubuntu: apt install python3 python3-venv"
}

install_uv() {
    is_current local/requirements-uv.lock .venv/uv/installed.lock && return
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments; install the package for it: apt install python$version-venv"
    say "uv, with Python $version"
    rm -rf .venv/uv
    "$python" -m venv .venv/uv
    .venv/uv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement local/requirements-uv.lock
    cp local/requirements-uv.lock .venv/uv/installed.lock
}

# Makes the environment $1 hold exactly what the lock $2 lists.
sync_environment() {
    is_current "$2" "$1/installed.lock" && [ -x "$1/bin/python" ] && return
    say "$1"
    install_uv
    [ -x "$1/bin/python" ] || .venv/uv/bin/python -m venv --without-pip "$1"
    .venv/uv/bin/uv pip sync --quiet --require-hashes --python "$1/bin/python" "$2"
    cp "$2" "$1/installed.lock"
}

use_node() {
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if [ "$major" -lt 20 ] || ! command -v npm >/dev/null 2>&1; then
        sync_environment .venv/node local/requirements-node.lock
        PATH=$PWD/.venv/node/bin:$PATH
    fi
}

# $1 is the stamp of what was asked for, the rest are npm's options for it.
install_web() {
    is_current web/package-lock.json "web/node_modules/$1" && return
    say "web/node_modules"
    use_node
    stamp=$1
    shift
    (cd web && npm ci --loglevel=error "$@" >&2)
    cp web/package-lock.json web/node_modules/installed.lock
    cp web/package-lock.json "web/node_modules/$stamp"
}

sync_environment .venv requirements-dev.lock
# The `stori` command finds its checkout by where the link points.
ln -sf ../../cli/stori .venv/bin/stori
sync_environment .venv-emulator local/requirements-emulator.lock
if [ "${1:-}" = --dev ]; then
    install_web installed-dev.lock
else
    install_web installed.lock --omit=dev
fi
