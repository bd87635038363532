#!/usr/bin/env bash
# Build the image twice from nothing and compare: `make image-twice`.
#
#   twice.sh ARCH
#
# Each build unpacks Debian's packages anew; only the tools, which leave no trace in the results, are shared.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/offhook-twice.XXXXXX")
trap 'rm -rf "$scratch" 2>/dev/null || sudo rm -rf "$scratch"' EXIT

mkdir -p "$scratch/first-cache" "$scratch/second-cache"
for build in first second; do
    echo "== $build build"
    OFFHOOK_CACHE=$scratch/$build-cache PYTHONPATH=deploy/image \
        "${PYTHON:-python3}" -m builder image --arch "$arch" --out "$scratch/$build"
    (cd "$scratch/$build" && sha256sum offhook[-_]* >../"$build.sums")
    [ $build = second ] || mv "$scratch"/first-cache/toolbox-* "$scratch/second-cache/"
done
if ! diff -u "$scratch/first.sums" "$scratch/second.sums"; then
    echo "The builds differ." >&2
    exit 1
fi
echo "Two builds, the same bits:"
cat "$scratch/first.sums"
