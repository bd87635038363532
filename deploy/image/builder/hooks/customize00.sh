#!/bin/sh
# The programs that essential00.sh put off come back.
set -eu
while read -r program; do
    rm "$1$program"
    chroot "$1" dpkg-divert --quiet --local --rename --remove "$program"
done <"$(dirname "$0")/slow.list"
