#!/bin/sh
# Installs what the tests need besides Python (tests/debian-packages.txt), where that can be done without asking; else
# says exactly what to install.
set -eu

list="$(dirname "$0")/debian-packages.txt"
packages=""

# Debian keeps the programs of the PostgreSQL server off the PATH.
PATH="$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)"

need() { # package, then the names of programs of which one is enough
    package="$1"
    shift
    for program in "$@"; do
        if [ -n "$program" ] && command -v "$program" >/dev/null 2>&1; then
            return 0
        fi
    done
    grep -q "^$package\b" "$list" || { echo "$package is not in $list" >&2; exit 1; }
    packages="$packages $package"
}

need_r_package() { # package, then what R calls it
    Rscript --vanilla -e "quit(status = !requireNamespace('$2', quietly = TRUE))" >/dev/null 2>&1 && return 0
    grep -q "^$1\b" "$list" || { echo "$1 is not in $list" >&2; exit 1; }
    packages="$packages $1"
}

missing() {
    packages=""
    need chromium "${FYREN_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable
    need default-jre-headless java
    need graphviz dot
    need postgresql initdb
    need r-base-core Rscript
    need_r_package r-cran-jsonlite jsonlite
    need redis-server redis-server valkey-server
    [ -n "$packages" ]
}

missing || exit 0
if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        as_root="sudo"
        sudo -n true 2>/dev/null || { echo "The tests need packages: sudo apt-get install$packages" >&2; exit 1; }
    fi
    echo "Installing$packages for the tests …"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # one word per package is meant
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    missing || exit 0
fi
echo "The tests need these programs:$packages (Debian's names). Install them, and for the browser you may set" \
    "FYREN_CHROMIUM to its path." >&2
exit 1
