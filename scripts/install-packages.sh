#!/bin/sh
# Installs the Debian packages that are missing, and nothing where none is: with sudo unless it runs as root.
#
#   scripts/install-packages.sh            what building and the demo need
#   scripts/install-packages.sh --tests    also what the tests need
set -eu

packages='ca-certificates git libevent-dev libmimalloc-dev libsqlite3-dev libcurl4-openssl-dev libssl-dev'
[ "${1:-}" != --tests ] || packages="$packages busybox chromium curl default-jdk-headless golang-go haproxy libnginx-mod-nchan nginx nodejs procps python3 python3-venv wrk"

missing=
for package in $packages; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = 'install ok installed' ] || missing="$missing $package"
done
if [ "$missing" ]; then
    echo "Installing:$missing"
    root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "Not root and no sudo: as root, run: apt-get install$missing" >&2; exit 1; }
        root=sudo
    fi
    $root apt-get update -q
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends $missing
fi

command -v swift >/dev/null || { echo 'No swift in PATH: Swift 6.3 is needed (https://www.swift.org/install/linux).' >&2; exit 1; }
