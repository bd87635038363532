#!/bin/sh
# What runs after every package, and slowly under emulation, is put off: the builder does it once at the end.
set -eu
while read -r program; do
    mkdir -p "$1$(dirname "$program")"
    chroot "$1" dpkg-divert --quiet --local --rename --divert "$program.real" --add "$program"
    ln -s /bin/true "$1$program"
done <"$(dirname "$0")/slow.list"
