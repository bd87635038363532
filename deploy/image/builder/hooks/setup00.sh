#!/bin/sh
# Which packages come from another release.
set -eu
mkdir -p "$1/etc/apt/preferences.d"
cp "$(dirname "$0")/forky.pref" "$1/etc/apt/preferences.d/forky.pref"
