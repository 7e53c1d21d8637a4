#!/bin/sh
# Installs Debian's Chromium for the browser tests, where that can be done without asking; else says what to install.
set -eu

found() {
    for name in "${FYREN_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

if found; then
    exit 0
fi
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        echo "The browser tests need Chromium: sudo apt-get install chromium" >&2
        exit 1
    fi
    echo "Installing Chromium for the browser tests …"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null
    found && exit 0
fi
echo "The browser tests need Chromium. Install it (Debian: apt-get install chromium), or set FYREN_CHROMIUM to it." >&2
exit 1
